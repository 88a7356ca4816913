"""Properties that neither a column nor any content has a place for, kept beside the item as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from protocols.ews.codecs import parse_boolean, parse_integer, show_binary, show_boolean, show_moment
from protocols.ews.errors import BadDocument
from protocols.ews.fields import KINDS, Field
from protocols.ews.paths import Extended, Path, Property

_CODECS = {row.uri: row.codec for rows in KINDS.values() for row in rows if isinstance(row, Field)}
_KEPT = frozenset(
    (
        *(
            "item:Culture",
            "item:InReplyTo",
            "item:ReminderDueBy",
            "item:ReminderIsSet",
            "item:ReminderMinutesBeforeStart",
        ),
        *("message:IsResponseRequested", "calendar:AllowNewTimeProposal", "calendar:ConferenceType"),
        *("calendar:IsResponseRequested", "calendar:MeetingWorkspaceUrl", "calendar:NetShowUrl", "calendar:When"),
        *("contacts:AssistantName", "contacts:Children", "contacts:Companies", "contacts:FileAsMapping"),
        *("contacts:Initials", "contacts:Manager", "contacts:Mileage", "contacts:OfficeLocation"),
        *("contacts:PostalAddressIndex", "contacts:Profession", "contacts:SpouseName"),
        *("task:ActualWork", "task:BillingInformation", "task:Companies", "task:Contacts", "task:Mileage"),
        "task:TotalWork",
    )
)

SUBJECT = Property("item:Subject")
"""Kept beside a contact, whose content has a name only: what is called otherwise than it is named says so here."""

VERBATIM = frozenset({"item:InReplyTo", "message:InternetMessageId", "message:References"})
"""Text that a header takes only as identifiers: where it is none, the client's own words are kept beside."""


def keeps(path: Path) -> bool:
    """Say whether a property is kept here when the content has no place for it; any of MAPI is."""
    return isinstance(path, Extended) or path.uri in _KEPT


def dump(path: Path, value: Any) -> Any:
    """Return a property's value as JSON keeps it, so that it compares and sorts as what it is."""
    if isinstance(value, tuple):
        return [dump(path, one) for one in value]
    if isinstance(value, datetime):
        return show_moment(value)
    if isinstance(value, bytes):
        return show_binary(value)
    return _typed(path.type, value) if isinstance(path, Extended) else value


def _typed(name: str, text: str) -> Any:
    match name.removesuffix("Array"):
        case "Boolean":
            return parse_boolean(text)
        case "Integer" | "Short":
            return parse_integer(text)
        case "Double" | "Float":
            return _number(text)
    return text


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadDocument(f"The value '{text[:40]}' is not a number.") from None


def load(properties: Mapping[str, Any], path: Path) -> Any:
    """Return the value of a property among those kept, None if it is not there."""
    value = properties.get(str(path))
    if value is None:
        return None
    return _shown(value) if isinstance(path, Extended) else _loaded(path, value)


def _shown(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_shown, value))
    return show_boolean(value) if isinstance(value, bool) else f"{value}"


def _loaded(path: Property, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    codec = _CODECS.get(path.uri)
    return codec.constant(value) if codec and isinstance(value, str) else value
