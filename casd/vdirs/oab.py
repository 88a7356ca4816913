"""/OAB: the offline address book."""

from __future__ import annotations

import os

from casd.access import ClientAccess
from casd.model import Anchor, Identity
from casd.net.exchange import Exchange
from casd.net.sending import Sending
from casd.oab_book import book_of
from casd.oab_shelf import LATER, Found, Later
from casd.routing import switched_on
from casd.vdirs.vdir import TEXT, Vdir, later, user
from protocols.http1 import RequestHead, Response
from protocols.http_ranges import Failed, Part, Unchanged, Unsatisfiable, Version, asked

_NOTHING = Response(404, (TEXT,), b"There is no such address book, or it is not yours.\n")
_OFF = Response(403, ((b"X-CasErrorCode", b"ProtocolDisabled"), TEXT), b"The address book is switched off for you.\n")
_METHODS = Response(405, ((b"Allow", b"GET, HEAD"), TEXT), b"An address book can only be read.\n")
_MAKING = 30
"""Seconds after which a file that is being made may be there."""


class Oab(Vdir):
    """Answered from files that are made here; where none are made, relayed to the server of the user's mailbox."""

    paths = ("oab",)
    protocol = "oab"
    component = "OabProxy"

    def anchor(self, head: RequestHead, identity: Identity) -> Anchor:
        """Return the authenticated user."""
        return user(identity)

    async def meant(
        self, exchange: Exchange, access: ClientAccess, identity: Identity
    ) -> Response | Sending | Anchor | None:
        """Return a file of the user's own book: of any other he does not even learn whether there is one."""
        if access.shelf is None:
            return None
        found = await self._find(exchange, access, identity)
        answer = _asked(exchange, found, access) if isinstance(found, Found) else found
        return later(b"AddressBookNotMadeYet", _MAKING) if isinstance(answer, Later) else answer

    async def _find(self, exchange: Exchange, access: ClientAccess, identity: Identity) -> Found | Later | Response:
        head = exchange.head
        if head.method not in {b"GET", b"HEAD"}:
            return _METHODS
        topology = await access.topology()
        if not switched_on(identity.mailbox, self.protocol, topology, []):
            return _OFF
        book = book_of(access.books, identity.mailbox, topology)
        segments = head.target.segments
        if book is None or len(segments) != 3 or segments[1].lower() != str(book.guid):
            return _NOTHING
        exchange.notes["why"] = f"address book {book.name}"
        return await access.shelf.find(book, segments[2]) or _NOTHING


def _asked(exchange: Exchange, found: Found, access: ClientAccess) -> Response | Sending | Later:
    """Return what is asked for of a file."""
    try:
        descriptor = os.open(found.path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:  # it was kept too long just now
        return LATER
    head, size = exchange.head, os.fstat(descriptor).st_size
    match asked(head.method, head.get, found.version, size):
        case Part() as part:
            kind = b"text/xml; charset=utf-8" if found.path.suffix == ".xml" else b"application/octet-stream"
            fields = [(b"Content-Type", kind), (b"Accept-Ranges", b"bytes"), *_about(found.version)]
            if part.status == 206:
                fields.append((b"Content-Range", part.content_range))
            return Sending(exchange, descriptor, part, fields, access.clock)
        case Unchanged():
            answer = Response(304, _about(found.version))
        case Failed():
            answer = Response(412, (TEXT,), b"This file is another one by now: begin anew.\n")
        case Unsatisfiable():
            answer = Response(416, ((b"Content-Range", b"bytes */%d" % size), TEXT), b"The file ends before that.\n")
    os.close(descriptor)
    return answer


def _about(version: Version) -> tuple[tuple[bytes, bytes], ...]:
    """Return the fields that tell which version it is; whoever keeps it asks each time whether it still holds."""
    return (b"ETag", version.etag), (b"Last-Modified", version.date), (b"Cache-Control", b"private, no-cache")
