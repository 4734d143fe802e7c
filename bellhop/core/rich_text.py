"""HTML of others, made harmless (invariant 11): what may stay, what is shown of it, and where."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Final

import nh3

_WORD: Final = re.compile(r"\S+")
_TAGS: Final = _WORD.findall("""
a abbr b blockquote br center code dd del div dl dt em figcaption figure font h1 h2 h3 h4 h5 h6 hr i img ins li ol p pre
q s small span strong sub sup table tbody td tfoot th thead tr u ul
""")
_EVERYWHERE: Final = "align bgcolor border cellpadding cellspacing dir height lang style title valign width"
_ATTRIBUTES: Final = {
    "*": set(_WORD.findall(_EVERYWHERE)),
    "a": {"href"},
    "img": {"src", "alt"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "font": {"color", "face", "size"},
}
_STYLES: Final = _WORD.findall("""
background-color border border-bottom border-collapse border-left border-radius border-right border-top color direction
display font-family font-size font-style font-weight height letter-spacing line-height margin margin-bottom margin-left
margin-right margin-top max-width padding padding-bottom padding-left padding-right padding-top text-align
text-decoration text-transform vertical-align white-space width
""")
_SCHEMES: Final = {"https", "http", "mailto", "tel", "cid"}
LONGEST: Final = 1_000_000
_POLICY: Final = (
    "default-src 'none'; img-src data:{remote}; style-src 'unsafe-inline'; sandbox allow-popups "
    "allow-popups-to-escape-sandbox; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)
_STYLE: Final = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:12px;overflow-wrap:anywhere;color:#1c1917;background:#fff}"
    "img{max-width:100%;height:auto}table{max-width:100%}"
)
_CID: Final = re.compile(r'src="cid:([^"]*)"', re.IGNORECASE)
_REMOTE: Final = re.compile(r"<img\b[^>]*\bsrc\s*=\s*[\"']?\s*https:", re.IGNORECASE)


def harmless(html: str) -> str:
    """The same without script, forms, frames, handlers, comments and what else isn't on the lists; links open in a
    window of their own that knows nothing of us."""
    return nh3.clean(
        html[:LONGEST],
        tags=set(_TAGS),
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        strip_comments=True,
        link_rel="noopener noreferrer nofollow",
        filter_style_properties=set(_STYLES),
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


def has_remote_pictures(html: str) -> bool:
    """Does it ask for pictures of other hosts? Their owners would learn when it is read."""
    return bool(_REMOTE.search(html))


def page(html: str, pictures: Mapping[str, str], *, remote: bool) -> tuple[str, str]:
    """A whole document for a frame of its own, and its policy. `pictures` maps the content ids of a mail's own pictures
    to data addresses; those of other hosts are loaded only with `remote`."""
    clean = _CID.sub(lambda found: f'src="{escape(pictures.get(found[1], ""))}"', harmless(html))
    head = f'<meta charset="utf-8"><meta name="referrer" content="no-referrer"><style>{_STYLE}</style>'
    shown = f"<!doctype html><html><head>{head}</head><body>{clean}</body></html>"
    return shown, _POLICY.format(remote=" https:" if remote else "")
