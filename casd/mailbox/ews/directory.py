"""The operations that look people up: names, lists; and ConvertId, which looks at identifiers alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from attrs import frozen

from casd.mailbox.call import Call, Person, Unanswered
from casd.mailbox.ews import contacts, groups, identifiers, kinds, lists, places
from casd.mailbox.ews.answers import each
from casd.mailbox.store.errors import BadContent
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.query import Contains, Mode, Or, Order, Page
from casd.mailbox.store.values import Item
from protocols.ews import personas, responses
from protocols.ews.codecs import choice, parse_boolean, write_id, write_mailbox
from protocols.ews.errors import BadDocument, Refusal
from protocols.ews.items import write
from protocols.ews.markup import Child, Element, child, children, local, m, t, text
from protocols.ews.paths import Path, Property
from protocols.ews.values import Address
from protocols.ews.values import Item as Shown

MOST = 100
"""People of one answer (ResolveNames operation, remarks)."""

_SCOPE = choice("ActiveDirectory", "ActiveDirectoryContacts", "Contacts", "ContactsActiveDirectory")
_KINDS = {"Contact": "Contact", "DistributionList": "PrivateDL"}
_FIELDS = ("subject", "given_name", "surname", "file_as")


@frozen
class Known:
    """Somebody who was found: in the address book, or (with an `item`) among the contacts."""

    address: str
    name: str
    item: Item | None = None
    kind: str = "user"

    @property
    def names(self) -> tuple[str, str]:
        """The given name and the surname of a person, as far as the whole one says."""
        given, _, surname = self.name.rpartition(" ") if self.kind == "user" else ("", "", "")
        return (given, surname) if given else (surname, "")


async def resolve_names(call: Call, body: Element, _zone: tzinfo) -> Element:
    """Serve ResolveNames."""
    words = text(body, "UnresolvedEntry")
    if child(body, "UnresolvedEntry") is None:
        raise BadDocument("The required element 'UnresolvedEntry' is missing.")
    scope = _SCOPE.constant(body.get("SearchScope", "ActiveDirectoryContacts"))
    full = parse_boolean(body.get("ReturnFullContactData", "false"))
    found = await look_up(call, words.removeprefix("smtp:").removeprefix("SMTP:"), scope)
    if not found:
        message = responses.error("ResolveNames", Refusal("ErrorNameResolutionNoResults"))
        return responses.answer("ResolveNames", [message])
    shown = await call.database.run(_resolutions, call.mailbox, found[:MOST], full=full)
    more = {"TotalItemsInView": str(len(shown)), "IncludesLastItemInRange": "true" if len(found) <= MOST else "false"}
    resolved = m("ResolutionSet", shown, **more)
    if len(found) == 1:
        return responses.answer("ResolveNames", [responses.success("ResolveNames", resolved)])
    several = Refusal("ErrorNameResolutionMultipleResults")
    return responses.answer("ResolveNames", [responses.warning("ResolveNames", several, resolved)])


async def people(call: Call, words: str, limit: int) -> Sequence[Person]:
    """Return who in the address book begins so. Raises `Refusal` (ErrorADUnavailable)."""
    try:
        return await call.people(words, limit)
    except Unanswered:
        raise Refusal("ErrorADUnavailable") from None


async def look_up(call: Call, words: str, scope: str = "ActiveDirectoryContacts") -> list[Known]:
    """Return who is meant by a begin of a name or an address, each address once."""
    found = [] if scope == "Contacts" or not words else await people(call, words, MOST + 1)
    colleagues = [Known(person.address, person.name, kind=person.kind) for person in found]
    own = [] if scope == "ActiveDirectory" else await call.database.run(_contacts, call.mailbox, words)
    both = own + colleagues if scope == "ContactsActiveDirectory" else colleagues + own
    return list({one.address.casefold() or one.name: one for one in reversed(both)}.values())[::-1]


def _contacts(mailbox: MailboxStore, words: str) -> list[Known]:
    if not words:
        return []
    home = mailbox.folders.distinguished("contacts").id
    begins = tuple(Contains(field, words, Mode.PREFIX) for field in (*_FIELDS, "to"))
    inside = tuple(Contains(field, f" {words}") for field in ("subject", "to"))
    found = mailbox.items.find([home], Or((*begins, *inside)), (Order("subject"),), Page(limit=MOST + 1))
    return [Known(item.sender, item.subject, item) for item in found.items]


def _resolutions(mailbox: MailboxStore, found: Sequence[Known], *, full: bool) -> list[Element]:
    return [
        t("Resolution", _mailbox(mailbox, one), _contact(mailbox, one) if full or one.item else None) for one in found
    ]


def _mailbox(mailbox: MailboxStore, one: Known) -> Element:
    known = personas.MAILBOX_TYPES.get(one.kind, "Mailbox")
    kind = known if one.item is None else _KINDS[kinds.known(one.item).element]
    identity = None if one.item is None else write_id("ItemId", identifiers.of_item(mailbox, one.item))
    address = [t("EmailAddress", one.address), t("RoutingType", "SMTP")] if one.address else []
    return t("Mailbox", t("Name", one.name or one.address), *address, t("MailboxType", kind), identity)


def _contact(mailbox: MailboxStore, one: Known) -> Element:
    found: dict[Path, object] = {Property("contacts:DisplayName"): one.name or one.address}
    if one.item is not None:
        try:
            found |= contacts.read(mailbox.items.content(one.item.id))
        except BadContent:
            found |= {}
    else:
        said = zip(("contacts:GivenName", "contacts:Surname"), one.names, strict=True)
        found |= {Property(uri): value for uri, value in said if value}
        found[Property("contacts:EmailAddress", "EmailAddress1")] = f"SMTP:{one.address}"
    source = "ActiveDirectory" if one.item is None else "Store"
    shown = {path: value for path, value in found.items() if str(path).startswith("contacts:")}
    return write(Shown("Contact", {**shown, Property("contacts:ContactSource"): source}))


async def expand_dl(call: Call, body: Element, _zone: tzinfo) -> Element:
    """Serve ExpandDL: one's own lists by their ids, the groups of the address book by their addresses."""
    mailbox = child(body, "Mailbox")
    if mailbox is None:
        raise BadDocument("The required element 'Mailbox' is missing.")
    identity = child(mailbox, "ItemId")
    if identity is None:
        return await groups.expand(call, text(mailbox, "EmailAddress"))
    members = await call.database.read(_members, call.mailbox, identity)
    listed = m("DLExpansion", map(write_mailbox, members), TotalItemsInView=str(len(members)))
    listed.set("IncludesLastItemInRange", "true")
    return responses.answer("ExpandDL", [responses.success("ExpandDL", listed)])


def _members(mailbox: MailboxStore, node: Element) -> Sequence[Address]:
    item = places.item_of(mailbox, node)
    if kinds.known(item).element != "DistributionList":
        raise Refusal("ErrorNameResolutionNoResults")
    found: Sequence[Address] = lists.read(mailbox.items.content(item.id)).get(Property("distributionlist:Members"), ())
    return found


def convert_id(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve ConvertId: identifiers of EWS into themselves, for there is no other form of them here."""
    wanted = body.get("DestinationFormat", "")

    def convert(node: Element) -> Sequence[Child]:
        if local(node) != "AlternateId":
            raise Refusal("ErrorUnsupportedTypeForConversion")
        text = node.get("Id", "")
        identifiers.kind(text)
        if {wanted, node.get("Format")} != {"EwsId"}:
            raise Refusal("ErrorUnsupportedTypeForConversion")
        converted = m("AlternateId", Format=wanted, Id=text, Mailbox=mailbox.address)
        converted.set("{http://www.w3.org/2001/XMLSchema-instance}type", "t:AlternateIdType")
        return [converted]

    return each("ConvertId", convert, children(body, "SourceIds"))
