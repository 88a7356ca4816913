"""/owa: web mail, with the sign-in page that stands before it."""

from __future__ import annotations

import html
import json
import mimetypes
import re
from functools import cache
from importlib.resources import files
from string import Template
from urllib.parse import parse_qs, quote

from casd.access import ClientAccess
from casd.auth.credentials import Denied, LoginPassword
from casd.auth.forms import Sessions
from casd.model import Anchor, Identity, Kind
from casd.net.exchange import Exchange
from casd.vdirs.vdir import Vdir, user
from protocols.http1 import RequestHead, Response

_LOGON = "/owa/auth/logon.aspx"
_FORM = 16 * 1024
"""Bytes of a posted sign-in form."""

_LANGUAGES = frozenset({"de", "en", "fr"})
_PRIVATE = 4
_POLICY = (
    b"Content-Security-Policy",
    (
        b"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        b"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
)
_SECURE = (
    _POLICY,
    (b"X-Content-Type-Options", b"nosniff"),
    (b"Referrer-Policy", b"same-origin"),
    (b"Cache-Control", b"no-store"),
)


class Owa(Vdir):
    """Browsers sign in by a page; scripts get 440, so that no page is taken for their answer."""

    paths = ("owa",)
    protocol = "owa"
    component = "OwaProxy"
    patience = 180
    repeats = False

    async def own(self, exchange: Exchange, access: ClientAccess) -> Response | None:
        """Answer the sign-in page, its form, its files and the sign-out."""
        head = exchange.head
        path = head.path.lower()
        if path in {"/owa/auth.owa", "/owa/auth/owaauth.dll"}:
            return await self._sign_in(exchange, access)
        if path in {"/owa/logoff.owa", "/owa/auth/logoff.aspx"} and _navigates(head):
            return _to_logon("1", "/owa/", [(b"Set-Cookie", cookie) for cookie in Sessions.farewell()])
        if path == _LOGON:
            return _page(head)
        return _file(path.removeprefix("/owa/auth/")) if path.startswith("/owa/auth/") else None

    async def identify(self, exchange: Exchange, access: ClientAccess) -> Identity:
        """Return whose session the cookie is; note activity, unless a script polls by itself."""
        token = _cookie(exchange.head, "cadata")
        if not token or access.sessions is None:
            raise Denied
        identity, session = await access.resume(token)
        background = exchange.head.get(b"x-casd-background") is not None
        if not background and (refreshed := access.sessions.refreshed(session)):
            for cookie in access.sessions.cookies(refreshed):
                exchange.lines += b"Set-Cookie: %b\r\n" % cookie
        return identity

    def alone(self, access: ClientAccess) -> bool:
        """Say no: nobody signs in here by the Authorization field."""
        return False

    def challenge(self, exchange: Exchange, access: ClientAccess) -> Response:
        """Send a browser to the page, tell a script 440."""
        head = exchange.head
        if (
            head.method != b"GET"
            or head.get(b"x-requested-with")
            or head.get(b"sec-fetch-mode") not in {None, b"navigate"}
        ):
            return Response(440, ((b"Content-Type", b"text/plain"),), b"Sign in again.\n")
        return _to_logon("0", f"https://{exchange.notes['authority']}{head.target.line.decode('ascii')}", [])

    def anchor(self, head: RequestHead, identity: Identity) -> Anchor:
        """Return the address of an explicit logon, which is the second path segment, or the authenticated user."""
        segments = head.target.segments
        if len(segments) > 1 and "@" in segments[1]:
            return Anchor(Kind.ADDRESS, segments[1].lower(), "explicit logon")
        return user(identity)

    async def _sign_in(self, exchange: Exchange, access: ClientAccess) -> Response:
        if exchange.head.method != b"POST":
            return _to_logon("0", "/owa/", [])
        form = parse_qs((await exchange.read(_FORM)).decode("utf-8", "replace"), keep_blank_values=True)
        field = {name: values[0] for name, values in form.items()}
        destination = _same_origin(field.get("destination", ""), exchange.notes["authority"])
        if not _posted_from_here(exchange):
            return _to_logon("0", destination, [])
        private = field.get("trusted") == "4" or bool(_number(field.get("flags", "")) & _PRIVATE)
        login = field.get("username", "").rpartition("\\")[2].strip()
        offered = LoginPassword(login, field.get("password", ""), "forms", exchange.notes["host"])
        try:
            session = await access.sign_in(offered, private=private)
        except Denied:
            return _to_logon("2", destination, [])
        cookies = access.sessions.cookies(session) if access.sessions else []
        exchange.notes["user"] = session.user
        headers = [(b"Location", destination.encode("ascii")), *((b"Set-Cookie", cookie) for cookie in cookies)]
        return Response(302, (*headers, *_SECURE))


def _to_logon(reason: str, destination: str, headers: list[tuple[bytes, bytes]]) -> Response:
    retried = "replaceCurrent=1&reason=2&" if reason == "2" else ""
    url = quote(destination, safe="")
    for upper in set(url.split("%")[1:]):
        url = url.replace("%" + upper[:2], "%" + upper[:2].lower())
    query = f"{retried}url={url}" + ("" if retried else f"&reason={reason}")
    return Response(302, ((b"Location", f"{_LOGON}?{query}".encode("ascii")), *headers, *_SECURE))


def _page(head: RequestHead) -> Response:
    query = parse_qs(head.query)
    words = _words(_language(head))
    destination = html.escape(query.get("url", ["/owa/"])[0])
    message = words.get(f"reason_{query.get('reason', ['0'])[0]}", "")
    page = Template(_read("logon.html").decode("utf-8")).substitute(words, destination=destination, message=message)
    return Response(200, ((b"Content-Type", b"text/html; charset=utf-8"), *_SECURE), page.encode("utf-8"))


def _language(head: RequestHead) -> str:
    """Return the first language of the browser's that the page speaks, else English."""
    asked = re.findall(r"(?:^|,)\s*([a-z]{2})\b", (head.get(b"accept-language") or b"").decode("latin-1").lower())
    return next((language for language in asked if language in _LANGUAGES), "en")


@cache
def _words(language: str) -> dict[str, str]:
    """Return the page's words, as they stand in HTML."""
    return {name: html.escape(text) for name, text in json.loads(_read(f"logon.{language}.json")).items()}


def _file(name: str) -> Response:
    try:
        body = _read(name)
    except (FileNotFoundError, IsADirectoryError):
        return Response(404, _SECURE)
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    kept = tuple(field for field in _SECURE if field[0] != b"Cache-Control")
    return Response(200, ((b"Content-Type", kind.encode("ascii")), (b"Cache-Control", b"max-age=3600"), *kept), body)


@cache
def _read(name: str) -> bytes:
    if "/" in name:
        raise FileNotFoundError(name)
    return files("casd.vdirs").joinpath("pages", name).read_bytes()


def _same_origin(destination: str, authority: str) -> str:
    """Return a destination at this origin, whatever was asked for (an open redirect otherwise)."""
    origin = f"https://{authority}"
    path = destination[len(origin) :] if destination.lower().startswith(origin.lower()) else destination
    fit = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return destination if fit and path.isascii() and path.isprintable() else "/owa/"


def _posted_from_here(exchange: Exchange) -> bool:
    """Say whether a form was posted by our own page: a page elsewhere must not sign a browser in."""
    origin = exchange.head.get(b"origin")
    site = exchange.head.get(b"sec-fetch-site")
    if site is not None and site not in {b"same-origin", b"none"}:
        return False
    return origin is None or origin.decode("latin-1").lower() == f"https://{exchange.notes['authority']}".lower()


def _navigates(head: RequestHead) -> bool:
    """Say whether a browser goes to a page itself: a picture in a mail must not sign its reader out."""
    return head.get(b"sec-fetch-dest") in {None, b"document"}


def _cookie(head: RequestHead, wanted: str) -> str:
    for value in head.all(b"cookie"):
        for pair in value.decode("latin-1").split(";"):
            name, _, content = pair.strip().partition("=")
            if name == wanted:
                return content
    return ""


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
