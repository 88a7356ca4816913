"""The table of the kinds of items: how each is named in EWS, and who reads and writes its content."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Any

from attrs import frozen

from casd.mailbox.ews import appointments, contacts, lists, mail, meeting_messages, tasks
from casd.mailbox.ews.soundness import sound
from casd.mailbox.store.values import Item, Kind
from protocols.ews.paths import Path, Property


@frozen
class Known:
    """`element` and `home` are its name in EWS and its default folder.

    `read` takes a content and knows the properties `reads`; `write` takes a content (empty: a new one), changes
    to the properties `uris`, and the time zone of times without an offset. `item_class` is what new ones are,
    where it is not what the store gives to this kind.
    """

    kind: Kind
    element: str
    home: str
    read: Callable[[bytes], dict[Path, Any]]
    reads: frozenset[str]
    write: Callable[[bytes, Mapping[Property, Any], tzinfo], bytes]
    uris: frozenset[str]
    item_class: str = ""


def _zoneless(write: Callable[[bytes, Mapping[Property, Any]], bytes]) -> Any:
    return lambda content, changes, _zone: write(content, changes)


_MAIL = (mail.read, mail.READS, sound(_zoneless(mail.write)), mail.URIS)
_APPOINTMENT = (sound(appointments.read), appointments.READS, sound(appointments.write), appointments.URIS)
_TASK = (sound(tasks.read), tasks.READS, sound(tasks.write), tasks.URIS)
_CONTACT = (sound(contacts.read), contacts.READS, sound(_zoneless(contacts.write)), contacts.URIS)
_ALL = (
    Known(Kind.MAIL, "Message", "drafts", *_MAIL),
    Known(Kind.NOTE, "Item", "notes", *_MAIL),
    Known(Kind.APPOINTMENT, "CalendarItem", "calendar", *_APPOINTMENT),
    Known(Kind.TASK, "Task", "tasks", *_TASK),
    Known(Kind.CONTACT, "Contact", "contacts", *_CONTACT),
)

_MEETING = (sound(meeting_messages.read), meeting_messages.READS, *_MAIL[2:])
_LIST = (sound(lists.read), lists.READS, sound(_zoneless(lists.write)), lists.URIS)
_MADE = {
    "ipm.distlist": Known(Kind.CONTACT, "DistributionList", "contacts", *_LIST, "IPM.DistList"),
    "ipm.post": Known(Kind.NOTE, "PostItem", "inbox", *_MAIL, "IPM.Post"),
}
_OF_MEETINGS = {
    "ipm.schedule.meeting.request": Known(Kind.MAIL, "MeetingRequest", "inbox", *_MEETING),
    "ipm.schedule.meeting.resp": Known(Kind.MAIL, "MeetingResponse", "inbox", *_MEETING),
    "ipm.schedule.meeting.canceled": Known(Kind.MAIL, "MeetingCancellation", "inbox", *_MEETING),
}
"""Messages that only meetings make."""

_BY_CLASS = {**_MADE, **_OF_MEETINGS}
"""Items that are what the begin of their item class says."""

KINDS = {known.kind: known for known in _ALL}
ELEMENTS = {known.element: known for known in (*_ALL, *_MADE.values())}
SHOWN = ELEMENTS | {known.element: known for known in _OF_MEETINGS.values()}


def known(item: Item) -> Known:
    """Return what is known of the kind that an item is shown as."""
    name = item.item_class.lower()
    for begin, found in _BY_CLASS.items():
        if found.kind is item.kind and (name == begin or name.startswith(f"{begin}.")):
            return found
    return KINDS[item.kind]
