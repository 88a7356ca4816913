"""What befalls single operations of EWS, and what clients have asked: between a mailbox server and its services."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from math import inf
from typing import Any, overload

from attrs import define, field, frozen
from lxml import etree
from twisted.internet.task import deferLater

from casd.mailbox.call import Call
from casd.mailbox.dispatch import ServiceOfPath
from protocols.ews import envelope
from protocols.ews.errors import Fault
from protocols.http1 import RequestHead, Response

EWS = "/ews/exchange.asmx"
ANY = "*"

_OPERATION = re.compile(rb"<(?:\w+:)?Body\b[^>]*>\s*(?:<!--.*?-->\s*)*<(?:\w+:)?(\w+)", re.DOTALL)
_BACK_OFF = (
    b'<t:MessageXml xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">'
    b'<t:Value Name="BackOffMilliseconds">%d</t:Value></t:MessageXml></detail>'
)
_HEADERS = ((b"Content-Type", envelope.CONTENT_TYPE),)
_PROMISED = 1000
"""Bytes that a connection is dropped within: the client has seen the begin of an answer."""


@frozen
class Request:
    """One request that a mailbox server has got; `operation` is empty where it was not EWS."""

    user: str
    operation: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def xml(self) -> Any:
        """The operation's own element, by lxml."""
        (body,) = self._parsed.iterfind("{*}Body")
        return body[0]

    def texts(self, name: str) -> list[str]:
        """Return the texts of all elements with a name, whatever their namespace: `texts("Subject")`."""
        return [found.text or "" for found in self._parsed.iter(f"{{*}}{name}")]

    @property
    def _parsed(self) -> Any:
        return etree.fromstring(self.body, etree.XMLParser(resolve_entities=False, no_network=True))


class Requests(Sequence[Request]):
    """Requests in the order in which they came."""

    def __init__(self, requests: Sequence[Request] = ()) -> None:
        self._requests = list(requests)

    def of(self, operation: str, user: str = "") -> Requests:
        """Return the requests for an operation, of one user or of all."""
        return Requests([each for each in self if each.operation == operation and user in {"", each.user}])

    @property
    def operations(self) -> list[str]:
        """The names of the operations, in their order."""
        return [each.operation for each in self if each.operation]

    def clear(self) -> None:
        """Forget them."""
        self._requests.clear()

    def add(self, request: Request) -> None:
        """Take one more."""
        self._requests.append(request)

    @overload
    def __getitem__(self, index: int) -> Request: ...

    @overload
    def __getitem__(self, index: slice) -> Requests: ...

    def __getitem__(self, index: int | slice) -> Request | Requests:
        return Requests(self._requests[index]) if isinstance(index, slice) else self._requests[index]

    def __iter__(self) -> Iterator[Request]:
        return iter(list(self._requests))  # others may come meanwhile, from the servers' thread

    def __len__(self) -> int:
        return len(self._requests)


@define(eq=False, kw_only=True)
class Rule:
    """What shall befall requests for one operation (`*`: any), of one user or of all; it can be watched and ended.

    A request is answered `delay` seconds late; by the fault `error` (a ResponseCode, with the `back_off` in seconds
    that the client is to wait), by HTTP's `status`, or not to its end (`drop`); by the server itself where none is
    given. `nth` means the nth such request only, `times` the first so many.
    """

    operation: str
    user: str = ""
    delay: float = 0
    error: str = ""
    back_off: float | None = None
    status: int = 0
    drop: bool = False
    nth: int = 0
    times: float = inf
    seen: int = field(default=0, init=False)
    """How many requests it was meant for, and ..."""

    met: int = field(default=0, init=False)
    """... how many of them met it."""

    def meets(self, request: Request) -> bool:
        """Say whether a request is to meet it, and count."""
        if self.operation not in {ANY, request.operation} or self.user not in {"", request.user}:
            return False
        self.seen += 1
        meets = self.seen == self.nth if self.nth else self.met < self.times
        self.met += meets
        return meets

    def end(self) -> None:
        """Let no further request meet it."""
        self.nth, self.times = 0, 0


@define
class Operations:
    """Rules and records of one organisation."""

    requests: Requests = field(factory=Requests)
    rules: list[Rule] = field(factory=list)

    def around(self, services: Mapping[str, ServiceOfPath]) -> dict[str, ServiceOfPath]:
        """Return services that do what the rules say, and note what was asked."""
        return {path: partial(self._serve, path, service) for path, service in services.items()}

    async def _serve(self, path: str, service: ServiceOfPath, call: Call) -> Response | None:
        request = await _read(call, whole=path == EWS)
        self.requests.add(request)
        if path == EWS:
            for rule in [rule for rule in self.rules if rule.meets(request)]:
                if rule.delay:
                    await deferLater(call.clock, rule.delay)
                if rule.drop:
                    _drop(call)
                    return None
                if (answer := _answer(rule)) is not None:
                    return answer
        return await service(call)


async def _read(call: Call, *, whole: bool) -> Request:
    """Return a request, its body read if `whole`, and put back for the service."""
    head: RequestHead = call.exchange.head
    body = await call.exchange.read(envelope.MAX_SIZE) if whole else b""
    if body:
        call.exchange.receive(body)
    found = _OPERATION.search(body)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, _, value in head.fields}
    return Request(call.assertion.user, found[1].decode() if found else "", head.path, headers, body)


def _answer(rule: Rule) -> Response | None:
    if rule.error or rule.back_off is not None:
        fault = envelope.fault(Fault(rule.error or "ErrorServerBusy", "A test has it so."))
        if rule.back_off is not None:
            fault = fault.replace(b"</detail>", _BACK_OFF % (rule.back_off * 1000))
        return Response(500, _HEADERS, fault)
    return Response(rule.status) if rule.status else None


def _drop(call: Call) -> None:
    """Begin an answer and break it off, so that the front door can do nothing but pass that on."""
    call.exchange.begin(200, _HEADERS, length=_PROMISED)
    call.exchange.write(b"<")
    call.clock.callLater(0, call.exchange.abort)  # when that has been written
