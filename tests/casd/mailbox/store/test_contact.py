from __future__ import annotations

import pytest

from casd.mailbox.store.contact import read
from casd.mailbox.store.errors import BadContent
from tests.casd.mailbox.store.world import CONTACT


def card(*lines: str) -> bytes:
    return ("BEGIN:VCARD\r\nVERSION:3.0\r\n" + "".join(f"{line}\r\n" for line in lines) + "END:VCARD\r\n").encode()


def test_a_contact_has_its_columns() -> None:
    extract = read(CONTACT)
    assert extract.columns == {
        "subject": "Dave Müller",
        "given_name": "Dave",
        "surname": "Müller",
        "company": "Example",
        "sender": "dave@example.org",
        "to": "dave@example.org; dave@home.example",
        "uid": "card-1",
        "file_as": "Müller, Dave",
        "preview": "Plays chess",
    }
    assert extract.body == "Plays chess"
    assert extract.defaults == {"categories": ("Friends",)}


@pytest.mark.parametrize(
    ("lines", "file_as"),
    [
        (("FN:A B", "X-FILE-AS:Zed"), "Zed"),
        (("FN:A B", "SORT-STRING:Sorted"), "Sorted"),
        (("FN:A B",), "A B"),
        (("ORG:Company",), "Company"),
        ((), ""),
    ],
)
def test_there_is_something_to_sort_by(lines: tuple[str, ...], file_as: str) -> None:
    assert read(card(*lines)).columns["file_as"] == file_as


def test_a_newer_version_is_read_too() -> None:
    columns = read(CONTACT.replace(b"VERSION:3.0", b"VERSION:4.0")).columns
    assert (columns["given_name"], columns["company"]) == ("Dave", "Example")


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", b"\xff", b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n", b"BEGIN:VCARD\r\n"],
)
def test_what_is_no_vcard_is_refused(content: bytes) -> None:
    with pytest.raises(BadContent):
        read(content)
