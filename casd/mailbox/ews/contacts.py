"""Contacts: the properties that are in a vCard (RFC 2426), read and written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

import vobject
from attrs import frozen

from casd.mailbox.store.errors import BadContent
from casd.mailbox.store.extract import plain
from protocols.ews.paths import Path, Property
from protocols.ews.values import Body

_TEXTS = {
    "contacts:DisplayName": "fn",
    "contacts:FileAs": "x-file-as",
    "contacts:JobTitle": "title",
    "contacts:BusinessHomePage": "url",
    "contacts:Nickname": "nickname",
}
_NAME = {
    "contacts:GivenName": "given",
    "contacts:Surname": "family",
    "contacts:MiddleName": "additional",
    "contacts:Generation": "suffix",
}
_UNITS = ("contacts:CompanyName", "contacts:Department")
_DAYS = {"contacts:Birthday": "bday", "contacts:WeddingAnniversary": "x-anniversary"}
_PARTS = {"Street": "street", "City": "city", "State": "region", "CountryOrRegion": "country", "PostalCode": "code"}
_PLACES = {"Home": "HOME", "Business": "WORK", "Other": "POSTAL"}
_NOON = time(11, 59)
"""When a day is in Exchange, so that it is the same day nearly everywhere."""

_KEY = "X-EWS-KEY"
"""The parameter that tells apart what vCard's own types do not."""


@frozen
class _Dictionary:
    """Lines of one name as entries by key. `types` are the TYPEs of each key, most special first."""

    uri: str
    line: str
    types: dict[str, tuple[str, ...]]


_EMAILS = _Dictionary(
    "contacts:EmailAddress",
    "email",
    {"EmailAddress1": (), "EmailAddress2": (), "EmailAddress3": ()},  # INTERNET goes without saying (section 3.3.2)
)
_IMS = _Dictionary("contacts:ImAddress", "impp", {"ImAddress1": (), "ImAddress2": (), "ImAddress3": ()})
_PHONES = _Dictionary(
    "contacts:PhoneNumber",
    "tel",
    {
        "BusinessFax": ("WORK", "FAX"),
        "HomeFax": ("HOME", "FAX"),
        "OtherFax": ("FAX",),
        "MobilePhone": ("CELL",),
        "Pager": ("PAGER",),
        "CarPhone": ("CAR",),
        "Isdn": ("ISDN",),
        "PrimaryPhone": ("PREF",),
        "BusinessPhone": ("WORK",),
        "BusinessPhone2": ("WORK",),
        "HomePhone": ("HOME",),
        "HomePhone2": ("HOME",),
        "AssistantPhone": ("VOICE",),
        "Callback": ("VOICE",),
        "CompanyMainPhone": ("WORK",),
        "RadioPhone": ("VOICE",),
        "Telex": ("VOICE",),
        "TtyTddPhone": ("VOICE",),
        "OtherTelephone": ("VOICE",),
    },
)
_DICTIONARIES = (_EMAILS, _IMS, _PHONES)


def parse(content: bytes) -> Any:
    """Return a vCard. Raises `BadContent`."""
    try:
        card = vobject.readOne(content.decode("utf-8"))
    except (vobject.base.VObjectError, StopIteration, ValueError, AttributeError) as error:
        raise BadContent(f"not a vCard: {error}") from error
    return card


def read(content: bytes) -> dict[Path, Any]:
    """Return the properties in a vCard. Raises `BadContent`."""
    card = parse(content)
    found: dict[Path, Any] = {Property(uri): _string(card, name) for uri, name in _TEXTS.items()}
    note = Body("Text", _string(card, "note"))
    found |= {Property("item:MimeContent"): content, Property("item:Body"): note, Property("item:TextBody"): note}
    found |= {Property(uri): _name(card, part) for uri, part in _NAME.items()}
    found |= dict(zip(map(Property, _UNITS), (*_units(card), "", ""), strict=False))
    found |= {Property(uri): _day(_string(card, name)) for uri, name in _DAYS.items()}
    for dictionary in _DICTIONARIES:
        found |= {Property(dictionary.uri, key): line.value for key, line in _entries(card, dictionary)}
    found |= dict(_addresses(card))
    found[Property("contacts:CompleteName")] = _complete_name(found)
    found[Property("contacts:HasPicture")] = "photo" in card.contents
    return {path: value for path, value in found.items() if value not in (None, "")}


def write(content: bytes, changes: Mapping[Property, Any]) -> bytes:
    """Return a vCard with some properties changed; None takes one away. Without a content it begins empty."""
    card = parse(content) if content else vobject.vCard()
    if "n" not in card.contents:
        card.add("n").value = vobject.vcard.Name()
    for path, value in changes.items():
        if path.index:
            _put_entry(card, path, value)
        else:
            _WRITERS[path.uri](card, value)
    if not _string(card, "fn"):  # which no vCard may be without (RFC 2426 section 3.1.1)
        card.contents.pop("fn", None)
        card.add("fn").value = _formatted(card)
    try:
        return str(card.serialize()).encode("utf-8")
    except vobject.base.VObjectError as error:
        raise BadContent(f"not a vCard: {error}") from error


def _string(card: Any, name: str) -> str:
    return str(card.contents[name][0].value) if name in card.contents else ""


def _name(card: Any, part: str) -> str:
    if "n" not in card.contents:
        return ""
    return _joined(getattr(card.n.value, part))


def _joined(value: str | list[str]) -> str:
    return value if isinstance(value, str) else " ".join(value)


