"""What the begin of a request says."""

from __future__ import annotations

import time

import pytest

from protocols.ews import glance
from tests.protocols.ews.soap import soap

_MAILBOX = "<t:Mailbox><t:Name>Al</t:Name><t:Address> alice@example.org </t:Address></t:Mailbox>"
OOF = soap(f"<m:GetUserOofSettingsRequest>{_MAILBOX}</m:GetUserOofSettingsRequest>")
ROOMS = soap("<m:GetRooms><m:RoomList/></m:GetRooms>")


@pytest.mark.parametrize(
    ("begun", "name"),
    [
        (ROOMS, "GetRooms"),
        (soap("<m:GetRoomLists/>"), "GetRoomLists"),
        (soap("<GetRooms\n>"), "GetRooms"),
        (soap(" \r\n<!-- <m:GetItem> --><?x <a>?><!----> <m:GetRooms a='1'>"), "GetRooms"),
        (soap("<m:GetRooms/>").replace(b"<s:Body>", b"<s:Body xmlns:x='y'\n>"), "GetRooms"),
        (soap("<GetRooms/>").replace(b"s:Body", b"Body"), "GetRooms"),
        (soap("<m:GetItem/>").decode().encode("utf-16"), "GetItem"),
        (soap("<m:G\u00e9t/>"), ""),
        (soap("<m:GetItem")[: -len("</s:Body></s:Envelope>")], ""),
        (soap("text <m:GetItem/>"), ""),
        (b"<s:Envelope><s:Body>", ""),
        (b"<s:Bodyguard><m:GetItem/>", ""),
        (b"\xff\xfe\x00", ""),
        (b"", ""),
    ],
)
def test_an_operation_is_known_by_its_name(begun: bytes, name: str) -> None:
    assert glance.operation(begun) == name


@pytest.mark.negative
@pytest.mark.parametrize(
    "hostile",
    [
        b"<s:Body " * 50_000,
        b"<" + b"a" * 500_000,
        b"<s:Body>" + b"<!---->" * 50_000,
        b"<s:Body>" + b"<!--" * 50_000,
        b"<s:Body>" + b" " * 500_000,
        b"<" * 500_000,
        soap("<m:SetUserOofSettingsRequest>" + "<t:Mailbox>" * 10_000 + "<t:Address>" * 10_000),
    ],
)
def test_what_is_no_request_costs_little_to_look_at(hostile: bytes) -> None:
    begun = time.process_time()
    glance.operation(hostile)
    glance.address(hostile)
    assert time.process_time() - begun < 0.5


def test_the_mailbox_of_a_request_is_known_before_its_end() -> None:
    assert glance.address(OOF) == "alice@example.org"
    assert glance.address(OOF[: OOF.index(b"</t:Address>") + 12]) == "alice@example.org"
    assert glance.address(OOF[: OOF.index(b"</t:Address>")]) == ""
    assert glance.address(OOF.decode().encode("utf-16")) == "alice@example.org"
    assert glance.address(OOF.replace(b"<s:Env", b"<?xml version='1.0' encoding='utf-7'?><s:Env", 1)) != ""


@pytest.mark.negative
@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"<a>",
        b"not xml",
        soap("<m:GetUserOofSettingsRequest><t:Address>a@b.example</t:Address></m:GetUserOofSettingsRequest>"),
        soap(f"<m:X><m:GetUserOofSettingsRequest>{_MAILBOX}</m:GetUserOofSettingsRequest></m:X>"),
        soap("<m:X/>", f"<m:X>{_MAILBOX}</m:X>"),
        soap("<m:X><t:Mailbox><t:Address/></t:Mailbox></m:X>"),
        b'<!DOCTYPE a [<!ENTITY b "alice@example.org">]>' + OOF.replace(b" alice@example.org ", b"&b;"),
        b"<?xml version='1.0'?><!-- --><!DOCTYPE a SYSTEM 'file:///etc/passwd'>" + OOF,
        b"<!-- <Body> --><!DOCTYPE a SYSTEM 'file:///etc/passwd'>" + OOF,
        b"\xef\xbb\xbf\xef\xbb\xbf<!DOCTYPE a SYSTEM 'file:///etc/passwd'>" + OOF,
        b"\xff\xfe" + b"\x00\xd8" * 20,
    ],
)  # fmt: skip
def test_no_mailbox_is_read_from_elsewhere(begun: bytes) -> None:
    assert glance.address(begun) == ""
