"""What a stranger's HTML may not do."""

from __future__ import annotations

import re

import pytest

from casd.mailbox.owa.sanitise import clean

ATTACKS = {
    "script": "<script>alert(1)</script>",
    "script in pieces": "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "event handler": "<img src=x onerror=alert(1)>",
    "event handler without quotes or blanks": "<img/src=x/onerror=alert(1)>",
    "svg": "<svg><script>alert(1)</script><animate onbegin=alert(1)></svg>",
    "svg with style (mXSS)": '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">',
    "math (mXSS)": '<math><mtext><table><mglyph><style><!--</style><p title="--&gt;&lt;img onerror=alert(1)&gt;">',
    "noscript (mXSS)": '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "comment (mXSS)": "<!--><img src=x onerror=alert(1)>-->",
    "template": "<template><img src=x onerror=alert(1)></template>",
    "javascript link": '<a href="javascript:alert(1)">x</a>',
    "javascript link in disguise": '<a href=" jAva&#115;cript&colon;alert(1)">x</a>',
    "javascript link with control characters": '<a href="\x01java\tscript:alert(1)">x</a>',
    "vbscript link": '<a href="vbscript:msgbox(1)">x</a>',
    "data link": '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    "iframe": '<iframe src="https://evil.example"></iframe>',
    "frame with text of its own": '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "object": '<object data="https://evil.example/x"></object><embed src="https://evil.example/x">',
    "form": '<form action="https://evil.example"><input name=q><button formaction="javascript:alert(1)">x</form>',
    "isindex and keygen": "<isindex action=javascript:alert(1)><keygen autofocus onfocus=alert(1)>",
    "refresh": '<meta http-equiv="refresh" content="0;url=https://evil.example">',
    "base": '<base href="https://evil.example/">',
    "style sheet": '<link rel=stylesheet href="https://evil.example/s.css"><style>@import "https://evil.example/s"</style>',
    "style that fetches": '<p style="background:url(https://evil.example/b)">x</p>',
    "style that fetches in capitals": '<p style="BACKGROUND-IMAGE:URL(https://evil.example/b)">x</p>',
    "style that fetches behind escapes": r'<p style="background:u\72l(https://evil.example/b)">x</p>',
    "style that fetches behind a comment": '<p style="background:/**/url(https://evil.example/b)">x</p>',
    "style that fetches by another name": "<p style=\"background:image-set('https://evil.example/b' 1x)\">x</p>",
    "style that fetches by a variable": '<p style="--x:url(https://evil.example/b);background:var(--x)">x</p>',
    "style that hides in a string": "<p style=\"font-family:'a;b';background:url('https://evil.example')\">x</p>",
    "style that breaks out": '<p style="color:red;} body{background:url(https://evil.example)}">x</p>',
    "old behaviours": '<p style="behavior:url(x.htc);-moz-binding:url(x);width:expression(alert(1))">x</p>',
    "list images": '<ul style="list-style:url(https://evil.example/l)"><li>x</ul>',
    "background of a table": '<table background="https://evil.example/t"><tr><td background="//evil.example">x</table>',
    "picture sources": '<picture><source srcset="https://evil.example/p"><img srcset="//evil.example/q 2x"></picture>',
    "media": '<video poster="https://evil.example/v"></video><audio src="https://evil.example/a" autoplay></audio>',
    "image of our own": '<img src="/owa/logoff.owa">',
    "image without a scheme": '<img src="//evil.example/i">',
    "image that is a document": '<img src="data:image/svg+xml;base64,PHN2Zz48L3N2Zz4=">',
    "image from a file": '<img src="file:///etc/passwd">',
    "null bytes": "<scr\0ipt>alert(1)</scr\0ipt><img src=x one\0rror=alert(1)>",
    "unclosed": '<img src="x" onerror="alert(1)" <p',
    "ids that shadow": '<a id=location name=location href="https://a.example">x</a>',
    "classes of our own": '<div class="text editor">x</div>',
    "XML": '<?xml-stylesheet href="javascript:alert(1)"?><xss style="x:y" onclick=alert(1)>x',
    "UTF-7": "+ADw-script+AD4-alert(1)+ADw-/script+AD4-<meta charset=utf-7>",
}

FORBIDDEN = """
    <script <svg <math <iframe <object <embed <form <input <button <meta <base <link <style <template <video <audio <?
    onerror onbegin onfocus onclick javascript: vbscript: data:text data:image/svg file: /owa/
    url( image-set expression behavior binding srcset srcdoc background= name= class= id=location evil.example
""".split()  # noqa: SIM905


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_an_attack_leaves_nothing_that_acts_or_fetches(attack: str) -> None:
    for html in (attack, f"<div>{attack}</div>", f"<table><tr><td>{attack}</table>"):
        kept = clean(html).html.lower()
        assert [word for word in FORBIDDEN if word in kept] == [], kept


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_what_is_clean_stays_as_it_is(attack: str) -> None:
    once = clean(attack).html
    assert without_additions(clean(once).html) == without_additions(once)


def without_additions(html: str) -> str:
    """Leave out the attributes that are added to links, in any order."""
    return re.sub(r' (?:target|rel)="[^"]*"', "", html)


def test_what_people_write_is_kept() -> None:
    html = (
        '<h1>Plan</h1><p style="color:red;text-align:center">Some <b>bold</b> and <i>slanted</i> text</p>'
        '<table border="1"><tbody><tr><td colspan="2">cell</td></tr></tbody></table>'
        "<ul><li>one</li></ul><blockquote>quoted</blockquote>"
    )
    assert clean(html).html == html


def test_a_link_opens_elsewhere_and_tells_nothing_of_where_it_stood() -> None:
    kept = clean('<a href="https://a.example/?q=1&amp;r=2" target="_top" rel="opener">x</a>').html
    assert kept.count("target=") == kept.count("rel=") == 1
    assert 'target="_blank"' in kept
    assert 'rel="noopener noreferrer"' in kept
    assert 'href="https://a.example/?q=1&amp;r=2"' in kept


def test_a_remote_image_is_counted_and_stays_only_when_asked_for() -> None:
    html = '<img src="https://a.example/i.png" alt="Logo"><img src="HTTP://a.example/j.png">'
    off, on = clean(html), clean(html, remote=True)
    assert (off.html, off.remote_images) == ('<img alt="Logo"><img>', 2)
    assert "https://a.example/i.png" in on.html
    assert on.remote_images == 2


def test_an_image_that_came_with_the_message_is_shown() -> None:
    kept = clean('<img src="CID:logo@x"><img src="cid:missing">', {"logo@x": "data:image/png;base64,AAAA"}.get)
    assert kept.html == '<img src="data:image/png;base64,AAAA"><img>'
    assert kept.remote_images == 0


@pytest.mark.parametrize(
    ("html", "coloured"),
    [
        ("<p>text</p>", False),
        ('<p style="text-align:center">background color: none</p>', False),
        ('<p style="color:#222">text</p>', True),
        ('<font color="red">text</font>', True),
        ('<table bgcolor="#fff"><tr><td>text</table>', True),
        ('<body style="background:#000">text</body>', True),
    ],
)
def test_colours_of_the_author_are_noticed(html: str, coloured: bool) -> None:
    assert clean(html).coloured is coloured


def test_a_style_loses_what_fetches_and_keeps_the_rest() -> None:
    kept = clean('<p style="color:rgb(1,2,3);background:url(x);width:calc(100% - 1px);position:fixed">x</p>').html
    assert kept == '<p style="color:rgb(1, 2, 3);width:calc(100% - 1px)">x</p>'
