"""Whom somebody may be about to write to: correspondents, contacts, and the organisation's address book."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.logger import Logger

from casd.mailbox.call import Call
from casd.mailbox.owa.arguments import Arguments
from casd.mailbox.owa.contacts import known_people
from casd.mailbox.owa.people import Person, listed, shape
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.query import Page, Search

_MOST = 8
_log = Logger()


async def find_people(call: Call, arguments: Arguments) -> Any:
    """Return up to 8 people whose name or address has a word that begins so, the most written to first."""
    wanted = arguments.text("query").strip().lower()
    known = await call.database.read(_known, call.mailbox, wanted)
    people = [*known, *await _colleagues(call, wanted)]
    named = {person.address: person for person in people if person.name}
    order = [
        each for each in dict.fromkeys(person.address for person in people) if each != call.mailbox.address.lower()
    ]
    return {"people": shape(named.get(each, Person("", each)) for each in order[:_MOST])}


async def _colleagues(call: Call, wanted: str) -> Iterable[Person]:
    """Return whom the address book has; nobody while it cannot be asked."""
    try:
        found = await call.people(wanted, _MOST) if wanted else ()
    except Exception:  # whatever went wrong on the way, whom the mailbox knows can be written to
        _log.failure("the address book could not be asked")
        return ()
    return [Person(each.name, each.address.lower()) for each in found]


def _known(mailbox: MailboxStore, wanted: str) -> list[Person]:
    counts: dict[str, int] = {}
    names: dict[str, str] = {}
    for display in (*_correspondence(mailbox, wanted), *known_people(mailbox)):
        for person in listed(display):
            key = person.address.lower()
            if _matches(wanted, person.name, key):
                counts[key] = counts.get(key, 0) + 1
                names[key] = names.get(key) or person.name
    return [Person(names[key], key) for key in sorted(counts, key=lambda key: (-counts[key], key))]


def _correspondence(mailbox: MailboxStore, wanted: str) -> list[str]:
    """Return the recipients of what was sent last and the senders of what came last."""
    lines = []
    for name, word in (("sentitems", "to"), ("inbox", "from")):
        where = Search(f"{word}:{wanted}") if wanted.isalnum() else None
        found = mailbox.items.find([mailbox.folders.distinguished(name).id], where, page=Page(200))
        lines += [f"{item.to}; {item.cc}" if word == "to" else item.sender for item in found.items]
    return lines


def _matches(wanted: str, name: str, address: str) -> bool:
    return any(word.startswith(wanted) for word in (*name.lower().split(), address, name.lower()))
