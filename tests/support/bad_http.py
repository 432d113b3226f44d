"""Damaged and unusual HTTP requests as bytes; the same for the same seed.

Knows nothing about the backend except its paths. No header names a host that is asked for anything.
"""

import random
from collections.abc import Iterator

_METHODS = (
    "POST",
    "POST",
    "POST",
    "GET",
    "HEAD",
    "PUT",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "get",
    "X" * 40,
    "",
)
_PATHS = (
    *(
        "/predict",
        "/setup",
        "/webhook",
        "/health",
        "/metrics",
        "/ui",
        "/versions",
        "/openapi.json",
        "/nothing",
    ),
    *("//", "/predict/../setup", "/%00", "/%ff", "/\xe9", "/a\tb", "*", "http://other.example/predict"),
    *("/predict?" + "a" * 5000, "/" + "x" * 9000, "/ui/../../etc/passwd"),
)
_VERSIONS = (*("HTTP/1.1",) * 8, "HTTP/1.0", "HTTP/2.0", "HTTP/9", "http/1.1", "")
_HEADERS = (
    *("Host: a b", "Host:", "Content-Type: text/plain", "Content-Type: " + "a" * 3000),
    *("Content-Length: -1", "Content-Length: 99999999999", "Content-Length: x", "Content-Length: 1e3"),
    *("Transfer-Encoding: chunked", "Transfer-Encoding: gzip", "Transfer-Encoding: chunked, identity"),
    *("Content-Encoding: gzip", "Content-Type: multipart/form-data; boundary=", "Authorization: Basic !!!"),
    *("Authorization: Basic " + "A" * 4000, "Origin: null", "Origin: http://[", "Sec-Fetch-Site: \x01"),
    *("X-Request-ID: a\x0bb", "X-Request-ID: " + "z" * 2000, "X-Forwarded-Host: ,,,", "Expect: 100-continue"),
    *("Expect: nothing", "Upgrade: websocket", "Range: bytes=0-", " folded: x", "NoColon", "\xff\xfe: y"),
)
_BODIES = (
    *(b"", b"{}", b"\x00" * 100, b"5\r\n{}\r\n0\r\n\r\n", b"ffffffffffffffff\r\n", b"zz\r\n"),
    *(b'{"tasks":' + b"[" * 3000, b'{"tasks":[{"data":{"image":7}}]}', b"\x1f\x8b\x08" + bytes(20)),
    *(b'{"schema":"<View/>"}', b"{}" * 1000),
)


def bad_http(count: int, seed: int = 0) -> Iterator[bytes]:
    """Requests; about half of them are complete but for their unusual parts."""
    choice = random.Random(seed)
    for _ in range(count):
        yield _request(choice) if choice.random() < 0.95 else choice.randbytes(200)


def _request(choice: random.Random) -> bytes:
    body = choice.choice(_BODIES)
    headers = choice.sample(_HEADERS, choice.choice((0, 0, 1, 1, 2, 4)))
    if choice.random() < 0.7:
        headers = ["Host: x", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    first = f"{choice.choice(_METHODS)} {choice.choice(_PATHS)} {choice.choice(_VERSIONS)}"
    return "".join(f"{line}\r\n" for line in (first, *headers, "")).encode("latin-1") + body
