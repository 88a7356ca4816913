"""A directory of people whose address books are made, and what clients make of the files."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from attrs import evolve
from defusedxml.ElementTree import fromstring
from oab.library import load_oab_file
from pylibmspack import OabFile, OabPatch

from casd.directory.sqlite import Directory, Settings
from casd.directory.sqlite_edit import edit
from casd.directory.sqlite_edit_groups import put_group
from casd.directory.sqlite_edit_mailboxes import put_mailbox, remove_mailbox
from casd.model import AddressBook, Generation, Group, Mailbox, Recipient
from casd.oab import Settings as OabSettings
from casd.oab_book import EVERYBODY
from casd.oab_build import Outcome, bring_up_to_date
from casd.oab_files import MANIFEST, Name

HOUR = 3600
NOON = 1_800_000_000

ALICE = Mailbox(
    UUID(int=1),
    "Alice@example.org",
    "alice@example.org",
    "DB01",
    "Alice Ä",
    ("ally@example.org",),
    "/o=Example/cn=Recipients/cn=alice",
    details={"given_name": "Alice", "surname": "Ä", "title": "Engineer", "mobile_phone": "+49 170 1"},
)
ROOM = Mailbox(
    UUID(int=3),
    "room@example.org",
    "room@example.org",
    "DB02",
    "Room 1",
    legacy_dn="/o=Example/cn=Recipients/cn=room",
    kind=Recipient.ROOM,
    details={"capacity": "12"},
)
HIDDEN = Mailbox(UUID(int=4), "hidden@example.org", "hidden@example.org", "DB01", "Hidden", hidden=True)
ALL = Group(UUID(int=2), "all@example.org", "All", "/o=Example/cn=all", members=("alice@example.org",))


def person(number: int, **more: Any) -> Mailbox:
    """Return a made-up one."""
    guid = UUID(int=(number * 0x9E3779B97F4A7C15F39CC0605CEDC835) % (1 << 128))  # as if by chance
    address = f"person{number}@example.org"
    dn = f"/o=Example/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn={guid.hex}-person{number}"
    details = {"given_name": f"First{number % 97}", "surname": f"Last{number % 997}", "company": "Example Ltd"}
    return evolve(Mailbox(guid, address, address, "DB01", f"Person {number}", (), dn, details=details), **more)


_TYPES = {Recipient.ROOM: 0x40000007, Recipient.EQUIPMENT: 0x40000008}
_WORDS = {
    "given_name": "PidTagGivenName",
    "surname": "PidTagSurname",
    "title": "PidTagTitle",
    "department": "PidTagDepartmentName",
    "company": "PidTagCompanyName",
    "office": "PidTagOfficeLocation",
    "business_phone": "PidTagBusinessTelephoneNumber",
    "mobile_phone": "PidTagMobileTelephoneNumber",
}


def told_of(mailbox: Mailbox) -> dict[str, Any]:
    """Return what a book tells of a mailbox, in the words of the package `oab`: all of it, and nothing else."""
    told = {
        "PidTagEmailAddress": mailbox.legacy_dn,
        "PidTagSmtpAddress": mailbox.address,
        "PidTagDisplayName": mailbox.display_name,
        "PidTagObjectType": 6,
        "PidTagDisplayType": 0,
        "PidTagDisplayTypeEx": _TYPES.get(mailbox.kind, 0x40000000),
        "PidTagAccount": mailbox.address.partition("@")[0],
        "PidTagAddressBookProxyAddresses": [
            f"SMTP:{mailbox.address}",
            *(f"smtp:{each}" for each in mailbox.proxy_addresses),
        ],
    }
    told |= {_WORDS[word]: text for word, text in mailbox.details.items() if word != "capacity"}
    if "capacity" in mailbox.details:
        told[str(0x08070003)] = int(mailbox.details["capacity"])
    return told


class Maker:
    """One front end's part in it: its folder, and its own opening of the directory."""

    def __init__(self, file: Path, folder: Path, books: Sequence[AddressBook] = (EVERYBODY,)) -> None:
        self.file = file
        self.folder = folder
        self.books = books
        self.now = float(NOON)
        self.settings = OabSettings(folder, True, 8 * HOUR, 7 * 24 * HOUR)
        self.directory = Directory(Settings(file))

    def make(self, **more: Any) -> Outcome:
        """Bring everything up to date."""
        return bring_up_to_date(self.directory, self.settings, self.books, now=lambda: self.now, **more)

    def generations(self) -> Sequence[Generation]:
        """Return what is recorded."""
        found: Sequence[Generation] = asyncio.run(self.directory.generations())
        return found

    def put(self, *mailboxes: Mailbox) -> None:
        """Add or change mailboxes."""
        with edit(self.file) as connection:
            for mailbox in mailboxes:
                put_mailbox(connection, mailbox)

    def put_group(self, group: Group) -> None:
        """Add or change a group."""
        with edit(self.file) as connection:
            put_group(connection, group)

    def remove(self, *mailboxes: Mailbox) -> None:
        """Remove mailboxes."""
        with edit(self.file) as connection:
            for mailbox in mailboxes:
                remove_mailbox(connection, mailbox.guid)

    def files(self) -> dict[str, bytes]:
        """Return everything that clients may get."""
        return {each.name: each.read_bytes() for each in self.folder.iterdir() if each.suffix in {".lzx", ".xml"}}

    def manifest(self, sequence: int, book: AddressBook = EVERYBODY) -> Any:
        """Return a manifest's <OAL>."""
        return fromstring((self.folder / str(Name(book.guid, MANIFEST, sequence))).read_bytes()).find("OAL")

    def full(self, sequence: int, book: AddressBook = EVERYBODY) -> bytes:
        """Return a whole book, as libmspack decodes it."""
        return decoded((self.folder / f"{book.guid}-data-{sequence}.lzx").read_bytes())

    def stepped(self, old: bytes, sequence: int, book: AddressBook = EVERYBODY) -> bytes:
        """Return what libmspack makes of the book of before by a difference."""
        difference = (self.folder / f"{book.guid}-binpatch-{sequence}.lzx").read_bytes()
        return bytes(OabPatch.from_bytes(difference).read(old))


def decoded(content: bytes) -> bytes:
    """Return what libmspack decodes."""
    return bytes(OabFile.from_bytes(content).read())


def entries(details: bytes) -> list[dict[str, Any]]:
    """Return the records of a book, as the package `oab` reads them."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "udetails.oab")
        file.write_bytes(details)
        return [each["record"] for each in load_oab_file(str(file))["address_book"]]
