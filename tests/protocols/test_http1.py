"""Messages of HTTP/1.1 as values: one reading of a target or none, and what is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from protocols.http1 import BadMessage, chunk, last_chunk, parse_target, reason, write_fields

# Targets: one reading of a path, or none


@pytest.mark.parametrize(
    ("raw", "path", "line"),
    [
        (b"/", "/", b"/"),
        (b"/owa/", "/owa/", b"/owa/"),
        (b"/owa", "/owa", b"/owa"),
        (b"//owa///x", "/owa/x", b"/owa/x"),
        (b"/%6fwa", "/owa", b"/owa"),
        (b"/owa/a%20b", "/owa/a b", b"/owa/a%20b"),
        (b"/owa/%C3%A9?q=%C3", "/owa/é", b"/owa/%C3%A9?q=%C3"),
        (b"/owa/alice@example.org/", "/owa/alice@example.org/", b"/owa/alice@example.org/"),
        (b"/a%23b%3Fc", "/a#b?c", b"/a%23b%3Fc"),
        (b"/a#b", "/a#b", b"/a%23b"),
        (b"/100%", "/100%", b"/100%25"),
        (b"http://mail.example.org/owa?x", "/owa", b"/owa?x"),
        (b"HTTPS://mail.example.org", "/", b"/"),
    ],
)
def test_a_target_is_decoded_once_and_encoded_anew(raw: bytes, path: str, line: bytes) -> None:
    target = parse_target(raw)
    assert (target.path, target.line) == (path, line)


def test_an_absolute_target_names_its_authority() -> None:
    assert parse_target(b"https://mail.example.org:8443/owa").authority == b"mail.example.org:8443"
    assert parse_target(b"/owa").authority == b""


@pytest.mark.negative
@pytest.mark.parametrize("authority", [b"", b"a@mail.example.org", b'a"', b"mail.example.org?", b"a,b", b"\\"])
def test_a_url_of_no_host_or_of_more_than_a_host_is_refused(authority: bytes) -> None:
    with pytest.raises(BadMessage):
        parse_target(b"https://" + authority + b"/owa")


@pytest.mark.negative
@pytest.mark.parametrize(
    "raw",
    [
        b"/owa/../ews",
        b"/owa/./ews",
        b"/owa/..",
        b"/owa/%2e%2e/ews",
        b"/owa/%2E./ews",
        b"/owa%2fews",
        b"/owa%2Fews",
        b"/owa%5cews",
        b"/owa\\ews",
        b"/owa/%00",
        b"/owa/%0d%0aX",
        b"/owa/%7f",
        b"/owa/%252e%252e/ews",
        b"/owa/%252fews",
        b"/owa/%25%32%66",
        b"/owa/%ff",
        b"/owa/%c0%af",
        b"/autodiscover/autodiscover.json/%2e%2e%2fews",
    ],
)
def test_an_ambiguous_path_is_refused(raw: bytes) -> None:
    with pytest.raises(BadMessage):
        parse_target(raw)


@pytest.mark.negative
@pytest.mark.parametrize("raw", [b"*", b"mail.example.org:443", b"ftp://a/x", b"javascript:alert(1)", b"owa", b"://a/"])
def test_a_target_that_is_neither_a_path_nor_a_url_is_refused(raw: bytes) -> None:
    with pytest.raises(BadMessage):
        parse_target(raw)


@pytest.mark.negative
@pytest.mark.parametrize("raw", [b"/owa?a b", b"/owa?a#b", b"/owa?\r\nX: y", b"/owa?\x7f", b"/owa?\xe9"])
def test_a_query_with_forbidden_characters_is_refused(raw: bytes) -> None:
    with pytest.raises(BadMessage):
        parse_target(raw)


@given(some.text(some.characters(codec="utf-8"), max_size=20))
def test_a_target_is_the_same_when_it_is_read_again(text: str) -> None:
    raw = b"/" + text.encode()
    try:
        target = parse_target(raw)
    except BadMessage:
        return
    assert parse_target(target.line) == target


def test_long_paths_are_read_but_not_remembered() -> None:
    assert parse_target(b"/" + b"a" * 60_000).segments == ("a" * 60_000,)


# What is written


def test_fields_chunks_and_trailers_become_bytes() -> None:
    assert write_fields([(b"A", b"1"), (b"B", b"2")]) == b"A: 1\r\nB: 2\r\n"
    assert chunk(b"a" * 26) == b"1a\r\n" + b"a" * 26 + b"\r\n"
    assert last_chunk([]) == b"0\r\n\r\n"
    assert last_chunk([(b"t", b"T", b"v")]) == b"0\r\nT: v\r\n\r\n"


def test_every_status_has_a_phrase() -> None:
    assert [reason(200), reason(440), reason(599)] == [b"OK", b"Login Timeout", b"Unknown"]
