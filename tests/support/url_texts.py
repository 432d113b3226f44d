"""Hypothesis strategies for URLs that parsers read differently."""

from collections.abc import Sequence

from hypothesis import strategies as st

SEPARATORS = (
    "/", "//", "\\", "\\@", "@", ":", ":@", "#@", "?@", ";", ";@", "#", "?", "%", "%2f", "%2F", "%5c", "%40",
    "%23", "%3f", "%00", "%09", "%0d%0a", "%2e", "%2e%2e/", "..", "../", "..;/", "..%2f", "%252e%252e/", "./",
    "\t", "\n", "\r", " ", "\x00", "\x0b", "\x7f", "\x85", "\xa0", "\u2028", "\u3000", "\ufeff", "\u200b",
    "\xad", "\uff0f", "\uff20", "\uff1a", "\uff03", "\uff3c", "\u2100", "\u3002", "\uff0e", "[", "]",
    "%25eth0", "user:pw@", "\ud800",
)  # fmt: skip
"""Characters at which a parser may end or change the host, or leave a folder."""

SCHEMES = ("http://", "https://", "HTTP://", "http:", "http:/", "http:///", "http:\\\\", "//", "\thttp://")


def url_texts(
    hosts: Sequence[str], paths: Sequence[str] = ("x.png", "studio", "data")
) -> st.SearchStrategy[str]:
    """Texts of hosts, paths and separators in any order after a scheme."""
    pieces = st.sampled_from((*hosts, *paths, *SEPARATORS)) | st.text(max_size=2)
    schemes = st.sampled_from(("http://",) * len(SCHEMES) + SCHEMES)
    return st.builds(
        lambda scheme, host, rest: scheme + host + "".join(rest),
        schemes,
        st.sampled_from(tuple(hosts)),
        st.lists(pieces, max_size=7),
    )
