"""The accounts that other servers are asked with: one file each, in a folder of secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from attrs import evolve, field, frozen

from casd.availability import elsewhere
from casd.config import boolean, file, secret

_SUFFIX = ".account"
_WAYS = re.compile(r"[/\\]|^\.*$")
_BRACES = re.compile(r"\{(\w+)\}")
_TEXTS = ("language", "url", "user", "password", "token", "client", "secret", "scope")
_KEYS = (*_TEXTS, "header", "impersonate", "ca")


PUBLIC_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
"""Those of the Debian package ca-certificates."""


class BadAccount(ValueError):
    """A file that is no account; the text says what would be right."""


@frozen
class Account:
    """How a server is asked. `{address}`, `{local}`, `{domain}`, `{upn}` stand for the mailbox in what is `filled`.

    `impersonate`: EWS is asked in the name of who asks. `ca` is the authority (PEM text) of a partner's certificate.
    `token` is the URL where a `client` with a `secret` is granted a token of OAuth.
    """

    language: str = ""
    url: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    impersonate: bool = False
    ca: str = ""
    token: str = ""
    client: str = ""
    secret: str = field(default="", repr=False)
    scope: str = ""

    def at(self, path: str) -> Account:
        """Return the same for a server that is to be asked at a path, unless the account says another."""
        return self if self.url else evolve(self, url=quote(path or "/", safe="/%"))

    def target(self, values: Mapping[str, str], usual: str) -> bytes:
        """Return the path to ask at. Raises `BadAccount` for what would name another one, however it is encoded."""
        if any(_WAYS.search(value) for value in values.values()):
            raise BadAccount("a mailbox is called by what no path can hold")
        encoded = {name: quote(value, safe="") for name, value in values.items()}
        return filled(self.url or usual, encoded).encode("ascii")


def filled(template: str, values: Mapping[str, str]) -> str:
    """Return a template with what it has in braces replaced. Raises `BadAccount` for what no line can hold."""
    template = _BRACES.sub(lambda found: values.get(found[1], found[0]), template)
    if not template.isprintable():
        raise BadAccount("a mailbox is called by what no line can hold")
    return template


class Accounts:
    """The accounts of one folder, read when they are first needed; no folder holds none."""

    def __init__(self, folder: Path | None, authorities: Path = PUBLIC_AUTHORITIES) -> None:
        self._folder = folder
        self._authorities = authorities
        self._known: dict[str, Account] = {}
        self._public = ""

    def of(self, name: str) -> Account:
        """Return the account for a server, or a partner's domain; an empty one if there is none. `BadAccount`."""
        if name not in self._known:
            found = self._folder / f"{name.lower()}{_SUFFIX}" if self._folder else None
            self._known[name] = read(found) if found and found.exists() else Account()
        return self._known[name]

    def authority_of(self, account: Account) -> str:
        """Return who vouches for the certificate of a server that the directory does not have (PEM). `BadAccount`."""
        if account.ca:
            return account.ca
        if not self._public:
            try:
                self._public = self._authorities.read_text(encoding="utf-8")
            except OSError as error:
                raise BadAccount(f"no authority: {error}") from None
        return self._public


def read(name: Path) -> Account:
    """Read one account: lines of `key = value`. Raises `BadAccount`."""
    found: dict[str, str] = {}
    headers: list[tuple[str, str]] = []
    try:
        lines = secret(str(name), name.parent).read_text(encoding="utf-8").splitlines()
    except ValueError as error:
        raise BadAccount(str(error)) from None
    for number, line in enumerate(lines, 1):
        key, equals, value = (part.strip() for part in line.partition("="))
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not equals or key not in _KEYS or not value.isprintable():
            raise BadAccount(f"{name}:{number}: needs `key = value`; known are {', '.join(_KEYS)}")
        if key == "header":
            header, colon, content = value.partition(":")
            headers.append((header.strip() if colon else "", content.strip()))
        else:
            found[key] = value
    return _account(name, found, tuple(headers))


def _account(name: Path, found: Mapping[str, str], headers: tuple[tuple[str, str], ...]) -> Account:
    if not all(header.isascii() and header.replace("-", "").isalnum() for header, _ in headers):
        raise BadAccount(f"{name}: a header is `Name: value`")
    if not found.get("url", "/").startswith("/") or not found.get("url", "/").isascii():
        raise BadAccount(f"{name}: url is a path, such as /{{local}}/calendar/: the directory knows the server")
    grant = [bool(found.get(key)) for key in ("token", "client", "secret")]
    if any(grant) and not all(grant):
        raise BadAccount(f"{name}: token, a URL of https, needs client and secret beside it")
    if found.get("token") and (found.get("user") or elsewhere.taken_apart(found["token"]) is None):
        raise BadAccount(f"{name}: token is a URL of https, and stands instead of user and password")
    try:
        return Account(
            **{key: found.get(key, "") for key in _TEXTS},
            headers=headers,
            impersonate=boolean(found.get("impersonate", "no"), name.parent),
            ca=file(found["ca"], name.parent).read_text(encoding="ascii") if "ca" in found else "",
        )
    except ValueError as error:
        raise BadAccount(f"{name}: {error}") from None
