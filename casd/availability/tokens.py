"""The tokens by which accounts of OAuth sign in, kept until they expire."""

from __future__ import annotations

from collections import defaultdict

from attrs import evolve, frozen
from twisted.internet.defer import DeferredLock

from casd.availability.accounts import Account, Accounts, BadAccount
from casd.availability.elsewhere import server, taken_apart
from casd.availability.wire import Question, Unanswered, Wire, check
from protocols import oauth

_LONGEST = 86400.0
_EARLIER = 60.0
"""Seconds before its end at which a token is no longer used: clocks differ, and an answer takes time."""

_NOT_TAKEN = frozenset({"ErrorInvalidCrossForestCredentials", "ErrorMailboxLogonFailed", "ErrorAutoDiscoverFailed"})

_Key = tuple[str, str, str, str]


@frozen
class _Known:
    token: oauth.Token
    until: float


class Tokens:
    """Fetches tokens; whoever needs the same one meanwhile waits for it. There is one for each account at most."""

    def __init__(self, wire: Wire, accounts: Accounts) -> None:
        self._wire = wire
        self._accounts = accounts
        self._known: dict[_Key, _Known] = {}
        self._turns: defaultdict[_Key, DeferredLock] = defaultdict(DeferredLock)

    async def signed_in(self, account: Account, asker: str, until: float) -> Account:
        """Return an account with the header that a token makes, if it has any. `Unanswered`, `BadAccount`."""
        if not account.token:
            return account
        known = self._current(account)
        if known is None:
            async with self._wire.turn(self._turns[_key(account)], until, f"{account.token} has not answered in time"):
                known = self._current(account)
                if known is None:
                    known = self._known[_key(account)] = await self._fetch(account, asker, until)
        return evolve(account, headers=(*account.headers, ("Authorization", f"Bearer {known.token.value}")))

    def _current(self, account: Account) -> _Known | None:
        known = self._known.get(_key(account))
        return known if known is not None and self._wire.now < known.until else None

    def doubt(self, account: Account, code: str) -> None:
        """Have another one asked for if a server has said that it does not take this one."""
        if code in _NOT_TAKEN:
            self._known.pop(_key(account), None)

    async def _fetch(self, account: Account, asker: str, until: float) -> _Known:
        to = taken_apart(account.token)
        if to is None:
            raise BadAccount(f"{account.token} is no URL of https")
        headers = (
            (b"Authorization", oauth.signed_in(account.client, account.secret)),
            (b"Content-Type", oauth.CONTENT_TYPE),
            (b"Accept", b"application/json"),
        )
        there = server("tokens", to.endpoint, self._accounts.authority_of(account))
        question = Question(b"POST", to.path.encode("ascii"), headers, oauth.write(account.scope))
        answer = await self._wire.fetch(there, asker, question, until)
        if answer.head.status in {400, 401}:  # invalid_client and the like (section 5.2)
            raise Unanswered("ErrorInvalidCrossForestCredentials", f"{to.endpoint} grants no token")
        check(answer, 200)
        try:
            token = oauth.read(answer.body)
        except oauth.NoToken as error:
            raise Unanswered("ErrorInvalidCrossForestCredentials", f"{to.endpoint}: {error}") from error
        lasts = min(token.seconds, _LONGEST)
        return _Known(token, self._wire.now + max(lasts / 2, lasts - _EARLIER))


def _key(account: Account) -> _Key:
    return account.token, account.client, account.secret, account.scope
