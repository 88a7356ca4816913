"""What a request may not say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from casd.mailbox.owa.arguments import Arguments, BadArgument


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"null", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(BadArgument):
        Arguments.parse(body)


@pytest.mark.parametrize(
    ("take", "wrong"),
    [
        (lambda it: it.text("x"), [None, 1, []]),
        (lambda it: it.optional_text("x"), [1, False]),
        (lambda it: it.flag("x"), [None, 0, "true"]),
        (lambda it: it.optional_flag("x"), [1, "no"]),
        (lambda it: it.number("x", 10), [None, -1, 11, True, 1.5, "1"]),
        (lambda it: it.texts("x", 2), ["a", [1], ["a", "b", "c"]]),
        (lambda it: it.objects("x", 1), [{}, ["a"], [{}, {}]]),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(take: Callable[[Arguments], Any], wrong: list[Any]) -> None:
    for value in wrong:
        with pytest.raises(BadArgument):
            take(Arguments({"x": value}))


def test_values_are_taken_by_name() -> None:
    it = Arguments.parse(b'{"a": "text", "b": true, "c": 3, "d": ["x"], "e": [{"f": "g"}], "n": null}')
    assert (it.text("a"), it.flag("b"), it.number("c", 3), it.texts("d")) == ("text", True, 3, ("x",))
    assert [each.text("f") for each in it.objects("e")] == ["g"]
    assert (it.optional_text("n"), it.optional_flag("n")) == (None, None)
    assert (it.optional_text("a"), it.optional_flag("b")) == ("text", True)
    assert (it.text("z", "default"), it.texts("z"), it.objects("z"), it.number("z", 9, 5)) == ("default", (), (), 5)
