"""How the value of a property stands in XML: one codec for each type of the schema."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from attrs import frozen
from lxml import etree

from protocols.ews.errors import BadDocument, Refusal
from protocols.ews.markup import Element, child, local, t
from protocols.ews.markup import text as text_of
from protocols.ews.values import Address, Attendee, Body, Distinguished, Happening, Id, Search

_BLANK = " \t\r\n"
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d:\d\d(?:\.\d{1,6})?)\d*)?(Z|[+-]\d\d:\d\d)?")


@frozen
class Codec:
    """One type. `read` takes an element, `write` a name and a value, `constant` the text in a restriction.

    What is not of the type raises `BadDocument`. `write` is never given None.
    """

    read: Callable[[Element], Any]
    write: Callable[[str, Any], Element]
    constant: Callable[[str], Any]


def scalar(parse: Callable[[str], Any], show: Callable[[Any], str] = str) -> Codec:
    """Return the codec of a type that is the text of its element."""
    return Codec(lambda node: parse(node.text or ""), lambda name, value: t(name, show(value)), parse)


def parse_boolean(text: str) -> bool:
    """Read an xs:boolean."""
    try:
        return {"true": True, "1": True, "false": False, "0": False}[text.strip(_BLANK).lower()]
    except KeyError:
        raise BadDocument(f"The value '{text}' is not a boolean.") from None


def show_boolean(value: bool) -> str:
    """Write an xs:boolean."""
    return "true" if value else "false"


def parse_integer(text: str) -> int:
    """Read an xs:int of 32 bits."""
    try:
        value = int(text) if len(text) < 32 else None
    except ValueError:
        value = None
    if value is None or not -(2**31) <= value < 2**31:
        raise BadDocument(f"The value '{text[:40]}' is not a whole number of 32 bits.")
    return value


def parse_moment(text: str) -> datetime:
    """Read an xs:dateTime or xs:date; without an offset it is naive, for the request's time zone to settle."""
    match = _MOMENT.fullmatch(text.strip(_BLANK))
    try:
        day, clock, offset = match.groups() if match else ("", "", "")
        moment = datetime.fromisoformat(f"{day}T{clock or '00:00:00'}{offset or ''}")
        return moment.astimezone(UTC) if offset else moment
    except (ValueError, OverflowError):
        raise BadDocument(f"The value '{text[:40]}' is not a time.") from None


def show_moment(value: datetime) -> str:
    """Write an xs:dateTime: whole seconds, UTC; a naive one stays without an offset."""
    if value.tzinfo is None:
        return value.isoformat(timespec="seconds")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def parse_binary(text: str) -> bytes:
    """Read an xs:base64Binary; line breaks are allowed in it."""
    try:
        return b64decode("".join(text.split()), validate=True)
    except (BadBase64, ValueError):
        raise BadDocument("The value is not base64.") from None


def show_binary(value: bytes) -> str:
    """Write an xs:base64Binary."""
    return b64encode(value).decode("ascii")


def choice(*words: str) -> Codec:
    """Return the codec of an enumeration."""

    def parse(text: str) -> str:
        if (word := text.strip(_BLANK)) not in words:
            raise BadDocument(f"The value '{text[:40]}' is not one of {', '.join(words)}.")
        return word

    return scalar(parse)


