"""GetRoomLists and GetRooms: what the directory knows of rooms."""

from __future__ import annotations

from casd.access import ClientAccess
from casd.directory.members import TooMany, members
from casd.model import Identity, Recipient
from casd.net.exchange import Exchange
from protocols.ews import rooms
from protocols.ews.envelope import Request
from protocols.ews.errors import Refusal
from protocols.ews.markup import Element


async def get_room_lists(_exchange: Exchange, access: ClientAccess, _identity: Identity, _request: Request) -> Element:
    """Answer GetRoomLists with the lists that are not hidden."""
    found = await access.directory.room_lists()
    return rooms.lists((one.display_name, one.address) for one in found if not one.hidden)


async def get_rooms(_exchange: Exchange, access: ClientAccess, _identity: Identity, request: Request) -> Element:
    """Answer GetRooms with the rooms of a list, those of lists in it included; it may hold others, who are no rooms."""
    group = await access.directory.group(rooms.asked(request.body))
    if group is None or not group.room_list:
        raise Refusal("ErrorNameResolutionNoResults")
    try:
        found = await members(access.directory, group)
    except TooMany:
        raise Refusal("ErrorExceededFindCountLimit", "The list has too many members to be shown.") from None
    return rooms.rooms((one.display_name, one.address) for one in found.mailboxes if one.kind is Recipient.ROOM)


OPERATIONS = {"GetRoomLists": get_room_lists, "GetRooms": get_rooms}
