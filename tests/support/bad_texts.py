"""Invalid parts of requests as Hypothesis strategies: addresses, drawn regions, complete bodies.

Knows nothing about the backend's responses. No address leads to another machine: hosts are loopback, private
or invalid, and no name is resolved.
"""

import json
from typing import Any

from hypothesis import strategies as st

from label_studio_project import GUIDES_CONFIG

Json = Any

_TAGS = ("Image", "TextArea", "Rectangle", "RectangleLabels", "Polygon", "PolygonLabels", "Labels", "Label")
_OTHER_TAGS = ("View", "Repeater", "Style", "image", "TEXTAREA", "a", "ns:b", "Ünïcode")
_NAMES = ("name", "toName", "value", "valueList", "perRegion", "model_format", "alias", "NAME", "toname", "x")
_WORDS = (
    "image",
    "bbox",
    "label",
    "transcription",
    "$image",
    "$pages",
    "$",
    "",
    "Text",
    "true",
    "doclang",
    "a,image",
)

_HOSTILE_CONFIGS = (
    '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><View>&c;&c;&c;</View>',
    "<!DOCTYPE a ["
    + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    + "]><View>&l11;</View>",
    '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><View><Image name="&x;" value="$image"/></View>',
    '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><View/>',
    '<?xml version="1.0" encoding="UTF-16"?><View/>',
    '<?xml version="1.0" encoding="nonsense"?>' + GUIDES_CONFIG.strip(),
    "<a>" * 3_000 + "</a>" * 3_000,
    "<a>" * 10_000,
    "<View>" + '<Image name="i" value="$image"/>' * 3_000 + "</View>",
    "<View " + " ".join(f'a{n}="{n}"' for n in range(3_000)) + "/>",
    f'<View><Image name="{"n" * 200_000}" value="$image"/></View>',
    "\x00<View/>",
    "<View>\ud800</View>",
    "<View>&#0;&#x110000;&#xD800;</View>",
    "<?php system('id'); ?>",
    "<View><![CDATA[" + "]" * 1000,
    "{{7*7}}",
    " \t\n",
    "\ufeff" + GUIDES_CONFIG,
)

_ODD_NUMBERS = st.sampled_from(
    (0, -1, 1e308, -1e308, 5e-324, 10**400, 2**63, True, 100.0001, 1e9)
) | st.floats(-1e9, 1e9, width=32)
_SCALARS = st.none() | st.booleans() | _ODD_NUMBERS | st.text(max_size=8) | st.sampled_from(_WORDS)
junk: st.SearchStrategy[Json] = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
"""Any JSON, with numbers that some parsers or computations refuse."""


def _element(tag: str, attributes: dict[str, str], inner: list[str]) -> str:
    attribute_text = "".join(f' {name}="{text}"' for name, text in attributes.items())
    return f"<{tag}{attribute_text}>{''.join(inner)}</{tag}>"


_tags = st.sampled_from(_TAGS + _OTHER_TAGS)
_attributes = st.dictionaries(
    st.sampled_from(_NAMES),
    st.sampled_from(_WORDS) | st.text(st.characters(exclude_characters='<&"'), max_size=5),
    max_size=4,
)
_leaves = st.builds(_element, _tags, _attributes, st.just([]))
_trees = st.builds(
    _element,
    _tags,
    _attributes,
    st.lists(_leaves | st.builds(_element, _tags, _attributes, st.lists(_leaves, max_size=3)), max_size=6),
)


def _damaged(text: str, position: int, length: int, replacement: str) -> str:
    start = position % len(text)
    return text[:start] + replacement + text[start + length :]


_damaged_configs = st.builds(
    _damaged, st.just(GUIDES_CONFIG), st.integers(0, 5000), st.integers(0, 40), st.text(max_size=4)
)
_valid_configs = st.builds(
    "<View>{}</View>".format,
    st.permutations(
        (
            '<Image name="image" value="$image"/>',
            '<TextArea name="text" toName="image"/>',
            '<TextArea name="document" toName="image" model_format="doclang"/>',
            '<Rectangle name="box" toName="image"/>',
            '<PolygonLabels name="poly" toName="image"><Label value="Text"/></PolygonLabels>',
        )
    ).flatmap(lambda tags: st.lists(_leaves, max_size=2).map(lambda leaves: "".join([*leaves, *tags]))),
)
configs: st.SearchStrategy[str] = st.one_of(
    _trees, _damaged_configs, _valid_configs, st.text(max_size=20), st.sampled_from(_HOSTILE_CONFIGS)
)
"""Label configs: well-formed with Label Studio's tags in any order, damaged, hostile, and not XML."""

