"""A stand-in for front door and mailbox server: EWS with Basic authentication, from one database in a folder."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from lxml import etree
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from casd.mailbox.call import Call, Receipt
from casd.mailbox.ews.service import serve
from casd.mailbox.push import Push
from casd.mailbox.store.database import MailboxDatabase
from casd.mailbox.store.mailbox import MailboxStore
from casd.net.exchange import Exchange
from casd.net.http import Channel, Limits
from casd.net.unnoted import Unnoted
from protocols.ews.markup import SOAP
from protocols.ews.schema import grammar
from protocols.handover import Assertion
from protocols.http1 import Response

DOMAIN = "example.org"
PASSWORD = "correct horse"
PEOPLE = ("alice", "bob")


class Shim(Unnoted):
    """A `casd.net.http.Door` with one mailbox database."""

    def __init__(self, folder: Path, reactor: Any) -> None:
        super().__init__(Limits(), reactor)
        self._channels: set[Channel] = set()
        self.push: Push | None = None
        self.database = MailboxDatabase.mount(folder / "DB01", "DB01", "mbx1", reactor)

    def entered(self, channel: Channel) -> None:
        self._channels.add(channel)

    def left(self, channel: Channel) -> None:
        self._channels.discard(channel)

    def serve(self, exchange: Exchange) -> None:
        Deferred.fromCoroutine(self._answer(exchange)).addErrback(self._surprised, exchange)

    def _surprised(self, failure: Failure, exchange: Exchange) -> None:
        failure.printTraceback()
        exchange.reply(Response(500))

    async def stop(self) -> None:
        """Close the connections and the database."""
        for channel in tuple(self._channels):
            channel.abort()
        await self.database.dismount()

    async def mailbox(self, user: str) -> MailboxStore:
        """Return the mailbox of a user by first name."""
        guid = str(uuid5(NAMESPACE_DNS, user))
        return await self.database.run(self.database.mailbox, guid, f"{user}@{DOMAIN}", user.title())

    async def _answer(self, exchange: Exchange) -> None:
        user = _user(exchange)
        if user is None:
            exchange.reply(Response(401, ((b"WWW-Authenticate", b'Basic realm="casd"'),)))
            return
        anchor = (exchange.head.get(b"x-anchormailbox") or user.encode()).decode().partition("@")[0]
        store = await self.mailbox(anchor if anchor in PEOPLE else user)
        assertion = Assertion(
            issued=0,
            server="mbx1",
            method="POST",
            target=exchange.head.path,
            request_id=exchange.request_id,
            user=f"{user}@{DOMAIN}",
            mailbox=store.guid,
            address=store.address,
            display_name=store.display_name,
            database="DB01",
            client=exchange.client,
            mechanism="basic",
        )
        response = await serve(Call(exchange, assertion, self.database, store, self.submit, self._clock, self.push))
        if response is not None:
            _check(response)
            exchange.reply(response)

    async def submit(
        self, sender: str, recipients: Sequence[str], mime: bytes, passed: Sequence[str] = ()
    ) -> Sequence[Receipt]:
        """Deliver to the mailboxes here; nobody else exists."""
        return [await self._delivered(address, mime) for address in recipients]

    async def _delivered(self, address: str, mime: bytes) -> Receipt:
        user = address.partition("@")[0]
        if user not in PEOPLE:
            return Receipt(address, delivered=False, reason="550 5.1.1 no such user")
        store = await self.mailbox(user)
        await self.database.run(store.deliver, mime)
        return Receipt(address, delivered=True)


def _check(response: Response) -> None:
    """Raise `BadDocument` for an answer that has not the structure of the schema."""
    if response.status == 200:
        (answer,) = etree.fromstring(response.body).findall(f"{{{SOAP}}}Body/*")
        grammar.check(answer)


def _user(exchange: Exchange) -> str | None:
    scheme, _, token = (exchange.head.get(b"authorization") or b"").partition(b" ")
    if scheme.lower() != b"basic":
        return None
    login, _, password = b64decode(token).decode().partition(":")
    user = login.partition("@")[0]
    return user if user in PEOPLE and password == PASSWORD else None
