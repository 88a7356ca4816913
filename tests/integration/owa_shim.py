"""A stand-in for the front door: signs people in by a cookie and serves web mail from databases in a folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, urlsplit
from uuid import NAMESPACE_DNS, uuid5

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

import casd.vdirs
from casd.mailbox.call import Call, Receipt
from casd.mailbox.owa.service import serve
from casd.mailbox.store.database import MailboxDatabase
from casd.mailbox.store.mailbox import MailboxStore
from casd.net.http import Channel, Exchange, Limits
from protocols.handover import Assertion
from protocols.http1 import Response

DOMAIN = "example.org"
PAGES = Path(casd.vdirs.__file__).parent / "pages"
PASSWORD = "correct horse"
_TYPES = {".css": b"text/css", ".js": b"text/javascript", ".svg": b"image/svg+xml"}
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none';"
    b" frame-ancestors 'none'"
)
_SIGN_IN = b"/owa/auth/logon.aspx?replaceCurrent=1&reason="


class Shim(Factory):
    """A `casd.net.http.Door` with one mailbox database."""

    noisy = False
    _log = Logger()

    def __init__(self, folder: Path, reactor: Any) -> None:
        self.limits = Limits()
        self.clock = reactor
        self.signed_in: set[str] = set()
        self._channels: list[Channel] = []
        self.database = MailboxDatabase.mount(folder / "DB01", "DB01", "mbx1", reactor)

    def buildProtocol(self, _address: Any) -> Channel:
        self._channels.append(Channel(self, self.clock))
        return self._channels[-1]

    async def hang_up(self) -> None:
        """Close every connection."""
        for channel in self._channels:
            if channel.transport is not None:
                channel.transport.abortConnection()
        await deferLater(self.clock, 0)

    def decorate(self, _exchange: Exchange | None) -> bytes:
        return b""

    def finished(self, exchange: Exchange) -> None:
        pass

    def rejected(self, client: str, status: int, text: str) -> None:
        pass

    def serve(self, exchange: Exchange) -> None:
        Deferred.fromCoroutine(self._answer(exchange)).addErrback(self._surprised, exchange)

    def _surprised(self, failure: Failure, exchange: Exchange) -> None:
        self._log.failure("request failed", failure)
        exchange.reply(Response(500))

    async def mailbox(self, user: str) -> MailboxStore:
        """Return the mailbox of a user by first name."""
        guid = str(uuid5(NAMESPACE_DNS, user))
        return await self.database.run(self.database.mailbox, guid, f"{user}@{DOMAIN}", user.title())

    async def _answer(self, exchange: Exchange) -> None:
        path = exchange.head.path
        if path.startswith("/owa/auth") or path == "/owa/logoff.owa":
            exchange.reply(await self._door(exchange, path))
            return
        user = self._user(exchange)
        if user is None:
            exchange.reply(self._stranger(exchange))
            return
        mailbox = await self.mailbox(user)
        assertion = Assertion(
            issued="0", server="mbx1", method="", target="", request_id="", user=mailbox.address, mailbox=mailbox.guid,
            address=mailbox.address, display_name=mailbox.display_name, database="DB01", client="", mechanism="forms",
        )  # fmt: skip
        response = await serve(Call(exchange, assertion, self.database, mailbox, self._submit, self.clock))
        if response is not None:
            exchange.reply(response)

    def _user(self, exchange: Exchange) -> str | None:
        cookies = dict(parse_qsl((exchange.head.get(b"cookie") or b"").decode().replace("; ", "&")))
        return cookies.get("cadata") if cookies.get("cadata") in self.signed_in else None

    def _stranger(self, exchange: Exchange) -> Response:
        if exchange.head.method != b"GET" or exchange.head.path == "/owa/ev.owa2":
            return Response(440)
        host = (exchange.head.get(b"host") or b"").decode()
        url = quote(f"http://{host}{exchange.head.target.line.decode()}", safe="")
        return Response(302, ((b"Location", _SIGN_IN + b"0&url=" + url.encode()),))

    async def _door(self, exchange: Exchange, path: str) -> Response:
        if path == "/owa/logoff.owa":
            self.signed_in.discard(self._user(exchange) or "")
            return Response(302, ((b"Location", _SIGN_IN + b"1"), (b"Set-Cookie", b"cadata=; Path=/; Max-Age=0")))
        if path == "/owa/auth.owa":
            return self._sign_in(parse_qs((await exchange.read(65536)).decode(), keep_blank_values=True))
        if path == "/owa/auth/logon.aspx":
            return _page(dict(parse_qsl(exchange.head.query)))
        file = PAGES / path.rpartition("/")[2]
        return Response(200, ((b"Content-Type", _TYPES[file.suffix]),), file.read_bytes())

    def _sign_in(self, form: dict[str, list[str]]) -> Response:
        user = form["username"][0].partition("@")[0]
        destination = form["destination"][0] or "/owa/"
        if form["password"][0] != PASSWORD:
            return Response(302, ((b"Location", _SIGN_IN + b"2&url=" + quote(destination, safe="").encode()),))
        self.signed_in.add(user)
        cookie = b"cadata=" + user.encode() + b"; Path=/; HttpOnly; SameSite=Lax"
        return Response(302, ((b"Location", destination.encode()), (b"Set-Cookie", cookie)))

    async def _submit(self, _sender: str, recipients: Sequence[str], mime: bytes) -> list[Receipt]:
        receipts = []
        for address in recipients:
            user, _, domain = address.partition("@")
            if domain != DOMAIN or user == "nobody":
                receipts.append(Receipt(address, delivered=False, reason="There is no such mailbox."))
                continue
            mailbox = await self.mailbox(user)
            await self.database.run(mailbox.deliver, mime)
            receipts.append(Receipt(address, delivered=True))
        return receipts


def _page(query: dict[str, str]) -> Response:
    message = "The user name or the password is wrong." if query.get("reason") == "2" else ""
    destination = query.get("url", "/owa/")
    if urlsplit(destination).path.startswith("/owa/auth"):
        destination = "/owa/"
    html = Template((PAGES / "logon.html").read_text()).substitute(
        destination=json.dumps(destination)[1:-1].replace('"', "&quot;"), message=message
    )
    return Response(
        200, ((b"Content-Type", b"text/html; charset=utf-8"), (b"Content-Security-Policy", _POLICY)), html.encode()
    )
