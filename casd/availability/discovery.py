"""Where other organisations tell of times, as their Autodiscover says; a place is known for a while.

The account is shown to hosts of the partner's domains alone, and to the one that the directory names.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Sequence

from attrs import evolve, frozen
from twisted.internet.defer import DeferredLock

from casd.availability.accounts import Accounts
from casd.availability.asking import Asking, Place
from casd.availability.elsewhere import Url, server, taken_apart
from casd.availability.wire import PROXIED, Question, Unanswered, Wire, check, signed_in
from casd.model import Partner, Topology
from casd.net.fetch import Answer
from protocols.autodiscover import pox_client
from protocols.autodiscover.pox import Redirection

_AGE = 3600.0
"""Seconds for which a place is known."""

_SOON = 60.0
"""Seconds for which it stays known though it did not answer, or unknown: Autodiscover is asked no more often."""

_MOST_ASKED = 5
"""Requests for one address, with those that it is sent on to; Outlook follows ten."""

_MOST_ADDRESSES = 3
"""Addresses that are tried when the partner does not know the first."""

_FAILED = "ErrorAutoDiscoverFailed"
_PATH = "/autodiscover/autodiscover.xml"
_SENT_ON = (301, 302, 303, 307, 308)


@frozen
class _Known:
    """What was learned of a partner as the directory had it: a place, or why there is none."""

    partner: Partner
    at: float
    url: Url | None
    why: str = ""


class Discovery:
    """Asks partners' Autodiscover, each once at a time; there is one place for each partner at most."""

    def __init__(self, wire: Wire, accounts: Accounts) -> None:
        self._wire = wire
        self._accounts = accounts
        self._known: dict[str, _Known] = {}
        self._turns: defaultdict[str, DeferredLock] = defaultdict(DeferredLock)

    async def found(self, asking: Asking, partner: Partner, places: Sequence[Place]) -> Sequence[Place]:
        """Return where a partner's mailboxes are asked. Raises `Unanswered`, `BadAccount`."""
        known = self._remembered(partner)
        if known is None:
            late = f"the Autodiscover of {partner.domain} has not answered in time"
            async with self._wire.turn(self._turns[partner.domain], asking.until, late):
                known = self._remembered(partner) or await self._look(asking, places, partner)
        if known.url is None:
            raise Unanswered(_FAILED, known.why)
        there = server(partner.domain, known.url.endpoint, self._accounts.authority_of(places[0].account))
        return [evolve(place, server=there, account=place.account.at(known.url.path)) for place in places]

    def doubt(self, place: Place) -> None:
        """Have a partner's Autodiscover asked again before long: its place has told nothing."""
        known = self._known.get(place.sought.domain) if place.sought else None
        if known is not None and known.url is not None and self._wire.now >= known.at + _SOON:
            del self._known[known.partner.domain]

    def _remembered(self, partner: Partner) -> _Known | None:
        known = self._known.get(partner.domain)
        if known is None or known.partner != partner:
            return None
        return known if self._wire.now < known.at + (_SOON if known.url is None else _AGE) else None

    async def _look(self, asking: Asking, places: Sequence[Place], partner: Partner) -> _Known:
        """Ask for one address after the other, until the partner knows one."""
        self._forget_others()
        why, url, known = "", None, False
        for place in places[:_MOST_ADDRESSES]:
            try:
                url = await self._locate(asking, place, partner)
            except pox_client.Unknown as error:
                why = str(error)
                continue
            except Unanswered as error:
                why = str(error)
            known = True
            break
        found = _Known(partner, self._wire.now, url, why)
        if known:  # else somebody else's address may be known
            self._known[partner.domain] = found
        return found

    def _forget_others(self) -> None:
        """Forget partners that the directory no longer has, and close the connections to where they were."""
        topology = self._wire.access.known_topology or Topology()
        for domain in self._known.keys() - topology.partners.keys():
            del self._known[domain]
        self._wire.access.pool.retain(topology.servers)

    async def _locate(self, asking: Asking, place: Place, partner: Partner) -> Url:
        """Return where web services are for an address. Raises `Unanswered`, `Unknown`."""
        ways, why = deque(_begun(partner, place.address)), ""
        hosts = _hosts(partner)
        for _ in range(_MOST_ASKED):
            if not ways:
                break
            url, address = ways.popleft()
            try:
                told = await self._ask(asking, place, _allowed((url,), hosts), address)
            except (Unanswered, pox_client.BadAnswer) as error:
                if isinstance(error, pox_client.Unknown):
                    raise
                why = f"{url}: {error}"
                continue
            if isinstance(told, pox_client.Settings):
                return _allowed(told.ews, hosts)
            ways = deque([(told.url, address)] if told.url else _usual(told.address))
        raise Unanswered(_FAILED, why or f"{partner.domain} sends on and on")

    async def _ask(self, asking: Asking, place: Place, url: Url, address: str) -> pox_client.Settings | Redirection:
        account = place.account
        there = server(place.server.name, url.endpoint, self._accounts.authority_of(account))
        headers = (
            *signed_in(account, {}),
            (b"Content-Type", pox_client.CONTENT_TYPE),
            (PROXIED, b"availability"),
        )
        question = Question(b"POST", url.path.encode("ascii"), headers, pox_client.write(address))
        answer = await self._wire.fetch(there, asking.asker, question, asking.until)
        if answer.head.status in _SENT_ON:
            return Redirection(url=_location(answer))
        check(answer, 200)
        return await self._wire.read(pox_client.read, answer)


def _begun(partner: Partner, address: str) -> Sequence[tuple[str, str]]:
    """Return what is asked first, and for which address: a URL, or what is usual in an address's domain."""
    to = partner.autodiscover
    return [(to, address)] if "://" in to else _usual(f"{address.rpartition('@')[0]}@{to.rpartition('@')[2]}")


def _usual(address: str) -> Sequence[tuple[str, str]]:
    """Return where an address's Autodiscover is (MS-OXDISCO 3.1.5); the web site of a domain is asked last."""
    domain = address.rpartition("@")[2]
    return [(f"https://{host}{_PATH}", address) for host in (f"autodiscover.{domain}", domain)]


def _hosts(partner: Partner) -> Collection[str]:
    """Return whom the account is for: hosts, and with a dot before it a domain for all of its own."""
    url = taken_apart(partner.autodiscover)
    domains = {partner.domain} if url else {partner.domain, partner.autodiscover.rpartition("@")[2].lower()}
    return {*domains, *(f".{one}" for one in domains), *({url.endpoint.host} if url else ())}


def _allowed(urls: Sequence[str], hosts: Collection[str]) -> Url:
    """Return the first of some URLs that the account is for. Raises `Unanswered`."""
    for url in urls:
        found = taken_apart(url)
        if found is None:
            continue
        host = found.endpoint.host
        if host in hosts or any(host.endswith(one) for one in hosts if one.startswith(".")):
            return found
    said = " ".join(urls)[:200]
    raise Unanswered(_FAILED, f"{said or 'nothing'!r} is told of, not a host of the partner: name it, --availability")


def _location(answer: Answer) -> str:
    return (answer.head.get(b"location") or b"").decode("latin-1")
