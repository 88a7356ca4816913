"""What hostile HTML may cost."""

from __future__ import annotations

from time import process_time

import pytest

from casd.mailbox.owa.sanitise import clean
from casd.mailbox.owa.tame import MAX_DEPTH, MAX_LENGTH, MAX_TAGS, tame

BOMBS = {
    "nesting": "<div>" * 40_000,
    "nesting of tables": "<table><tr><td>" * 20_000,
    "nesting behind comments": "<div><!--</div>-->" * 30_000,
    "nesting of what is dropped": "<svg>" * 40_000,
    "attributes": f"<p {' '.join(f'a{number}=1' for number in range(50_000))}>x",
    "formatting": f"<p>{''.join(f'<font size={number}>' for number in range(400))}<p>x" + "<p>x</p>" * 30_000,
    "misnesting": "<a><p>" * 50_000,
    "one long style": f'<p style="{"color:red;" * 100_000}">x',
    "brackets in styles": f'<p style="{"{[(" * 5000}">x' * 100,
    "foster parents": "<table><b>x" * 50_000,
}
SECONDS = 5.0  # without `tame` one of them takes a minute


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_costs_little(bomb: str) -> None:
    begin = process_time()
    clean(bomb)
    assert process_time() - begin < SECONDS


def rewrite(html: str) -> str:
    return tame(html, {"*": ("style",), "img": ("src",)}, ("script",))


def test_nothing_is_made_of_nothing() -> None:
    assert rewrite("") == rewrite(" \n") == ""


def test_text_is_kept_where_markup_is_too_deep() -> None:
    assert rewrite("<div>" * (MAX_DEPTH + 50) + "still here").count("<div>") < MAX_DEPTH
    assert "still here" in rewrite("<div>" * (MAX_DEPTH + 50) + "still here")


def test_text_is_kept_where_there_are_too_many_tags() -> None:
    written = rewrite("<p>x</p>" * (MAX_TAGS + 10))
    assert written.count("<p>") <= MAX_TAGS
    assert written.count("x") == MAX_TAGS + 10


def test_what_is_too_long_is_cut() -> None:
    assert len(rewrite("x" * (MAX_LENGTH + 100))) < MAX_LENGTH + 100


def test_what_is_written_is_balanced() -> None:
    assert rewrite("<p>one<br><b>two") == "<html><body><p>one<br><b>two</b></p></body></html>"


def test_values_and_text_are_escaped_anew() -> None:
    written = rewrite("<p style='a:\"&lt;'>1 &lt; 2 &amp;amp;</p>")
    assert written == '<html><body><p style="a:&quot;&lt;">1 &lt; 2 &amp;amp;</p></body></html>'


def test_content_that_nobody_wants_is_left_out() -> None:
    assert rewrite("<p>a<script>b<p>c</script>d") == "<html><body><p>ad</p></body></html>"


def test_letters_that_are_none_do_no_harm() -> None:
    assert "a?b" in rewrite("a\ud800b")