def _units(card: Any) -> list[str]:
    return [str(unit) for unit in card.org.value] if "org" in card.contents else []


def _day(text: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(text[:10]), _NOON, UTC) if text else None
    except ValueError:
        return None


def _types(line: Any) -> set[str]:
    return {name.upper() for value in line.params.get("TYPE", ()) for name in value.split(",")}


def _entries(card: Any, dictionary: _Dictionary) -> Iterator[tuple[str, Any]]:
    """Yield each line with its key: the one that it says, else the first free one that its types allow."""
    lines = card.contents.get(dictionary.line, ())
    said = {id(line): line.params[_KEY][0] for line in lines if line.params.get(_KEY)}
    taken = set(said.values())
    for line in lines:
        key = said.get(id(line)) or _free_key(dictionary, _types(line), taken)
        if key in dictionary.types:
            taken.add(key)
            yield key, line


def _free_key(dictionary: _Dictionary, types: set[str], taken: set[str]) -> str:
    fitting = (key for key, wanted in dictionary.types.items() if key not in taken and types.issuperset(wanted))
    spare = (key for key in reversed(dictionary.types) if key not in taken)
    return next(fitting, "") or next(spare, "")


def _addresses(card: Any) -> Iterator[tuple[Path, str]]:
    for line in card.contents.get("adr", ()):
        place = _place(line)
        for part, name in _PARTS.items():
            yield Property(f"contacts:PhysicalAddress:{part}", place), _joined(getattr(line.value, name))


def _place(line: Any) -> str:
    return next((place for place, name in _PLACES.items() if name in _types(line)), "Other")


def _complete_name(found: Mapping[Path, Any]) -> tuple[tuple[str, str], ...]:
    named = {path.uri.removeprefix("contacts:"): value for path, value in found.items() if isinstance(path, Property)}
    parts = ("FirstName", "GivenName"), ("MiddleName",) * 2, ("LastName", "Surname"), ("Suffix", "Generation")
    rest = ("FullName", "DisplayName"), ("Nickname",) * 2
    return tuple((name, named.get(uri, "")) for name, uri in (*parts, *rest))


def _formatted(card: Any) -> str:
    given = " ".join(filter(None, (_name(card, "given"), _name(card, "family"))))
    return given or next(iter(_units(card)), "") or _string(card, "email")


def _put_text(name: str) -> Callable[[Any, Any], None]:
    def change(card: Any, value: str | None) -> None:
        card.contents.pop(name, None)
        if value:
            card.add(name).value = value

    return change


def _put_missing_name(card: Any, value: str | None) -> None:
    """Name by its subject who has no name."""
    if value and not _string(card, "fn"):
        _put_text("fn")(card, value)


def _put_name(part: str) -> Callable[[Any, Any], None]:
    return lambda card, value: setattr(card.n.value, part, value or "")


def _put_unit(index: int) -> Callable[[Any, Any], None]:
    def change(card: Any, value: str | None) -> None:
        units = (*_units(card), "", "")[:2]
        units = (value or "", units[1]) if index == 0 else (units[0], value or "")
        card.contents.pop("org", None)
        if any(units):
            card.add("org").value = list(units) if units[1] else [units[0]]

    return change


def _put_day(name: str) -> Callable[[Any, Any], None]:
    return lambda card, value: _put_text(name)(card, value and value.date().isoformat())


def _put_note(card: Any, value: Body | None) -> None:
    _put_text("note")(card, value and (plain(value.text) if value.type == "HTML" else value.text))


def _put_entry(card: Any, path: Property, value: str | None) -> None:
    if path.uri.startswith("contacts:PhysicalAddress:"):
        _put_address(card, path, value)
        return
    dictionary = next(one for one in _DICTIONARIES if one.uri == path.uri)
    line = dict(_entries(card, dictionary)).get(path.index)
    if not value:
        _drop(card, line)
        return
    if line is None:
        line = card.add(dictionary.line)
        line.params[_KEY] = [path.index]
        line.params |= {"TYPE": list(dictionary.types[path.index])} if dictionary.types[path.index] else {}
    line.value = value


def _drop(card: Any, line: Any) -> None:
    if line is not None:
        card.remove(line)


def _put_address(card: Any, path: Property, value: str | None) -> None:
    line = next((one for one in card.contents.get("adr", ()) if _place(one) == path.index), None)
    if line is None:
        if not value:
            return
        line = card.add("adr")
        line.value = vobject.vcard.Address()
        line.params["TYPE"] = [_PLACES[path.index]]
    setattr(line.value, _PARTS[path.uri.rpartition(":")[2]], value or "")
    if not any(getattr(line.value, name) for name in _PARTS.values()):
        card.remove(line)


_WRITERS: Mapping[str, Callable[[Any, Any], None]] = {
    **{uri: _put_text(name) for uri, name in _TEXTS.items()},
    **{uri: _put_name(part) for uri, part in _NAME.items()},
    **{uri: _put_unit(index) for index, uri in enumerate(_UNITS)},
    **{uri: _put_day(name) for uri, name in _DAYS.items()},
    "calendar:UID": _put_text("uid"),
    "item:Subject": _put_missing_name,
    "item:Body": _put_note,
}

URIS = frozenset(
    {*_WRITERS, *(dictionary.uri for dictionary in _DICTIONARIES)}
    | {f"contacts:PhysicalAddress:{part}" for part in _PARTS}
)
"""Properties that a vCard has a place for."""

READS = URIS | {"item:MimeContent", "item:TextBody", "contacts:CompleteName", "contacts:HasPicture"}
"""Properties that `read` knows."""