_SCHEMES = ("http", "https", "HTTP", "ftp", "file", "s3", "gs", "azure-blob", "javascript", "data", "", "a+b")
_HOSTS = (
    "127.0.0.1:9",
    "localhost:9",
    "[::1]:9",
    "[::ffff:127.0.0.1]",
    "169.254.169.254",
    "10.0.0.1",
    "0x7f000001",
    "2130706433",
    "user:secret@127.0.0.1",
    "[",
    "[::1",
    "127.0.0.1:99999",
    "127.0.0.1:port",
    "",
    "%00",
    "[v1.x]",
)
_PATHS = st.sampled_from(
    ("", "/", "/a.png", "/../../etc/passwd", "/%2e%2e/x", "?d=/etc/passwd", "#", "/\r\nX: y")
)
_LABEL_STUDIO_PATHS = (
    "/data/upload/1/a.png",
    "/data/upload/../../../../etc/passwd",
    "upload/",
    "/data/local-files/?d=../../../etc/passwd",
    "/data/local-files/?d=/etc/passwd",
    "/data/local-files/?d=%00",
    "/data/local-files/?d=" + "a/" * 3000,
    "/data/local-files/?d=.",
    "/data/local-files/?d=nothing.png",
    "//127.0.0.1/a",
    "C:\\a.png",
    "/dev/zero",
)
_urls = st.builds("{}://{}{}".format, st.sampled_from(_SCHEMES), st.sampled_from(_HOSTS), _PATHS)
_data_uris = st.builds(
    "data:{}{}{}".format,
    st.sampled_from(("", "image/png", "image/svg+xml", "text/html", "image/png;charset=x")),
    st.sampled_from((";base64,", ",", ";base64", ";BASE64,", ";base64;base64,", "")),
    st.text(max_size=12)
    | st.sampled_from(("iVBORw0KGgo=", "%89PNG", "AAAA" * 1000, "=", "====", "%", "PHN2Zz4=")),
)
values: st.SearchStrategy[Json] = _urls | _data_uris | st.sampled_from(_LABEL_STUDIO_PATHS) | junk
"""Values in a task's data instead of the address of an image."""

_NUMBERS = st.floats(0, 100) | _ODD_NUMBERS
_points = st.lists(st.lists(_NUMBERS, min_size=1, max_size=3), max_size=5)
_geometry = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("x", "y", "width", "height", "rotation"), _NUMBERS | junk),
        "points": _points | junk,
        "text": junk,
        "labels": junk,
    },
)
_boxes = st.fixed_dictionaries(
    dict.fromkeys(("x", "y", "width", "height", "rotation"), _NUMBERS), optional={"more": junk}
)
_regions = st.fixed_dictionaries(
    {"id": st.sampled_from(("a", "b", "", "ü")), "to_name": st.just("image"), "value": _boxes | _geometry},
    optional={
        "type": st.sampled_from(("rectangle", "textarea", "brush")) | junk,
        "from_name": junk,
        "item_index": _ODD_NUMBERS,
        "image_rotation": junk,
        "score": _ODD_NUMBERS,
    },
)

contexts: st.SearchStrategy[Json] = st.fixed_dictionaries(
    {"result": st.lists(_regions | _regions | junk, max_size=4)}
) | st.dictionaries(st.sampled_from(("result", "x")), junk, max_size=2)
"""The `context` of an interactive request."""


def _truncated(body: bytes, length: int) -> bytes:
    return body[: length % len(body)]


_VALID_BODY = json.dumps(
    {"tasks": [{"id": 1, "data": {"image": "data:,"}}], "schema": "", "action": "x"}
).encode()
_HOSTILE_BODIES = (
    b"",
    b"\x00",
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
    b"[" * 5_000,
    b'{"a":' * 5_000,
    b"1" * 5000,
    b"-",
    b"NaN",
    b"[1e999]",
    b'{"tasks":[{"data":{"image":NaN}}],"schema":NaN}',
    b'{"tasks":[{"id":Infinity,"data":{}}]}',
    b'{"tasks":[{"id":1e999,"data":{}}]}',
    b'{"tasks":' + b"[" * 900 + b"]" * 900 + b"}",
    b'{"tasks":[{"data":{}}],"params":{"context":' + b'{"result":' * 980 + b"[]" + b"}" * 980 + b"}}",
    b'{"tasks":[' + b"1," * 1_000 + b"1]}",
    b'{"tasks":[],"tasks":{},"tasks":null}',
    b'{"schema":"\\ud800","label_config":"\\ud800","tasks":[{"data":{"\\ud800":"\\ud800"}}]}',
    b"tasks=1&schema=2",
    b"--x\r\nContent-Disposition: form-data\r\n\r\n",
)
_FIELDS = st.dictionaries(
    st.sampled_from(("tasks", "label_config", "schema", "params", "action", "project")), junk, max_size=4
)
bodies: st.SearchStrategy[bytes] = st.one_of(
    _FIELDS.map(json.dumps).map(str.encode),
    junk.map(json.dumps).map(str.encode),
    st.builds(_truncated, st.just(_VALID_BODY), st.integers(0, 1000)),
    st.binary(max_size=20),
    st.sampled_from(_HOSTILE_BODIES),
)
"""Bodies that are not requests, or have fields of other types."""
