"""What web mail asks of contacts; all its calls to the code that knows vCard are here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from casd.mailbox.ews import contacts
from casd.mailbox.ews.soundness import sound
from casd.mailbox.owa.arguments import Arguments
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.query import And, Compare, Filter, Operator, Order, Page, Search
from casd.mailbox.store.values import Item, Kind
from protocols.ews.paths import Property
from protocols.ews.values import Body

_FIELDS: Mapping[str, Property] = {
    "givenName": Property("contacts:GivenName"),
    "surname": Property("contacts:Surname"),
    "company": Property("contacts:CompanyName"),
    "jobTitle": Property("contacts:JobTitle"),
    "email": Property("contacts:EmailAddress", "EmailAddress1"),
    "email2": Property("contacts:EmailAddress", "EmailAddress2"),
    "mobile": Property("contacts:PhoneNumber", "MobilePhone"),
    "phone": Property("contacts:PhoneNumber", "BusinessPhone"),
    "street": Property("contacts:PhysicalAddress:Street", "Business"),
    "city": Property("contacts:PhysicalAddress:City", "Business"),
    "postalCode": Property("contacts:PhysicalAddress:PostalCode", "Business"),
    "country": Property("contacts:PhysicalAddress:CountryOrRegion", "Business"),
}
_NOTES = Property("item:Body")
_NAMES = frozenset({"givenName", "surname", "company", "email"})


def find_contact(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Return a page of the contacts, by name; `query` searches."""
    parts: list[Filter] = [Compare("kind", Operator.EQUAL, Kind.CONTACT)]
    if query := arguments.text("query", "").strip():
        parts.append(Search(query))
    page = Page(arguments.number("limit", 1000, 500), arguments.number("offset", 2**31, 0))
    home = mailbox.folders.distinguished("contacts").id
    found = mailbox.items.find([home], And(tuple(parts)), (Order("file_as"),), page)
    return {"total": found.total, "items": [_row(item) for item in found.items]}


@sound
def get_contact(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Return all that a form shows of a contact."""
    item = mailbox.items.get(arguments.text("id"))
    found = contacts.read(mailbox.items.content(item.id))
    notes = found.get(_NOTES)
    fields = {name: found.get(path, "") for name, path in _FIELDS.items()}
    return {**_row(item), **fields, "notes": notes.text if notes else ""}


@sound
def save_contact(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Make a contact, or change one; what is not named stays as it is."""
    changes: dict[Property, Any] = {
        path: arguments.text(name).strip() or None for name, path in _FIELDS.items() if arguments.has(name)
    }
    if arguments.has("notes"):
        changes[_NOTES] = Body("Text", arguments.text("notes"))
    if any(arguments.has(name) for name in _NAMES):  # what it is shown by follows from its names
        changes[Property("contacts:DisplayName")] = None
    named = arguments.optional_text("id")
    if named is None:
        made = contacts.write(b"", {Property("calendar:UID"): str(uuid4()), **changes})
        mailbox.admit(len(made))
        return _row(mailbox.items.create(mailbox.folders.distinguished("contacts").id, Kind.CONTACT, made, read=True))
    content = contacts.write(mailbox.items.content(named), changes)
    mailbox.admit(len(content), mailbox.items.length(named))
    return _row(mailbox.items.update(named, content))


def known_people(mailbox: MailboxStore) -> list[str]:
    """Return the contacts that have an address, each as a message names people."""
    home = mailbox.folders.distinguished("contacts").id
    found = mailbox.items.find([home], Compare("kind", Operator.EQUAL, Kind.CONTACT), page=Page(1000))
    return [f"{item.subject} <{item.sender}>" for item in found.items if item.sender]


def _row(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "folder": item.folder,
        "name": item.subject or item.file_as,
        "fileAs": item.file_as,
        "address": item.sender,
        "company": item.company,
    }
