from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from casd.mailbox.ews import contacts
from casd.mailbox.store.errors import BadContent
from protocols.ews.paths import Property
from protocols.ews.values import Body
from tests.casd.mailbox.store.world import CONTACT


def path(text: str) -> Property:
    uri, _, index = text.partition("/")
    return Property(f"contacts:{uri}" if not uri.startswith("item") else uri, index)


def write(changes: dict[str, Any], content: bytes = b"") -> bytes:
    return contacts.write(content, {path(text): value for text, value in changes.items()})


def read(content: bytes) -> dict[str, Any]:
    return {str(one).removeprefix("contacts:"): value for one, value in contacts.read(content).items()}


FULL = {
    "DisplayName": "Ann Öther",
    "GivenName": "Ann",
    "MiddleName": "M",
    "Surname": "Öther",
    "Generation": "Jr",
    "Nickname": "An",
    "CompanyName": "ACME",
    "Department": "R&D",
    "JobTitle": "Boss",
    "FileAs": "Öther; Ann, M",
    "BusinessHomePage": "http://x.org",
    "Birthday": datetime(1970, 2, 3, 11, 59, tzinfo=UTC),
    "EmailAddress/EmailAddress1": "a@x.org",
    "EmailAddress/EmailAddress3": "c@x.org",
    "ImAddress/ImAddress2": "im@x.org",
    "PhoneNumber/MobilePhone": "1",
    "PhoneNumber/BusinessPhone2": "2",
    "PhoneNumber/HomeFax": "3",
    "PhoneNumber/Telex": "4",
    "PhysicalAddress:Street/Home": "S 1",
    "PhysicalAddress:City/Home": "C",
    "PhysicalAddress:PostalCode/Business": "12",
    "item:Body": Body("Text", "note\nmore"),
}


def test_everything_is_written_and_read_again() -> None:
    found = read(write(FULL))
    assert {name: found[name] for name in FULL} == FULL
    assert dict(found["CompleteName"])["LastName"] == "Öther"
    assert found["HasPicture"] is False


def test_everything_is_taken_away_again() -> None:
    left = read(write(dict.fromkeys(FULL), write(FULL)))
    assert set(left) == {"item:MimeContent", "item:Body", "item:TextBody", "CompleteName", "HasPicture"}
    assert read(write(dict.fromkeys(FULL)))["HasPicture"] is False


def test_one_entry_changes_and_the_others_stay() -> None:
    changed = read(write({"PhoneNumber/MobilePhone": "9", "PhysicalAddress:City/Home": None}, write(FULL)))
    assert (changed["PhoneNumber/MobilePhone"], changed["PhoneNumber/HomeFax"]) == ("9", "3")
    assert ("PhysicalAddress:City/Home" in changed, changed["PhysicalAddress:Street/Home"]) == (False, "S 1")
    only = read(write({"CompanyName": None}, write(FULL)))
    assert ("CompanyName" in only, only["Department"]) == (False, "R&D")


def test_a_name_is_made_up_for_who_has_none() -> None:
    for changes, name in (
        ({"GivenName": "Ann", "Surname": "B"}, "Ann B"),
        ({"CompanyName": "ACME"}, "ACME"),
        ({"EmailAddress/EmailAddress1": "a@x.org"}, "a@x.org"),
    ):
        assert read(write(changes))["DisplayName"] == name


def test_a_card_of_others_finds_keys_by_its_types() -> None:
    lines = (
        b"TEL;TYPE=home,voice:1\r\nTEL;TYPE=CELL:2\r\nTEL;TYPE=WORK;TYPE=FAX:3\r\nTEL:4\r\nTEL;TYPE=HOME:5\r\n"
        b"ADR;TYPE=WORK:;;S;C;;1;\r\nADR:;;T;;;;\r\nBDAY:unknown\r\nEMAIL:third@x.org\r\nEMAIL:fourth@x.org\r\n"
    )
    found = read(CONTACT.replace(b"NOTE", lines + b"NOTE"))
    phones = {name: value for name, value in found.items() if name.startswith("PhoneNumber")}
    assert phones == {
        "PhoneNumber/HomePhone": "1",
        "PhoneNumber/MobilePhone": "2",
        "PhoneNumber/BusinessFax": "3",
        "PhoneNumber/OtherTelephone": "4",
        "PhoneNumber/HomePhone2": "5",
    }
    assert (found["PhysicalAddress:Street/Business"], found["PhysicalAddress:Street/Other"]) == ("S", "T")
    assert sorted(name for name in found if name.startswith("EmailAddress")) == [
        *("EmailAddress/EmailAddress1", "EmailAddress/EmailAddress2", "EmailAddress/EmailAddress3")
    ]
    assert "Birthday" not in found


def test_an_html_note_becomes_text() -> None:
    assert read(write({"item:Body": Body("HTML", "<b>x</b>")}))["item:Body"] == Body("Text", "x")


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff", b"BEGIN:VCARD\r\n"])
def test_what_is_no_card_is_bad_content(content: bytes) -> None:
    with pytest.raises(BadContent):
        contacts.read(content)
