"""Names and addresses, in and out."""

from __future__ import annotations

import pytest

from casd.mailbox.owa.arguments import Arguments, BadArgument
from casd.mailbox.owa.people import Person, given, headers, listed, named


def test_a_header_is_read_with_its_names_decoded() -> None:
    people = b'=?utf-8?q?J=C3=B6rg?= <j@x.example>, "Doe, Jane" <jane@x.example>,\r\n bare@x.example'
    head = headers(b"To: " + people + b"\r\n\r\nTo: body@x.example")
    assert named(head, "to") == (
        Person("Jörg", "j@x.example"),
        Person("Doe, Jane", "jane@x.example"),
        Person("", "bare@x.example"),
    )
    assert named(head, "cc") == ()


def test_a_name_that_cannot_be_decoded_is_shown_as_it_came() -> None:
    (person,) = named(headers(b"From: =?no-such?q?x?= <a@x.example>\r\n\r\n"), "from")
    assert person == Person("=?no-such?q?x?=", "a@x.example")


def test_the_store_s_display_text_is_read_back() -> None:
    assert listed("Bob <bob@x.example>; carol@x.example") == (
        Person("Bob", "bob@x.example"),
        Person("", "carol@x.example"),
    )
    assert listed("") == ()


@pytest.mark.parametrize(
    "address",
    ["", "bob", "a@b@c.example", "bob @x.example", "bob@x.example\nbcc:e@x.example", "<b@x.example>", "ü@x.example"],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(BadArgument):
        given([Arguments({"address": address})])


def test_a_name_is_one_line() -> None:
    assert given([Arguments({"name": "Bob\r\nBcc: x", "address": " bob@x.example "})]) == (
        Person("Bob Bcc: x", "bob@x.example"),
    )
