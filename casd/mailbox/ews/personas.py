"""FindPeople and GetPersona: people of the contacts and of the address book, one persona for each address."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo

from casd.mailbox.call import Call
from casd.mailbox.ews import contacts, directory, identifiers, places
from casd.mailbox.ews.directory import Known
from casd.mailbox.ews.identifiers import Kind
from casd.mailbox.store.errors import BadContent, NotFound
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.query import Order, Page, Search
from protocols.ews import personas, views
from protocols.ews.errors import BadDocument, Refusal
from protocols.ews.markup import Element, child, children, local
from protocols.ews.paths import Property
from protocols.ews.personas import Persona

_ADDRESS_BOOK = frozenset({"directory", "galcontacts", "recipientcache"})
"""Distinguished folders that are no folders of the mailbox, but the address book."""

_EMAILS = tuple(f"EmailAddress{number}" for number in (1, 2, 3))


async def find_people(call: Call, body: Element, _zone: tzinfo) -> Element:
    """Serve FindPeople: in a folder of contacts, or in the address book."""
    words, view = views.query_string(body), views.parse(body)
    if not isinstance(view, views.Page):
        raise BadDocument("FindPeople pages by an IndexedPageItemView.")
    parents = children(body, "ParentFolderId")
    if _is_address_book(parents[0] if parents else None):
        people = [_colleague(call.mailbox, one) for one in await directory.look_up(call, words, "ActiveDirectory")]
    else:
        people = await call.database.run(_in_folder, call.mailbox, parents[0], words)
    return personas.found(people, view)


def _is_address_book(node: Element | None) -> bool:
    return node is None or (local(node) == "DistinguishedFolderId" and node.get("Id") in _ADDRESS_BOOK)


def _in_folder(mailbox: MailboxStore, node: Element, words: str) -> list[Persona]:
    home = places.folder_of(mailbox, node)
    where = Search(words) if words else None
    found = mailbox.items.find([home.id], where, (Order("subject"),), Page(limit=views.MAX_ENTRIES))
    return [_persona(mailbox, Known(item.sender, item.subject, item)) for item in found.items if item.kind == "contact"]


async def get_persona(call: Call, body: Element, _zone: tzinfo) -> Element:
    """Serve GetPersona."""
    node = child(body, "PersonaId")
    if node is None:
        raise BadDocument("The required element 'PersonaId' is missing.")
    identity = node.get("Id", "")
    try:
        return personas.got(await _get(call, identity))
    except Refusal as refused:
        return personas.refused(refused, identity)
    except NotFound:
        return personas.refused(Refusal("ErrorPersonNotFound"), identity)


async def _get(call: Call, identity: str) -> Persona:
    name = identifiers.decode(Kind.PERSONA, call.mailbox, identity, "ErrorPersonNotFound")
    if "@" not in name:
        return await call.database.run(_of_item, call.mailbox, name)
    found = [one for one in await directory.people(call, name, 1) if one.address.casefold() == name]
    if not found:
        raise Refusal("ErrorPersonNotFound")
    return _colleague(call.mailbox, Known(found[0].address, found[0].name, kind=found[0].kind))


def _of_item(mailbox: MailboxStore, name: str) -> Persona:
    item = mailbox.items.get(name)
    return _persona(mailbox, Known(item.sender, item.subject, item))


def _colleague(mailbox: MailboxStore, one: Known) -> Persona:
    given, surname = one.names
    return Persona(
        id=identifiers.encode(Kind.PERSONA, mailbox, one.address.casefold()),
        name=one.name or one.address,
        given=given,
        surname=surname,
        emails=(one.address,),
        kind=one.kind,
    )


def _persona(mailbox: MailboxStore, one: Known) -> Persona:
    assert one.item is not None  # noqa: S101 (only contacts come here)
    return Persona(
        id=identifiers.encode(Kind.PERSONA, mailbox, one.item.id),
        name=one.name or one.address,
        given=one.item.given_name,
        surname=one.item.surname,
        company=one.item.company,
        file_as=one.item.file_as,
        emails=tuple(_emails(mailbox, one.item.id)),
        created=one.item.created,
    )


def _emails(mailbox: MailboxStore, item: str) -> Iterator[str]:
    try:
        found = contacts.read(mailbox.items.content(item))
    except BadContent:
        return
    for key in _EMAILS:
        if (address := found.get(Property("contacts:EmailAddress", key))) is not None:
            yield str(address)
