"""The keys that front end and mailbox server share, and the proof that each request carries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from casd.model import Proxy
from protocols.handover import ANSWER_HEADER, REQUEST_HEADER, Who, encode_who, sealed, sign_for


def read_keys(name: Path) -> dict[str, bytes]:
    """Read a key file: lines of `ID HEX`, at least 32 bytes a key; the first signs. ValueError when it is not that."""
    keys: dict[str, bytes] = {}
    for line in name.read_text(encoding="ascii").splitlines():
        key_id, _, digits = line.partition(" ")
        key = bytes.fromhex(digits)
        if not key_id or len(key) < 32:
            raise ValueError(f"{name}: a line is not `ID HEX` with 32 bytes or more")
        keys[key_id] = key
    if not keys:
        raise ValueError(f"{name} holds no key")
    return keys


class Proof:
    """What one request to a backend carries (`line`), and what its answer must carry."""

    __slots__ = ("_keys", "_mailbox", "_request_id", "line")

    def __init__(self, line: bytes, request_id: str, mailbox: str, keys: dict[str, bytes]) -> None:
        self.line = line
        self._request_id = request_id
        self._mailbox = mailbox
        self._keys = keys

    def answered_by(self, value: bytes | None) -> bool:
        """Say whether the answer names this request and this mailbox, under a key of this server."""
        return value is not None and sealed(value, self._keys, request_id=self._request_id, mailbox=self._mailbox)


class Bearer:
    """Who asks, for which mailbox (its GUID): encoded once, for all requests that say the same."""

    __slots__ = ("mailbox", "who")

    def __init__(self, who: bytes, mailbox: str) -> None:
        self.who = who
        self.mailbox = mailbox


def bearer(proxy: Proxy, user: str, client: str, mechanism: str) -> Bearer:
    """Return who asks for the mailbox of a decision."""
    mailbox, guid = proxy.mailbox, str(proxy.mailbox.guid)
    who = Who(user, guid, mailbox.address, mailbox.display_name, proxy.database.name, client, mechanism)
    return Bearer(encode_who(who), guid)


class Handover:
    """Signs who is asking, for one server at a time."""

    def __init__(self, folder: Path, wall_clock: Callable[[], float]) -> None:
        self._folder = folder
        self._now = wall_clock
        self._keys: dict[str, dict[str, bytes]] = {}
        self._signing: dict[str, tuple[bytes, bytes, bytes, dict[str, bytes]]] = {}

    def keys(self, server: str) -> dict[str, bytes]:
        """Return a server's keys; OSError or ValueError when there are none to use."""
        known = self._keys.get(server)
        if known is None:
            known = self._keys[server] = read_keys(self._folder / f"{server}.key")
        return known

    def prove(self, bearer: Bearer, server: str, method: bytes, target: bytes, request_id: str) -> Proof:
        """Return the proof for one request to one server."""
        signing = self._signing.get(server)
        if signing is None:
            keys = self.keys(server)
            key_id, key = next(iter(keys.items()))
            signing = self._signing[server] = (b" %b " % server.encode("ascii"), key_id.encode("ascii"), key, keys)
        to, sign_id, key, keys = signing
        asked = b"%b%b %b" % (to, method, target)
        token = sign_for(bearer.who, int(self._now()), request_id.encode("ascii"), asked, sign_id, key)
        return Proof(REQUEST_HEADER + b": %b\r\n" % token, request_id, bearer.mailbox, keys)

    def prove_all(self, bearers: Sequence[Bearer], server: str, method: bytes, target: bytes, request_id: str) -> Proof:
        """Return the proof for one request about several mailboxes; its answer is proved to be of the first."""
        first, *others = [self.prove(bearer, server, method, target, request_id) for bearer in bearers]
        first.line = b"".join((first.line, *(other.line for other in others)))
        return first


ANSWER_FIELD = ANSWER_HEADER.lower()
