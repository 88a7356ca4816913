"""Conditions and ranges (RFC 9110; reference 6.1, behaviour 147)."""

from __future__ import annotations

import pytest

from protocols.http_ranges import Asked, Failed, Part, Unchanged, Unsatisfiable, Version, asked

NOW = Version(b'"7-1"', 1_800_000_000)
BEFORE = b"Fri, 15 Jan 2027 07:59:59 GMT"
WHOLE = Part(0, 1000, 1000)


def ask(method: bytes = b"GET", size: int = 1000, **fields: bytes) -> Asked:
    return asked(method, {name.replace("_", "-").encode(): value for name, value in fields.items()}.get, NOW, size)


def test_the_date_is_one_of_http() -> None:
    assert NOW.date == b"Fri, 15 Jan 2027 08:00:00 GMT"


def test_without_any_condition_all_is_asked_for() -> None:
    assert ask() == ask(b"HEAD") == WHOLE
    assert ask(size=0) == Part(0, 0, 0)


@pytest.mark.parametrize(
    ("wanted", "first", "length"),
    [
        (b"bytes=0-99", 0, 100),
        (b"bytes=100-", 100, 900),
        (b"bytes=-100", 900, 100),
        (b"bytes=-5000", 0, 1000),
        (b"bytes=999-5000", 999, 1),
        (b"Bytes = 5-5", 5, 1),
    ],
)
def test_14_one_range_is_a_part(wanted: bytes, first: int, length: int) -> None:
    assert ask(range=wanted) == Part(first, length, 1000, 206)


def test_14_4_a_part_says_which_it_is() -> None:
    assert Part(0, 100, 1000, 206).content_range == b"bytes 0-99/1000"


@pytest.mark.parametrize("wanted", [b"bytes=1000-", b"bytes=5000-6000", b"bytes=-0"])
def test_15_5_17_a_range_beyond_the_end_is_refused(wanted: bytes) -> None:
    assert ask(range=wanted) == Unsatisfiable(1000)


@pytest.mark.negative
@pytest.mark.parametrize(
    "wanted",
    [
        *(b"bytes=0-9,20-29", b"lines=0-9", b"bytes=9-0", b"bytes=-", b"bytes", b"", b"bytes=0x1-2"),
        *(b"bytes=" + b"9" * 30, b"bytes=" + b"0-," * 5000),
    ],
)
def test_14_2_what_is_no_single_range_is_ignored(wanted: bytes) -> None:
    assert ask(range=wanted) == WHOLE


def test_14_2_a_range_is_for_get_alone() -> None:
    assert ask(b"HEAD", range=b"bytes=0-9") == WHOLE


@pytest.mark.parametrize("tags", [b'"7-1"', b'"1", "7-1"', b"*", b'W/"7-1"'])
def test_13_1_2_a_client_that_has_it_is_told_so(tags: bytes) -> None:
    assert ask(if_none_match=tags) == Unchanged()
    assert ask(if_none_match=tags, range=b"bytes=0-9") == Unchanged()


def test_13_1_3_or_by_the_date_unless_a_tag_says_otherwise() -> None:
    assert ask(if_modified_since=NOW.date) == Unchanged()
    assert ask(if_modified_since=BEFORE) == WHOLE
    assert ask(if_modified_since=NOW.date, if_none_match=b'"6-1"') == WHOLE


@pytest.mark.parametrize("since", [b"yesterday", b"", b"Fri, 99 Jan 2027 08:00:00 GMT", b"\xff", b"Fri, 15 Jan 99999"])
def test_13_1_3_what_is_no_date_is_no_condition(since: bytes) -> None:
    assert ask(if_modified_since=since) == WHOLE
    assert ask(if_unmodified_since=since) == WHOLE


def test_13_1_5_a_range_is_of_the_version_that_the_client_has_begun_with() -> None:
    part = Part(0, 10, 1000, 206)
    assert ask(range=b"bytes=0-9", if_range=b'"7-1"') == part
    assert ask(range=b"bytes=0-9", if_range=NOW.date) == part
    for other in (b'"6-1"', b'W/"7-1"', BEFORE):
        assert ask(range=b"bytes=0-9", if_range=other) == WHOLE


def test_13_1_1_a_client_that_goes_on_with_another_version_is_stopped() -> None:
    assert ask(if_match=b'"6-1"') == Failed()
    assert ask(if_match=b'"6-1", "7-1"') == ask(if_match=b"*") == WHOLE
    assert ask(if_unmodified_since=BEFORE, range=b"bytes=0-9") == Failed()
    assert ask(if_unmodified_since=NOW.date) == WHOLE
