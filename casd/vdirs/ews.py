"""/EWS: Exchange Web Services."""

from __future__ import annotations

import pkgutil
from collections.abc import Awaitable, Callable, Iterator
from importlib import import_module

from casd.access import ClientAccess
from casd.model import Anchor, Identity, Kind, Refuse
from casd.net.exchange import BodyTooLarge, Exchange
from casd.vdirs import answered
from casd.vdirs.vdir import Vdir, user
from protocols.ews import envelope, glance, responses
from protocols.ews.envelope import Request
from protocols.ews.errors import Fault, Refusal
from protocols.ews.markup import Element
from protocols.ews.schema import grammar
from protocols.http1 import RequestHead, Response

Operation = Callable[[Exchange, ClientAccess, Identity, Request], Awaitable[Element]]
"""Returns the element of the answer. Raises `Fault`, or `Refusal` for the code of its response message."""


def _operations() -> Iterator[tuple[str, Operation]]:
    for module in pkgutil.iter_modules(answered.__path__):
        yield from import_module(f"{answered.__name__}.{module.name}").OPERATIONS.items()


OPERATIONS: dict[str, Operation] = dict(_operations())
"""What is answered here, by the name of its element."""

_BY_ADDRESS = frozenset({"GetUserOofSettingsRequest", "SetUserOofSettingsRequest"})
"""What belongs to the mailbox that it names, whoever asks."""

_TIMES = "GetUserAvailabilityRequest"

_PATH = "/ews/exchange.asmx"
_HEADERS = ((b"Content-Type", envelope.CONTENT_TYPE), (b"Cache-Control", b"private"))
_LARGEST = 256 * 1024
"""Bytes of what is answered here: a hundred mailboxes whose free/busy times are asked for take some fifty thousand."""


class Ews(Vdir):
    """Relayed whole, but for a few operations; a streaming subscription may be silent for minutes."""

    paths = ("ews",)
    protocol = "ews"
    component = "EwsProxy"
    patience = 1860

    def waits(self, head: RequestHead, body: bytes | None) -> bool:
        """Say yes to a streaming subscription."""
        return body is not None and b"GetStreamingEvents>" in body

    def glance(self, head: RequestHead) -> int:
        """Look at what is posted to the service."""
        return glance.SIZE if head.method == b"POST" and head.path.lower() == _PATH else 0

    def concerned(self, begun: bytes) -> bool:
        """Say whether an operation is answered here, or belongs to the mailbox that it names."""
        name = glance.operation(begun)
        return name in OPERATIONS or name in _BY_ADDRESS

    async def meant(self, exchange: Exchange, access: ClientAccess, identity: Identity) -> Response | Anchor | None:
        """Answer an operation of the table, or return whose mailbox it names."""
        size = self.glance(exchange.head)
        begun = await exchange.hold(size) if size else b""
        name = glance.operation(begun)
        if name in OPERATIONS:
            return await self._answer(exchange, access, identity)
        address = glance.address(begun) if name in _BY_ADDRESS else ""
        return Anchor(Kind.ADDRESS, address.lower(), f"the Mailbox of {name}", hint=True) if address else None

    async def _answer(self, exchange: Exchange, access: ClientAccess, identity: Identity) -> Response:
        """Answer, if web services are open to who asks."""
        decision = await access.locate(identity, user(identity), self.protocol, exchange.client)
        if isinstance(decision, Refuse) and not decision.later:
            exchange.notes["why"] = "; ".join(decision.trace)
            return self.refused(decision)
        try:
            answer = await _answer(exchange, access, identity)
        except Fault as fault:
            return Response(500, _HEADERS, envelope.fault(fault))
        return Response(200, _HEADERS, await access.availability.in_thread(envelope.answer, answer))


async def _answer(exchange: Exchange, access: ClientAccess, identity: Identity) -> Element:
    try:
        body = await exchange.read(_LARGEST)
    except BodyTooLarge:
        raise Fault("ErrorMessageSizeExceeded") from None
    request: Request = await access.availability.in_thread(_read, body)
    exchange.notes["why"] = f"{request.operation} is answered here"
    identity = await _in_the_name(exchange, access, identity, request)
    try:
        return await OPERATIONS[request.operation](exchange, access, identity, request)
    except Refusal as refused:
        return responses.refused(request.operation, refused)


def _read(body: bytes) -> Request:
    """Return a request that is answered here; a large one takes a tenth of a second. Raises `Fault`."""
    request = envelope.parse(body)
    if request.operation not in OPERATIONS:
        raise Fault("ErrorInvalidRequest")
    grammar.check(request.body)
    return request


async def _in_the_name(exchange: Exchange, access: ClientAccess, identity: Identity, request: Request) -> Identity:
    """Return who counts as asking: a partner's account may ask for times in the name of a user of ours."""
    who = request.impersonated.casefold()
    if not who or who == identity.user.casefold():
        return identity
    trusted = identity.user.casefold() in map(str.casefold, access.availability.settings.impersonators)
    mailbox = await access.directory.by_address(who) if trusted and request.operation == _TIMES else None
    if mailbox is None:
        raise Fault("ErrorImpersonateUserDenied")
    exchange.notes["why"] += f", in the name of {mailbox.address}"
    return Identity(mailbox.address, identity.method, mailbox)
