"""Who an address of a request stands for: a mailbox with the place to ask for it, the members of a group, or nobody."""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen
from twisted.logger import Logger

from casd.access import ClientAccess
from casd.availability import elsewhere, spoken
from casd.availability.accounts import Accounts, BadAccount
from casd.availability.asking import Place
from casd.availability.wire import PROTOCOL
from casd.directory.members import TURN, TooMany, members
from casd.model import LONGEST_ADDRESS, Group, Proxy, Server, ServerKind, Trust
from protocols.ews.errors import Refusal

MOST = 100
"""Members of a group, with those of the groups in it (availability, distribution groups)."""

_REFUSED = {
    "ProtocolDisabled": "ErrorNoFreeBusyAccess",
    "DatabaseNotFound": "ErrorMailboxFailover",
    "NoActiveCopy": "ErrorMailboxFailover",
    "NoEndpoint": "ErrorServiceDiscoveryFailed",
}


@frozen
class Members:
    """The addresses that a group stands for."""

    addresses: tuple[str, ...]


Found = Place | Members | Refusal


class Attendees:
    """Finds whom addresses stand for. `proxied`: what is asked may not be passed on to who passes on."""

    _log: ClassVar[Logger] = Logger()

    def __init__(self, access: ClientAccess, accounts: Accounts, *, proxied: bool) -> None:
        self._access = access
        self._accounts = accounts
        self._proxied = proxied
        self._places: dict[tuple[str, str], Place] = {}
        self._looked_up = 0

    async def find(self, address: str) -> Found:
        """Return what an address stands for."""
        await self._turn(1)
        if not address.isprintable() or len(address) > LONGEST_ADDRESS:
            return Refusal("ErrorMailRecipientNotFound")
        decision = await self._access.locate_address(address, PROTOCOL, "the attendee")
        try:
            if isinstance(decision, Proxy):
                return self._own(decision)
            if (word := getattr(decision, "word", "")) != "UserNotFound":
                return Refusal(_REFUSED.get(word, "ErrorServiceDiscoveryFailed"))
            if (group := await self._access.directory.group(address)) is not None:
                return await self._members(group)
            return await self._partners(address)
        except BadAccount as error:
            self._log.warn("{address} cannot be asked: {error}", address=address, error=str(error))
            return Refusal("ErrorServiceDiscoveryFailed")

    def _own(self, proxy: Proxy) -> Found:
        server, mailbox = proxy.server, proxy.mailbox
        account = self._accounts.of(server.name)
        language = spoken.language(account, server.kind)
        if not language:
            return Refusal("ErrorServiceDiscoveryFailed")
        ours = language == spoken.HANDOVER
        database, named = proxy.database.name if ours else "", ours or account.impersonate
        return self._allowed(Place(mailbox.address, mailbox.upn, server, account, language, database, named))

    async def _partners(self, address: str) -> Found:
        """Return where another organisation is asked for one of its own (PerUserFB, OrgWideFB)."""
        domain = address.rpartition("@")[2].lower()
        partner = (await self._access.topology()).partners.get(domain)
        if partner is None:
            return Refusal("ErrorMailRecipientNotFound")
        if partner.trust is Trust.NONE and (partner.availability or partner.autodiscover):
            return Refusal("ErrorNoFreeBusyAccess")
        account = self._accounts.of(domain)
        language = spoken.language(account, ServerKind.EXCHANGE)
        named = partner.trust is Trust.USER
        url = elsewhere.taken_apart(partner.availability)
        if url is not None:
            server = elsewhere.server(domain, url.endpoint, self._accounts.authority_of(account))
            place = Place(address, address, server, account.at(url.path), language, named=named)
        elif partner.autodiscover and not partner.availability and language == "ews":
            place = Place(address, address, Server(domain, ""), account, language, named=named, sought=partner)
        else:
            return Refusal("ErrorAddressSpaceNotFound")
        return self._allowed(place)

    def _allowed(self, place: Place) -> Found:
        """Refuse to pass on what was passed on already, to a server that might do so again; know each place once."""
        if self._proxied and place.language == "ews":
            return Refusal("ErrorProxyRequestNotAllowed")
        return self._places.setdefault((place.server.name, place.address.lower()), place)

    async def _members(self, group: Group) -> Members | Refusal:
        """Return whom a group leads to, through the groups in it."""
        await self._turn(len(group.members))
        try:
            found = await members(self._access.directory, group, 2 * MOST)
        except TooMany:
            return Refusal("ErrorFreeBusyDLLimitReached")
        addresses = (*(mailbox.address for mailbox in found.mailboxes), *found.others)
        return Members(addresses) if len(addresses) <= MOST else Refusal("ErrorFreeBusyDLLimitReached")

    async def _turn(self, count: int) -> None:
        """Let others have their turn, now and then."""
        self._looked_up += count
        if self._looked_up > TURN:
            self._looked_up = 0
            await self._access.directory.pause()
