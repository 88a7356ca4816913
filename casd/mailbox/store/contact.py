"""What is in vCard content."""

from __future__ import annotations

from typing import Any

import vobject

from casd.mailbox.store.errors import BadContent
from casd.mailbox.store.extract import Extract, extracted

MAILTO = "mailto:"
"""How a MEMBER of a group begins that is an address (RFC 6350 section 6.6.5)."""


def read(content: bytes) -> Extract:
    """Return what columns take from a vCard: `sender` is the first e-mail address, `to` all of them, members too.

    Raises `BadContent`.
    """
    card = _card(content)
    emails = [line.value for line in card.contents.get("email", ())]
    members = [line.value.removeprefix(MAILTO) for line in card.contents.get("member", ())]
    name = card.contents["n"][0].value if "n" in card.contents else None
    given, surname = (_joined(name.given), _joined(name.family)) if name else ("", "")
    columns = {
        "subject": _string(card, "fn"),
        "given_name": given,
        "surname": surname,
        "company": _joined(card.contents["org"][0].value[:1]) if "org" in card.contents else "",
        "sender": emails[0] if emails else "",
        "to": "; ".join((*emails, *members)),
        "uid": _string(card, "uid"),
    }
    columns["file_as"] = _file_as(card, columns)
    if _string(card, "kind").lower() == "group":
        columns["item_class"] = "IPM.DistList"
    categories = tuple(category for line in card.contents.get("categories", ()) for category in line.value)
    return extracted(columns, _string(card, "note"), {"categories": categories} if categories else {})


def _card(content: bytes) -> Any:
    try:
        card = vobject.readOne(content.decode("utf-8"))
    except (vobject.base.VObjectError, StopIteration, ValueError, AttributeError) as error:
        raise BadContent(f"not a vCard: {error}") from error
    if card.name != "VCARD":
        raise BadContent(f"a {card.name} is not a vCard")
    return card


def _string(card: Any, name: str) -> str:
    return str(card.contents[name][0].value) if name in card.contents else ""


def _joined(value: str | list[str]) -> str:
    return value if isinstance(value, str) else " ".join(value)


def _file_as(card: Any, columns: dict[str, str]) -> str:
    """Return what to sort by: what the card says, else "Surname, Given", else what there is."""
    said = _string(card, "x-file-as") or _string(card, "sort-string")
    full = ", ".join(part for part in (columns["surname"], columns["given_name"]) if part)
    return said or full or columns["subject"] or columns["company"]
