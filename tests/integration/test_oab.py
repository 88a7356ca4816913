"""Offline address books of two front ends of an array, fetched as clients do, and decoded (reference 6)."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import UUID

import requests
from attrs import evolve
from defusedxml.ElementTree import fromstring
from pylibmspack import OabFile, OabPatch

from casd.directory.sqlite_edit import edit
from casd.directory.sqlite_edit_mailboxes import put_mailbox
from casd.model import Mailbox
from casd.oab_book import EVERYBODY
from tests.casd.oab_estate import entries, person, told_of
from tests.integration.estate import EstateTestCase, FrontEnd
from tests.integration.process import PATIENCE, wait_until

PEOPLE = int(os.environ.get("CASD_ADDRESS_BOOK", "2000"))
"""Entries of the book: set it to 100000 to see a large one through, which takes some minutes."""

PIECE = 50_000


class AddressBooks(EstateTestCase):
    """Two front ends, each with a folder of its own, and no mailbox server at all."""

    def setUp(self) -> None:
        super().setUp()
        self.put(*(person(number) for number in range(PEOPLE)))
        self.fronts = [self._front("fe1"), self._front("fe2")]
        self.session = self.estate.session()
        self.session.headers["Authorization"] = self.estate.basic("alice")
        self.addCleanup(self.session.close)

    def test_books_are_made_fetched_changed_and_fetched_again(self) -> None:
        began = time.monotonic()
        first = self._manifest(1)
        self.report(f"{PEOPLE} entries could be had {time.monotonic() - began:.1f} s after both front ends had started")
        full = first.find("OAL/Full")
        old = bytes(OabFile.from_bytes(self._fetch(full)).read())
        found = {entry["PidTagSmtpAddress"]: entry for entry in entries(old)}
        for number in range(PEOPLE):
            assert found[person(number).address] == told_of(person(number))
        assert OabFile.from_bytes(self._fetch(first.find("OAL/Template"))).read()

        self.put(*(evolve(person(number), display_name=f"Other {number}") for number in range(0, PEOPLE, 100)))
        self.estate.casctl("oab", "build", ini=self.fronts[1].ini)
        second = self._manifest(2)
        difference = second.find("OAL/Diff")
        assert int(difference.attrib["size"]) < int(second.find("OAL/Full").attrib["size"]) / 20
        new = bytes(OabPatch.from_bytes(self._fetch(difference)).read(old))
        assert new == bytes(OabFile.from_bytes(self._fetch(second.find("OAL/Full"))).read())
        assert "Other 100" in {entry["PidTagDisplayName"] for entry in entries(new)}
        assert hashlib.sha1(self._fetch(full)).hexdigest() == full.attrib["SHA"]

        for front in self.fronts:
            assert "all as it should be" in self.estate.casctl("oab", "verify", ini=front.ini)
        folders = [{file.name: file.read_bytes() for file in folder.glob("*.lzx")} for folder in self._folders()]
        both = set(folders[0]) & set(folders[1])
        assert {name: folders[0][name] for name in both} == {name: folders[1][name] for name in both}
        self.report(f"{len(both)} files are the same in both folders; {len(new)} bytes by {difference.attrib['size']}")

    def test_a_front_end_that_is_killed_while_it_makes_them_is_made_up_for(self) -> None:
        self._manifest(1)
        self.put(*(person(number) for number in range(PEOPLE, 2 * PEOPLE)))
        for file in self._folders()[0].glob("*.lzx"):
            file.unlink()
        front = self.fronts[0]
        assert self._ask(front, f"{EVERYBODY.guid}-data-1.lzx").status_code == 503
        front.process.kill()
        again = self._front("fe1")
        wait_until(lambda: self._ask(again, f"{EVERYBODY.guid}-data-1.lzx").status_code == 200, "the file to be made")

    def test_another_s_book_cannot_be_had(self) -> None:
        self._manifest(1)
        front = self.fronts[0]
        unknown = self.session.get(f"{front.url}/OAB/{UUID(int=1)}/oab.xml", timeout=PATIENCE)
        assert unknown.status_code == 404
        self.session.headers.pop("Authorization")
        assert self._ask(front, "oab.xml").status_code == 401

    def put(self, *people: Mailbox) -> None:
        """Add or change mailboxes."""
        with edit(self.estate.demo / "directory.sqlite") as connection:
            for each in people:
                put_mailbox(connection, each)

    def _front(self, name: str) -> FrontEnd:
        sections = self.estate.sections(name)
        sections["oab"] = {"folder": str(self.estate.folder / f"oab-{name}")}
        return self.estate.front(name, sections)

    def _folders(self) -> list[Path]:
        return [self.estate.folder / f"oab-{name}" for name in ("fe1", "fe2")]

    def _ask(self, front: FrontEnd, name: str, **headers: str) -> requests.Response:
        url = f"{front.url}/OAB/{EVERYBODY.guid}/{name}"
        return self.session.get(url, headers=headers, timeout=PATIENCE)

    def _manifest(self, sequence: int) -> Any:
        """Return the manifest of a generation once both front ends show it: the same bytes, the same version."""

        def shown(front: FrontEnd) -> Callable[[], bool]:
            wanted = f'seq="{sequence}"'
            return lambda: wanted in (answer := self._ask(front, "oab.xml")).text and answer.status_code == 200

        for front in self.fronts:
            wait_until(shown(front), f"generation {sequence}")
        answers = [self._ask(front, "oab.xml") for front in self.fronts]
        assert answers[0].content == answers[1].content
        assert answers[0].headers["ETag"] == answers[1].headers["ETag"]
        assert answers[0].headers["Last-Modified"] == answers[1].headers["Last-Modified"]
        tag = answers[0].headers["ETag"]
        assert self._ask(self.fronts[1], "oab.xml", **{"If-None-Match": tag}).status_code == 304
        return fromstring(answers[0].content)

    def _fetch(self, listed: Any) -> bytes:
        """Return a file piece by piece, as BITS fetches it, from both front ends in turn."""
        name, size = listed.text, int(listed.attrib["size"])
        pieces, tag = [], None
        for begin, front in zip(range(0, size, PIECE), cycle(self.fronts), strict=False):
            wait_until(lambda front=front: self._ask(front, name, Range="bytes=0-0").status_code == 206, name)
            headers = {"Range": f"bytes={begin}-{begin + PIECE - 1}", **({"If-Range": tag} if tag else {})}
            answer = self._ask(front, name, **headers)
            assert answer.status_code == 206, answer.status_code
            tag = answer.headers["ETag"]
            pieces.append(answer.content)
        assert len(b"".join(pieces)) == size
        return b"".join(pieces)


class AddressBooksOfWorkers(AddressBooks):
    """The same with two workers in each front end."""

    workers = 2
