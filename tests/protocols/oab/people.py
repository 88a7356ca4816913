"""Made-up entries of an address book, as records: the same ones for the same numbers."""

from __future__ import annotations

import random
from uuid import UUID

from protocols.oab import records

_FIRST = ("Anna", "Bernd", "Claire", "Dmitri", "Eva", "François", "Gréta", "李")
_LAST = ("Müller", "Smith", "Dubois", "Rossi", "Novák")


def entry(number: int) -> tuple[str, bytes]:
    """Return the key of an entry and its record."""
    chance = random.Random(number)
    guid = UUID(int=chance.getrandbits(128)).hex
    first, last = chance.choice(_FIRST), f"{chance.choice(_LAST)} {number}"
    unit = "/o=Example/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients"
    values: dict[int, records.Value | None] = {
        records.EMAIL_ADDRESS: f"{unit}/cn={guid}-{number}",
        records.SMTP_ADDRESS: f"person{number}@example.org",
        records.DISPLAY_NAME: f"{first} {last}",
        records.OBJECT_TYPE: 6,
        records.DISPLAY_TYPE: 0,
        records.DISPLAY_TYPE_EX: 0x40000000,
        records.GIVEN_NAME: first,
        records.SURNAME: last,
        records.TITLE: chance.choice(("Engineer", "Head of Sales", "")),
        records.COMPANY: "Example Ltd",
        records.OFFICE: f"B{chance.randrange(9)}.{chance.randrange(500)}",
        records.PROXY_ADDRESSES: [f"SMTP:person{number}@example.org", f"smtp:p{number}@example.org"],
    }
    return guid, records.record(records.OBJECTS, values)


def book(numbers: range) -> dict[str, bytes]:
    """Return entries in the order of their keys."""
    return dict(sorted(map(entry, numbers)))
