"""Which service answers a request, from which mailbox."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from attrs import evolve
from twisted.internet.defer import Deferred

from casd.mailbox.call import Call
from casd.mailbox.control import Control
from casd.mailbox.roster import Roster
from casd.mailbox.store.database import MailboxDatabase
from casd.mailbox.store.errors import NotMounted
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.quota import UNLIMITED, Quota
from casd.net.exchange import BodyTooLarge, Exchange, Lost
from protocols.handover import ACTIVE_SERVER_HEADER, Assertion
from protocols.http1 import Response

ServiceOfPath = Callable[[Call], Awaitable[Response | None]]
"""None: it has answered, or will go on answering, by `begin`, `write` and `finish`."""

_CONTROL = "/casd/"


class Dispatch:
    """Hands a request to the service of its path, and keeps its database mounted until it is answered.

    `services` maps a path, in lower case, to the service for it and for all below it.
    """

    def __init__(
        self,
        server: str,
        roster: Roster,
        services: Mapping[str, ServiceOfPath],
        call: Callable[[Exchange, Assertion, MailboxDatabase, MailboxStore], Call],
        quota: Quota = UNLIMITED,
    ) -> None:
        self._roster = roster
        self._services = services
        self._call = call
        self._quota = quota
        self._control = Control(server, roster)
        self._waiting: dict[Exchange, Deferred[None]] = {}

    async def answer(self, exchange: Exchange, assertion: Assertion, beside: Sequence[Assertion] = ()) -> None:
        """Have a request answered; `beside`: what it asserts of other mailboxes of the same database."""
        path = exchange.head.path.lower()
        service = self._service(path)
        if service is not None:
            await self._serve(service, exchange, assertion, beside)
        elif path.startswith(_CONTROL):
            exchange.reply(await self._control.serve(exchange.head, assertion))
        else:
            exchange.reply(Response(404))

    def finished(self, exchange: Exchange) -> None:
        """Let a dismount go on that waits for this answer's end."""
        end = self._waiting.pop(exchange, None)
        if end is not None:
            end.callback(None)

    def _service(self, path: str) -> ServiceOfPath | None:
        while path and path not in self._services:
            path = path.rpartition("/")[0]
        return self._services.get(path)

    async def _serve(
        self, service: ServiceOfPath, exchange: Exchange, assertion: Assertion, beside: Sequence[Assertion]
    ) -> None:
        name = assertion.database
        if not self._roster.serves(name):  # said before anything is done: the front end asks elsewhere
            active = self._roster.holder(name).encode("ascii")
            exchange.reply(Response(421, ((ACTIVE_SERVER_HEADER, active),)))
            return
        with self._roster.use(name) as database:
            response = await self._response(service, exchange, assertion, beside, database)
            if response is not None:
                exchange.reply(response)
            elif not exchange.done:
                end = self._waiting[exchange] = Deferred()
                await end

    async def _response(
        self,
        service: ServiceOfPath,
        exchange: Exchange,
        assertion: Assertion,
        beside: Sequence[Assertion],
        database: MailboxDatabase,
    ) -> Response | None:
        try:
            mailbox, *others = [await self._mailbox(database, one) for one in (assertion, *beside)]
            call = self._call(exchange, assertion, database, mailbox)
            return await service(evolve(call, beside=others) if others else call)
        except NotMounted:  # it was in flight for longer than a dismount waits
            return Response(503, ((b"Retry-After", b"5"),))
        except BodyTooLarge:
            return Response(413)
        except Lost:
            return None

    async def _mailbox(self, database: MailboxDatabase, assertion: Assertion) -> MailboxStore:
        mailbox = await database.open(assertion.mailbox, assertion.address, assertion.display_name)
        mailbox.quota = self._quota
        return mailbox
