"""The way of a sent message from a mailbox server to the front door, which knows where each recipient is."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from casd.mailbox.call import Meant, Person, Receipt, Said, Unanswered
from casd.model import Endpoint
from casd.net.backend import Backend
from casd.net.fetch import Once, fetch
from casd.net.pool import Connector
from casd.net.tls import ClientTLS
from protocols.handover import FORWARDED_BY, REQUEST_HEADER, Assertion, sign
from protocols.http1 import Headers, write_fields

_PATH = "/casd/submit"
_PEOPLE = "/casd/people"
_MEMBERS = "/casd/members"
_MEANT = "/casd/meant"
_ASK = "/casd/ask"
_AT_ONCE = 500
"""Recipients of one request: each is a field of its head, which may be 64 KiB."""

T = TypeVar("T")

_ANSWER = 4 << 20
"""Bytes of an answer: ten thousand members of a group take a megabyte or two."""

_CONNECT_TIME = 10.0
_PATIENCE = 120.0


class SubmissionFailed(Unanswered):
    """The front door gave no answer that says what became of the message."""


class Submission:
    """Submits messages as one server, with its own hand-over key; `casd.mailbox.call.Submit`."""

    _log = Logger()

    def __init__(
        self,
        *,
        server: str,
        front: str,
        ca: str,
        keys: Mapping[str, bytes],
        clock: IReactorTime,
        connector: Connector,
        now: Callable[[], float],
    ) -> None:
        url = urlsplit(front)
        self._server = server
        self._authority = url.netloc
        self._endpoint = Endpoint(url.hostname or "", url.port or 443)
        self._tls = ClientTLS(url.hostname or "", ca)
        self._key_id, self._key = next(iter(keys.items()))
        self._clock = clock
        self._connector = connector
        self._now = now

    async def __call__(
        self, sender: str, recipients: Sequence[str], mime: bytes, passed: Sequence[str] = ()
    ) -> Sequence[Receipt]:
        """Submit a message; whatever goes wrong is in the receipts."""
        receipts: list[Receipt] = []
        for start in range(0, len(recipients), _AT_ONCE):
            batch = recipients[start : start + _AT_ONCE]
            try:
                receipts.extend(await self._ask(sender, batch, mime, passed))
            except Exception as error:
                self._log.failure("a message could not be submitted to {front}", front=self._authority)
                receipts.extend(Receipt(address, delivered=False, reason=str(error)) for address in batch)
        return receipts

    async def people(self, words: str, limit: int) -> Sequence[Person]:
        """Ask the front door's address book; `casd.mailbox.call.People`. Raises `SubmissionFailed`."""
        return await self._look_up(_PEOPLE, {"words": words, "limit": limit}, partial(_people, name="people")) or ()

    async def members(self, address: str) -> Sequence[Person] | None:
        """Ask who belongs to a group; `casd.mailbox.call.Members`. Raises `SubmissionFailed`."""
        return await self._look_up(_MEMBERS, {"address": address}, partial(_people, name="members"))

    async def meant(self, who: str, addresses: Sequence[str]) -> Meant | None:
        """Ask by which of some addresses somebody is meant; `casd.mailbox.call.MeantBy`. Raises `SubmissionFailed`."""
        return await self._look_up(_MEANT, {"who": who, "addresses": list(addresses)}, _meant)

    async def _look_up(self, path: str, what: Any, read: Callable[[bytes], T]) -> T:
        try:
            return read(await self._asked(path, "", (), json.dumps(what).encode(), b"application/json"))
        except Exception as error:
            self._log.failure("nobody could be looked up through {front}", front=self._authority)
            raise SubmissionFailed(str(error)) from error

    async def others(self, question: str, who: str, addresses: Sequence[str], what: Any) -> Sequence[Said]:
        """Ask other mailboxes through the front door; whatever goes wrong is in the answers."""
        if not addresses:
            return ()
        more = ((b"X-CASD-Question", question.encode("ascii")),)
        try:
            asked = json.dumps(what).encode()
            answer = await self._asked(_ASK, who, addresses, asked, b"application/json", more)
            return _answers(answer)
        except Exception as error:
            self._log.failure("other mailboxes could not be asked through {front}", front=self._authority)
            return [Said(address, str(error)) for address in addresses]

    async def _ask(
        self, sender: str, recipients: Sequence[str], mime: bytes, passed: Sequence[str]
    ) -> Iterator[Receipt]:
        more = tuple((FORWARDED_BY, _address(one)) for one in passed)
        return _receipts(await self._asked(_PATH, sender, recipients, mime, b"message/rfc822", more))

    async def _asked(
        self,
        path: str,
        sender: str,
        recipients: Sequence[str],
        body: bytes,
        content_type: bytes,
        more: Headers = (),
    ) -> bytes:
        lines = self._lines(path, sender, recipients, (*more, (b"Content-Type", content_type)))
        connection = Backend(self._clock, Once())
        await self._connector(self._endpoint, connection, self._tls, _CONNECT_TIME)
        answer = await fetch(connection, b"POST", path.encode("ascii"), lines, body, _PATIENCE, _ANSWER)
        if answer.head.status != 200:
            raise SubmissionFailed(f"the front door answered {answer.head.status}")
        return answer.body

    def _lines(self, path: str, sender: str, recipients: Sequence[str], more: Headers) -> bytes:
        request_id = str(uuid.uuid4())
        assertion = Assertion(
            issued=int(self._now()),
            server="front",
            method="POST",
            target=path,
            request_id=request_id,
            user=sender,
            mailbox="",
            address=sender,
            display_name="",
            database="",
            client="",
            mechanism="submission",
        )
        fields = [
            (b"Host", self._authority.encode("idna")),
            (REQUEST_HEADER, sign(assertion, self._key_id, self._key)),
            (b"X-CASD-Server", self._server.encode("ascii")),
            *((b"X-CASD-Recipient", _address(recipient)) for recipient in recipients),
            (b"request-id", request_id.encode("ascii")),
            *more,
        ]
        return write_fields(fields)


def _address(address: str) -> bytes:
    if not address.isprintable():
        raise SubmissionFailed("an address with control characters")
    return address.encode("utf-8")


def _receipts(answer: bytes) -> Iterator[Receipt]:
    try:
        listed = json.loads(answer)["receipts"]
        found = [
            Receipt(str(one["address"]), bool(one["delivered"]), str(one.get("reason", "")), str(one.get("group", "")))
            for one in listed
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SubmissionFailed("the front door's answer is no list of receipts") from error
    return iter(found)


def _answers(answer: bytes) -> Sequence[Said]:
    try:
        return [Said(str(one["address"]), str(one["reason"]), one["said"]) for one in json.loads(answer)["answers"]]
    except (ValueError, KeyError, TypeError) as error:
        raise SubmissionFailed("the front door's answer is no list of answers") from error


def _meant(answer: bytes) -> Meant | None:
    try:
        found = json.loads(answer)["meant"]
        return found and Meant(str(found["address"]), str(found["name"]), bool(found["group"]))
    except (ValueError, KeyError, TypeError) as error:
        raise SubmissionFailed("the front door's answer does not say who is meant") from error


def _people(answer: bytes, name: str) -> Sequence[Person] | None:
    try:
        listed = json.loads(answer)[name]
        return listed and [
            Person(str(one["address"]), str(one["name"]), str(one.get("kind", "user"))) for one in listed
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SubmissionFailed("the front door's answer is no list of people") from error
