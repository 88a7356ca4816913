"""The full details file, as the package `oab` reads it (reference 6.3)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from oab.library import load_oab_file

from protocols.oab import records, template
from protocols.oab.crc import crc
from protocols.oab.records import HEADER, OBJECTS, Value, details, number, record
from tests.protocols.oab.people import book


def read(folder: Path, *entries: dict[int, Value | None]) -> Any:
    """Return what the package finds in a file with these entries."""
    file = folder / "udetails.oab"
    file.write_bytes(b"".join(details("All", "a-guid", 7, [record(OBJECTS, each) for each in entries])))
    return load_oab_file(str(file))


def test_6_3_header_and_tables(tmp_path: Path) -> None:
    found = read(tmp_path, {records.EMAIL_ADDRESS: "/cn=a"}, {})
    assert found["OAB_HDR"]["ulVersion"] == 0x20
    assert found["OAB_HDR"]["ulTotRecs"] == 2
    assert found["header_record"]["record"] == {
        "PidTagOfflineAddressBookName": "\\All",
        "PidTagOfflineAddressBookDistinguishedName": "/",
        "PidTagOfflineAddressBookSequence": 7,
        "PidTagOfflineAddressBookContainerGuid": "a-guid",
    }
    tables = found["OAB_META_DATA"]
    assert tables["rgHdrAtts"]["cAtts"] == len(HEADER) == 4
    flags = {name: flags for name, _, flags in tables["rgOabAtts"]["rgProps"]}
    assert flags["PidTagEmailAddress"] == flags["PidTagSmtpAddress"] == 2
    assert flags["PidTagDisplayName"] == 1
    assert flags["PidTagOfflineAddressBookTruncatedProperties"] == 0


def test_6_3_the_serial_is_the_checksum_of_what_follows_the_header() -> None:
    data = b"".join(details("All", "g", 1, list(book(range(9)).values())))
    assert int.from_bytes(data[4:8], "little") == crc(data[12:])


def test_6_3_every_value_is_read_as_it_was_written(tmp_path: Path) -> None:
    (entry,) = read(
        tmp_path,
        {
            records.EMAIL_ADDRESS: "/o=x/cn=a",
            records.SMTP_ADDRESS: "grüße@例え.example",
            records.DISPLAY_NAME: "Zoë 李",
            records.OBJECT_TYPE: 6,
            records.DISPLAY_TYPE_EX: 0x40000007,
            records.TITLE: "",
            records.OFFICE: None,
            records.PROXY_ADDRESSES: ["SMTP:a@example.org", "smtp:b@example.org"],
            records.ROOM_CAPACITY: 1000,
        },
    )["address_book"]
    assert entry["record"] == {
        "PidTagEmailAddress": "/o=x/cn=a",
        "PidTagSmtpAddress": "grüße@例え.example",
        "PidTagDisplayName": "Zoë 李",
        "PidTagObjectType": 6,
        "PidTagDisplayTypeEx": 0x40000007,
        "PidTagAddressBookProxyAddresses": ["SMTP:a@example.org", "smtp:b@example.org"],
        str(records.ROOM_CAPACITY): 1000,
    }


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, "00"), (0x7F, "7f"), (0x80, "8180"), (0x1234, "823412"), (0x123456, "83563412"), (0x40000007, "8407000040")],
)
def test_6_3_integers_take_one_byte_or_are_counted(value: int, written: str) -> None:
    assert number(value) == bytes.fromhex(written)


def test_6_3_a_text_that_is_too_long_is_cut_and_listed_as_cut(tmp_path: Path) -> None:
    (entry,) = read(tmp_path, {records.TITLE: "ü" * 1701, records.OFFICE: "ü" * 1700})["address_book"]
    assert entry["record"]["PidTagTitle"] == "ü" * 1700 == entry["record"]["PidTagOfficeLocation"]
    assert entry["record"]["PidTagOfflineAddressBookTruncatedProperties"] == ["PidTagTitle"]


def test_6_3_other_types_of_properties_are_written_too() -> None:
    table = [records.Property(tag) for tag in (0x3A40000B, 0x3A220102, 0x80011003, 0x3A701102)]
    written = record(table, {0x3A40000B: True, 0x3A220102: b"abc", 0x80011003: [1, 300], 0x3A701102: [b"x"]})
    assert written == bytes.fromhex("12000000f0 01 03616263 0201822c01 010178".replace(" ", ""))


@pytest.mark.negative
def test_no_text_ends_before_its_end(tmp_path: Path) -> None:
    (entry,) = read(tmp_path, {records.TITLE: "Head\0of", records.OFFICE: "B1"})["address_book"]
    assert entry["record"] == {"PidTagTitle": "Headof", "PidTagOfficeLocation": "B1"}


def test_6_3_the_template_is_an_empty_one() -> None:
    assert len(template.EMPTY) == 256
    assert bytes((7,)) + bytes(255) == template.EMPTY
