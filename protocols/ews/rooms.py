"""GetRoomLists and GetRooms on the wire: the lists of rooms, and the rooms of one."""

from __future__ import annotations

from collections.abc import Iterable

from protocols.ews import responses
from protocols.ews.errors import BadDocument
from protocols.ews.markup import Element, child, m, t, text


def asked(body: Element) -> str:
    """Return the address of the list that a GetRooms is about. Raises `BadDocument`."""
    listed = child(body, "RoomList")
    if listed is None:
        raise BadDocument("The required element 'RoomList' is missing.")
    return text(listed, "EmailAddress")


def lists(found: Iterable[tuple[str, str]]) -> Element:
    """Return the answer to GetRoomLists: names and addresses."""
    named = (t("Address", _mailbox(name, address, "PublicDL")) for name, address in found)
    return responses.alone("GetRoomLists", m("RoomLists", named))


def rooms(found: Iterable[tuple[str, str]]) -> Element:
    """Return the answer to GetRooms: names and addresses."""
    listed = (t("Room", t("Id", _mailbox(name, address, "Mailbox"))) for name, address in found)
    return responses.alone("GetRooms", m("Rooms", listed))


def _mailbox(name: str, address: str, kind: str) -> list[Element]:
    said = {"Name": name or address, "EmailAddress": address, "RoutingType": "SMTP", "MailboxType": kind}
    return [t(part, value) for part, value in said.items()]
