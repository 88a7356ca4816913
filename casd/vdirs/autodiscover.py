"""/Autodiscover: where clients ask for their settings, answered by the front end itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar
from urllib.parse import urlsplit

from attrs import evolve
from twisted.internet.task import deferLater
from twisted.logger import Logger

from casd.access import ClientAccess
from casd.advertised import Advertised, Answer, Capabilities, Elsewhere
from casd.autodiscover import for_anybody, own_urls, stranger
from casd.directory.addresses import with_normal_domain
from casd.model import DirectoryDown, Refuse
from casd.net.exchange import Exchange
from casd.vdirs import autodiscover_pox, autodiscover_soap
from casd.vdirs.vdir import TEXT, Vdir
from protocols.autodiscover import pox, soap, v2
from protocols.autodiscover.markup import MAX_SIZE
from protocols.http1 import RequestHead, Response

_WORDS = {"AutodiscoverV1": "autodiscover", "Ews": "ews", "ActiveSync": "eas", "Rest": "api"}
"""Our words for the protocols of JSON."""

_XML = "/autodiscover/autodiscover.xml"
_SVC = "/autodiscover/autodiscover.svc"

_AT_ONCE = 10
"""Users of one request that are answered without a pause: some milliseconds."""


class Autodiscover(Vdir):
    """Whatever asks, what it is told is one value (`casd.autodiscover`), said in its own words."""

    paths = ("autodiscover",)
    protocol = "autodiscover"
    component = "AutoDiscoverProxy"
    methods = frozenset({b"GET", b"HEAD", b"POST"})

    _log: ClassVar[Logger] = Logger()

    async def own(self, exchange: Exchange, access: ClientAccess) -> Response:
        """Answer by the last part of the path."""
        segments = [segment.lower() for segment in exchange.head.target.segments[1:]]
        name, asks = "".join(segments[:1]), exchange.head.method == b"POST"
        if name == "autodiscover.json" and not asks:
            return await self._json(exchange, access)
        if len(segments) != 1 or name not in {"autodiscover.xml", "autodiscover.svc"}:
            return Response(404, (TEXT,), b"There is nothing here.\n")
        if not asks:
            exchange.notes["user"] = (await self.identify(exchange, access)).user
            return _reached(exchange, name)
        return await (self._xml if name == "autodiscover.xml" else self._soap)(exchange, access)

    def surprised(self, exchange: Exchange) -> Response:
        """Answer plain XML by a document: another status than 200 would mean that Autodiscover is not here."""
        if exchange.head.path.lower() == _XML:
            return _refused(exchange, pox.Refusal(pox.INTERNAL))
        return super().surprised(exchange)

    # Plain XML

    async def _xml(self, exchange: Exchange, access: ClientAccess) -> Response:
        """Answer Outlook or a phone. Who asks for a domain that is not ours is asked for no credentials."""
        asked = pox.parse(await exchange.read(MAX_SIZE))
        topology = await access.topology()
        if isinstance(asked, pox.Request) and not asked.legacy_dn:
            not_ours = stranger(with_normal_domain(asked.address), topology)
            if not_ours is not None:
                return _say(exchange, access, asked, not_ours)
        exchange.notes["user"] = (await self.identify(exchange, access)).user
        if isinstance(asked, pox.Refusal):
            return _refused(exchange, asked)
        directory = access.directory
        if asked.legacy_dn:
            mailbox = await directory.by_legacy_dn(asked.legacy_dn)
        else:
            mailbox = await directory.by_address(asked.address)
        address = asked.address or (mailbox.address if mailbox else asked.legacy_dn)
        told = await access.advertise(address, mailbox, capabilities(exchange.head), exchange.client)
        return _say(exchange, access, asked, told)

    # SOAP

    async def _soap(self, exchange: Exchange, access: ClientAccess) -> Response:
        """Answer for each user or domain. Some clients first ask for nobody's, to learn how to sign in."""
        exchange.notes["user"] = (await self.identify(exchange, access)).user
        asked = soap.parse(await exchange.read(MAX_SIZE))
        if isinstance(asked, soap.Refusal):
            exchange.notes["why"] = asked.words
            return Response(200 if asked.operation else 500, _type(soap.CONTENT_TYPE), soap.refusal(asked))
        tell = {"GetUserSettings": self._user, "GetDomainSettings": self._domain}.get(asked.operation)
        if tell is None:
            refused = soap.Refusal("This organisation is not federated.", asked.operation, "NotFederated")
            return Response(200, _type(soap.CONTENT_TYPE), soap.refusal(refused))
        parts = []
        for number, one in enumerate(asked.whom):
            if number and number % _AT_ONCE == 0:
                await deferLater(access.clock, 0)  # let others have their turn: ninety take a while
            try:
                said = await tell(exchange, access, one, asked.settings)
            except DirectoryDown:
                raise
            except Exception:
                self._log.failure("{one} could not be told of", one=one)
                said = soap.Told("InternalServerError", "The server failed, and its log says why.")
            parts.append(soap.part(asked.operation, said))
        return Response(200, _type(soap.CONTENT_TYPE), soap.answer(asked.operation, parts))

    async def _user(self, exchange: Exchange, access: ClientAccess, address: str, names: tuple[str, ...]) -> soap.Told:
        mailbox = await access.directory.by_address(address)
        whom = with_normal_domain(address)
        told = await access.advertise(whom, mailbox, capabilities(exchange.head), exchange.client)
        exchange.notes.setdefault("why", "; ".join(told.trace))
        return autodiscover_soap.user(told, names)

    async def _domain(self, exchange: Exchange, access: ClientAccess, domain: str, names: tuple[str, ...]) -> soap.Told:
        topology = await access.topology()
        told = stranger(with_normal_domain(f"@{domain}"), topology)
        if isinstance(told, Elsewhere):
            return autodiscover_soap.elsewhere(Elsewhere(url=told.url or f"https://{_host(told)}{_SVC}"))
        if told is not None:
            return soap.Told("InvalidDomain", "This domain is not of this organisation.")
        place = access.place(exchange.client)
        return autodiscover_soap.domain(for_anybody("ews", topology, place, access.advertised), names)

    # JSON

    async def _json(self, exchange: Exchange, access: ClientAccess) -> Response:
        """Answer where one protocol is, to anybody who asks."""
        asked = v2.parse(exchange.head.path, exchange.head.query)
        if isinstance(asked, v2.Refusal):
            return _refused_json(asked)
        topology, place = await access.topology(), access.place(exchange.client)
        protocol = _WORDS.get(asked.protocol, "")
        told: Answer | None = stranger(with_normal_domain(asked.address), topology)
        if told is None and not access.advertised.hide_users:
            mailbox = await access.directory.by_address(asked.address)
            told = await access.advertise(asked.address, mailbox, Capabilities(), exchange.client)
        if told is not None:
            exchange.notes["why"] = "; ".join(told.trace)
        match told:
            case Elsewhere():
                return _sent_on(told, asked)
            case Refuse():
                return _refused_json(v2.NOT_FOUND)
            case Advertised():
                own = own_urls("autodiscover", topology, place, access.advertised)
                url = own.seen(place) if protocol == "autodiscover" else told.url(protocol)
            case _:
                exchange.notes["why"] = f"told to anybody of {asked.address.rpartition('@')[2]}"
                url = for_anybody(protocol, topology, place, access.advertised).seen(place) if protocol else ""
        if not url:
            return _refused_json(v2.NOT_SUPPORTED)
        return Response(200, _type(v2.CONTENT_TYPE), v2.answer(asked.protocol, url))