def _real(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadDocument(f"The value '{text[:40]}' is not a number.") from None


def _no_constant(text: str) -> Any:
    raise Refusal("ErrorUnsupportedPathForQuery", f"'{text[:40]}' cannot be compared with this property.")


def _structure(read: Callable[[Element], Any], content: Callable[[Any], Iterable[Element]]) -> Codec:
    return Codec(read, lambda name, value: t(name, content(value)), _no_constant)


def read_mailbox(node: Element) -> Address:
    """Read an EmailAddressType. An address of Exchange's own type (EX) is taken as it stands."""
    return Address(text_of(node, "EmailAddress"), text_of(node, "Name"))


def write_mailbox(value: Address, name: str = "Mailbox") -> Element:
    """Write an EmailAddressType."""
    address = [t("EmailAddress", value.address), t("RoutingType", "SMTP")] if value.address else []
    return t(name, t("Name", value.name or value.address), *address, t("MailboxType", "Mailbox"))


def _first_mailbox(node: Element) -> Address:
    found = child(node, "Mailbox")
    if found is None:
        raise BadDocument(f"The element '{local(node)}' has no Mailbox.")
    return read_mailbox(found)


def _read_attendee(node: Element) -> Attendee:
    answered = text_of(node, "LastResponseTime")
    moment = parse_moment(answered) if answered else None
    return Attendee(_first_mailbox(node), text_of(node, "ResponseType", "Unknown"), moment)


def _write_attendee(value: Attendee) -> Element:
    answered = t("LastResponseTime", show_moment(value.answered)) if value.answered else None
    return t("Attendee", write_mailbox(value.mailbox), t("ResponseType", value.response), answered)


def _read_member(node: Element) -> Address:
    member = _first_mailbox(node)
    if not member.address:
        raise Refusal("ErrorInvalidSmtpAddress", "A member of a list needs an EmailAddress.")
    return member


def _read_body(node: Element) -> Body:
    if (kind := node.get("BodyType", "")) not in {"HTML", "Text"}:
        raise BadDocument(f"The BodyType '{kind}' is neither HTML nor Text.")
    return Body(kind, node.text or "")


def _read_flag(node: Element) -> str:
    return str(choice("NotFlagged", "Flagged", "Complete").constant(text_of(node, "FlagStatus")))


def read_id(node: Element) -> Id:
    """Read an ItemIdType or FolderIdType."""
    return Id(node.get("Id", ""), node.get("ChangeKey", ""))


def write_id(name: str, value: Id) -> Element:
    """Write an ItemIdType or FolderIdType."""
    return t(name, Id=value.text, **({"ChangeKey": value.change_key} if value.change_key else {}))


def read_folder_id(node: Element) -> Id | Distinguished:
    """Read a FolderId or a DistinguishedFolderId. Raises `BadDocument`."""
    if local(node) == "DistinguishedFolderId":
        owner = child(node, "Mailbox")
        return Distinguished(node.get("Id", ""), "" if owner is None else text_of(owner, "EmailAddress"))
    if local(node) != "FolderId":
        raise BadDocument(f"The element '{local(node)}' is not a folder's id.")
    return read_id(node)


def _read_search(node: Element) -> Search:
    restriction, folders = child(node, "Restriction"), child(node, "BaseFolderIds")
    if restriction is None or folders is None:
        raise BadDocument("SearchParameters are a Restriction and BaseFolderIds.")
    markup = etree.tostring(restriction, encoding="unicode", with_tail=False)
    return Search(markup, tuple(map(read_folder_id, folders)), node.get("Traversal") == "Deep")


def _write_search(name: str, value: Search) -> Element:
    ids = (write_id("FolderId", one) for one in value.folders if isinstance(one, Id))
    traversal = "Deep" if value.deep else "Shallow"
    return t(name, etree.fromstring(value.restriction), t("BaseFolderIds", ids), Traversal=traversal)


def _read_only(write: Callable[[str, Any], Element]) -> Codec:
    def read(node: Element) -> Any:
        raise BadDocument(f"The element '{local(node)}' is only ever answered.")

    return Codec(read, write, _no_constant)


def _write_happening(name: str, value: Happening) -> Element:
    times = {"Start": value.start, "End": value.end, "OriginalStart": value.original}
    return t(name, write_id("ItemId", value.id), *(t(key, show_moment(moment)) for key, moment in times.items()))


RIGHTS_ALL = ("CreateAssociated", "CreateContents", "CreateHierarchy", "Delete", "Modify", "Read", "ViewPrivateItems")
"""What one may do with an item or a folder (EffectiveRightsType)."""

TEXT = scalar(lambda text: text)
LINE = scalar(lambda text: text[:255])
"""Text of which Exchange keeps no more (a property of type PtypString that is no stream)."""

WORD = scalar(lambda text: text.strip(_BLANK))
BOOLEAN = scalar(parse_boolean, show_boolean)
INTEGER = scalar(parse_integer)
REAL = scalar(_real, lambda value: f"{value:g}")
MOMENT = scalar(parse_moment, show_moment)
BINARY = scalar(parse_binary, show_binary)
STRINGS = Codec(
    lambda node: tuple(each.text or "" for each in node if local(each) == "String"),
    lambda name, value: t(name, *(t("String", each) for each in value)),
    lambda text: text,
)
MAILBOX = Codec(_first_mailbox, lambda name, value: t(name, write_mailbox(value)), lambda text: text)
MAILBOXES = Codec(
    lambda node: tuple(read_mailbox(each) for each in node if local(each) == "Mailbox"),
    lambda name, value: t(name, *map(write_mailbox, value)),
    lambda text: text,
)
ATTENDEES = _structure(
    lambda node: tuple(_read_attendee(each) for each in node if local(each) == "Attendee"),
    lambda value: map(_write_attendee, value),
)
MEMBERS = _structure(
    lambda node: tuple(_read_member(each) for each in node if local(each) == "Member"),
    lambda value: (t("Member", write_mailbox(one), t("Status", "Normal")) for one in value),
)
BODY = Codec(_read_body, lambda name, value: t(name, value.text, BodyType=value.type), lambda text: text)
MIME = Codec(
    lambda node: parse_binary(node.text or ""),
    lambda name, value: t(name, show_binary(value), CharacterSet="UTF-8"),
    _no_constant,
)
FLAG = Codec(_read_flag, lambda name, value: t(name, t("FlagStatus", value)), _no_constant)
SEARCH = Codec(_read_search, _write_search, _no_constant)
ID = Codec(read_id, write_id, lambda text: text)
ZONE = Codec(lambda node: node.get("Id", ""), lambda name, value: t(name, Id=value, Name=value), _no_constant)
HEADERS = _read_only(
    lambda name, value: t(name, *(t("InternetMessageHeader", each.value, HeaderName=each.name) for each in value))
)
RIGHTS = _read_only(lambda name, value: t(name, *(t(right, show_boolean(right in value)) for right in RIGHTS_ALL)))
OCCURRENCE = _read_only(_write_happening)
OCCURRENCES = _read_only(lambda name, value: t(name, *(_write_happening("Occurrence", one) for one in value)))
DELETED_OCCURRENCES = _read_only(
    lambda name, value: t(name, *(t("DeletedOccurrence", t("Start", show_moment(one))) for one in value))
)
COMPLETE_NAME = _read_only(lambda name, value: t(name, *(t(part, words) for part, words in value if words)))
