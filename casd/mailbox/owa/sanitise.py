"""What of a stranger's HTML may be shown, or sent on.

nh3 parses as a browser does and keeps only what is listed here. Whatever could fetch something is settled on
top of that: an image is one that came with the message, or a remote one that the reader has asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import nh3
from attrs import frozen

from casd.mailbox.owa.tame import tame


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TAGS = _words("""
    a abbr acronym address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del dfn
    div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p pre q
    rp rt ruby s samp section small span strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul
    var wbr
""")
DROPPED_WITH_CONTENT = _words("""
    applet audio canvas datalist embed frameset iframe math noembed noframes noscript object script select style svg
    template textarea title video xmp
""")
ATTRIBUTES = {
    "*": {"align", "dir", "lang", "style", "title", "valign"},
    "a": {"href"},
    "col": {"span", "width"},
    "colgroup": {"span", "width"},
    "font": {"color", "face", "size"},
    "hr": {"color", "noshade", "size", "width"},
    "img": {"alt", "border", "height", "hspace", "src", "vspace", "width"},
    "li": {"type", "value"},
    "ol": {"reversed", "start", "type"},
    "table": {"bgcolor", "border", "cellpadding", "cellspacing", "frame", "height", "rules", "summary", "width"},
    "td": {"bgcolor", "colspan", "height", "nowrap", "rowspan", "width"},
    "th": {"bgcolor", "colspan", "height", "nowrap", "rowspan", "scope", "width"},
    "tr": {"bgcolor", "height"},
    "ul": {"type"},
}
STYLES = _words("""
    background background-color border border-bottom border-bottom-color border-bottom-style border-bottom-width
    border-collapse border-color border-left border-left-color border-left-style border-left-width border-radius
    border-right border-right-color border-right-style border-right-width border-spacing border-style border-top
    border-top-color border-top-style border-top-width border-width caption-side clear color direction display
    empty-cells float font font-family font-size font-style font-variant font-weight height letter-spacing line-height
    list-style-type margin margin-bottom margin-left margin-right margin-top max-height max-width min-height min-width
    opacity overflow-wrap padding padding-bottom padding-left padding-right padding-top table-layout text-align
    text-decoration text-indent text-transform unicode-bidi vertical-align white-space width word-break word-spacing
    word-wrap
""")

_LINK = re.compile(r"(?:https?://|mailto:|tel:)", re.IGNORECASE)
_REMOTE = re.compile(r"https?://", re.IGNORECASE)
_IMAGE = re.compile(r"data:image/(?:png|gif|jpeg|webp);base64,[A-Za-z0-9+/=\s]+", re.IGNORECASE)  # SVG is a document
_FUNCTION = re.compile(r"([\w-]*)\(")
_HARMLESS_FUNCTIONS = frozenset({"rgb", "rgba", "hsl", "hsla", "calc"})
_COLOURED = re.compile(r"<(?!img\b)[^>]*[\s\";](?:bgcolor|color|background|background-color)\s*[=:]", re.IGNORECASE)
_BODY = re.compile(r"<(/?)body\b", re.IGNORECASE)

Inline = Callable[[str], str | None]
"""The data URL of the part with this Content-ID (without brackets), or None."""


@frozen
class Clean:
    """HTML that is safe to show. `remote_images` counts those that stand elsewhere, shown or not.

    `coloured`: the author set colours, so the reader's own theme could make the text unreadable.
    """

    html: str
    remote_images: int
    coloured: bool


def clean(html: str, inline: Inline = lambda _: None, *, remote: bool = False) -> Clean:
    """Keep what is harmless; `remote` lets images that stand elsewhere stay."""
    images = 0

    def settle(tag: str, attribute: str, value: str) -> str | None:
        nonlocal images
        if attribute == "src":
            if _REMOTE.match(value):
                images += 1
                return value if remote else None
            return _local_image(value, inline)
        if attribute == "href":
            return value if _LINK.match(value) else None
        return _style(value) if attribute == "style" else value

    # The parser of fragments drops <body>, and with it the colours that belong to the text inside.
    tamed = tame(_BODY.sub(r"<\1div", html), ATTRIBUTES, DROPPED_WITH_CONTENT)
    kept = _cleaner(settle).clean(tamed)
    return Clean(kept, images, _COLOURED.search(kept) is not None)


def _local_image(url: str, inline: Inline) -> str | None:
    scheme, _, rest = url.partition(":")
    if scheme.lower() == "cid":
        return inline(rest)
    return url if _IMAGE.fullmatch(url) else None


def _style(value: str) -> str:
    """Drop declarations that could fetch something; escapes could hide one and have no other use here."""
    return ";".join(part for part in value.split(";") if "\\" not in part and _harmless(part))


def _harmless(declaration: str) -> bool:
    return all(name.lower() in _HARMLESS_FUNCTIONS for name in _FUNCTION.findall(declaration))


def _cleaner(settle: Callable[[str, str, str], str | None]) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(TAGS),
        clean_content_tags=set(DROPPED_WITH_CONTENT),
        attributes=ATTRIBUTES,
        attribute_filter=settle,
        set_tag_attribute_values={"a": {"target": "_blank"}},
        url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
        url_relative="deny",
        filter_style_properties=set(STYLES),
    )
