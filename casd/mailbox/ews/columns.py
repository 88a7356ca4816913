"""The table of properties that are columns of the store: how each is shown, kept and compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email.utils import parseaddr
from typing import Any

from attrs import frozen

from protocols.ews.paths import Path, Property
from protocols.ews.values import Address


def _same(value: Any) -> Any:
    return value


@frozen
class Column:
    """An attribute of `Item`. `show` makes the property's value of it, `keep` the attribute of that."""

    field: str
    show: Callable[[Any], Any] = _same
    keep: Callable[[Any], Any] = _same


def _words(field: str, *words: str) -> Column:
    return Column(field, lambda number: words[number] if 0 <= number < len(words) else words[0], words.index)


def _named(field: str, words: Mapping[str, str]) -> Column:
    shown = {word: name for name, word in words.items()}
    return Column(field, shown.get, lambda name: words.get(name, name))


def address(text: str) -> Address:
    """Return who is meant by a name with an address in angle brackets."""
    name, found = parseaddr(text)
    return Address(found, name) if found else Address("", text)


def addresses(text: str) -> tuple[Address, ...]:
    """Return who is meant by such texts with semicolons between them."""
    return tuple(address(one) for one in text.split("; ") if one)


def _names(text: str) -> str:
    return "; ".join(one.name or one.address for one in addresses(text))


def _angular(text: str) -> str:
    return " ".join(f"<{identifier}>" for identifier in text.split())


def _bare(text: str) -> str:
    return text.strip().removeprefix("<").removesuffix(">")


_BUSY = ("Free", "Tentative", "Busy", "OOF", "WorkingElsewhere", "NoData")
BUSY = {word: word.lower() for word in _BUSY}
"""How time counts, in EWS and in the store."""

STATUSES = {
    "NotStarted": "NEEDS-ACTION",
    "InProgress": "IN-PROCESS",
    "Completed": "COMPLETED",
    "WaitingOnOthers": "X-WAITING",
    "Deferred": "X-DEFERRED",
}
"""The status of a task, in EWS and as the STATUS of a VTODO."""

_PERSON = Column("sender", address)

COLUMNS: Mapping[str, Column] = {
    "item:ItemClass": Column("item_class"),
    "item:Subject": Column("subject"),
    "item:Sensitivity": _words("sensitivity", "Normal", "Personal", "Private", "Confidential"),
    "item:DateTimeReceived": Column("received"),
    "item:Size": Column("size"),
    "item:Categories": Column("categories"),
    "item:Importance": _words("importance", "Low", "Normal", "High"),
    "item:InReplyTo": Column("in_reply_to", _angular, _bare),
    "item:IsDraft": Column("draft"),
    "item:DateTimeSent": Column("sent"),
    "item:DateTimeCreated": Column("created"),
    "item:DisplayCc": Column("cc", _names),
    "item:DisplayTo": Column("to", _names),
    "item:DisplayBcc": Column("bcc", _names),
    "item:HasAttachments": Column("has_attachments"),
    "item:LastModifiedTime": Column("modified"),
    "item:Flag": _words("flag", "NotFlagged", "Complete", "Flagged"),
    "item:Preview": Column("preview"),
    "message:Sender": _PERSON,
    "message:From": _PERSON,
    "message:ConversationTopic": Column("subject"),
    "message:InternetMessageId": Column("message_id", _angular, _bare),
    "message:IsRead": Column("read"),
    "message:References": Column("references", _angular, _bare),
    "postitem:PostedTime": Column("sent"),
    "calendar:UID": Column("uid"),
    "calendar:Start": Column("start"),
    "calendar:End": Column("end"),
    "calendar:IsAllDayEvent": Column("all_day"),
    "calendar:LegacyFreeBusyStatus": _named("busy", BUSY),
    "calendar:Location": Column("location"),
    "calendar:IsRecurring": Column("recurring", lambda _recurring: False),  # occurrences are, their series is not
    "calendar:Organizer": _PERSON,
    "contacts:FileAs": Column("file_as"),
    "contacts:DisplayName": Column("subject"),
    "contacts:GivenName": Column("given_name"),
    "contacts:CompanyName": Column("company"),
    "contacts:Surname": Column("surname"),
    "task:DueDate": Column("end"),
    "task:StartDate": Column("start"),
    "task:IsRecurring": Column("recurring"),
    "task:PercentComplete": Column("percent"),
    "task:Status": _named("status", STATUSES),
}

KEPT = frozenset(
    {"item:ItemClass", "item:Categories", "item:Flag", "item:Importance", "item:Sensitivity", "message:IsRead"}
)
"""Columns that a client sets, whether or not the content has a place for them too."""

_OF_THE_CONTENT = frozenset({"calendar:Start", "calendar:End"})
"""The store takes a day for the day in UTC: when it begins in its time zone, only its content says."""


def value(get: Callable[[str], Any], uri: str) -> Any:
    """Return what an attribute of an `Item`, which `get` returns by its name, says of a property; None: nothing."""
    column = COLUMNS.get(uri)
    if column is None or (uri in _OF_THE_CONTENT and get("all_day")):
        return None
    found = get(column.field)
    return None if found in ("", None, ()) else column.show(found)


def read(attributes: Mapping[str, Any]) -> dict[Path, Any]:
    """Return all properties that attributes of an `Item` say."""
    found = {Property(uri): value(attributes.get, uri) for uri in COLUMNS}
    return {path: known for path, known in found.items() if known is not None}