def capabilities(head: RequestHead) -> Capabilities:
    """Return what a client says that it can do (MS-OXDSCLI 2.2.2)."""
    known = (head.get(b"x-mapihttpcapability") or b"").strip()
    handles = {word.strip().lower() for word in (head.get(b"x-clientcanhandle") or b"").split(b",")}
    mapi = int(known) if known.isdigit() and len(known) < 5 else 0
    return Capabilities(mapi, b"exhttpinfo" in handles, b"negotiate" in handles)


def _say(exchange: Exchange, access: ClientAccess, asked: pox.Request, told: Answer) -> Response:
    exchange.notes["why"] = "; ".join(told.trace)
    if asked.schema is pox.Schema.MOBILESYNC:
        if isinstance(told, Elsewhere) and told.url:
            return Response(302, ((b"Location", told.url.encode("ascii")),))
        return Response(200, _type(pox.CONTENT_TYPE), autodiscover_pox.phone(told))
    document = autodiscover_pox.outlook(told, _package(access, capabilities(exchange.head)))
    if isinstance(document, pox.Refusal):
        return _refused(exchange, document)
    return Response(200, _type(pox.CONTENT_TYPE), document)


def _refused(exchange: Exchange, refused: pox.Refusal) -> Response:
    exchange.notes.setdefault("why", refused.words)
    number = int(exchange.request_id[-8:], 16)
    return Response(200, _type(pox.CONTENT_TYPE), pox.refusal(refused, datetime.now(UTC), number))


def _reached(exchange: Exchange, name: str) -> Response:
    """Return what a person sees who tries the address with a browser."""
    if name == "autodiscover.xml":
        return _refused(exchange, pox.Refusal(pox.INVALID_REQUEST))
    return Response(200, (TEXT,), b"This is Autodiscover. Clients ask it by POST.\n")


def _package(access: ClientAccess, client: Capabilities) -> str:
    """Return the AuthPackage by which Outlook is to sign in: the best that we take and it has."""
    offered = {mechanism.name for mechanism in access.mechanisms}
    if "negotiate" in offered and client.negotiate:
        return "negotiate"
    return "ntlm" if "ntlm" in offered else "basic"


def _sent_on(to: Elsewhere, asked: v2.Question) -> Response:
    if not v2.may_go_on(asked):
        return _refused_json(v2.NOT_FOUND)
    onwards = evolve(asked, address=to.address or asked.address)
    return Response(302, ((b"Location", v2.question(f"https://{_host(to)}", onwards).encode("ascii")),))


def _host(to: Elsewhere) -> str:
    """Return the host that is to be asked: that of a URL, or the one where an address's Autodiscover is looked for."""
    return urlsplit(to.url).netloc or f"autodiscover.{to.address.rpartition('@')[2]}"


def _refused_json(refused: v2.Refusal) -> Response:
    return Response(refused.status, _type(v2.CONTENT_TYPE), v2.refusal(refused))


def _type(kind: bytes) -> tuple[tuple[bytes, bytes], ...]:
    return ((b"Content-Type", kind),)
