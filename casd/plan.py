"""A configuration file as one checked value: everything a front end is built from, or a list of what is wrong."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from attrs import frozen
from cryptography import x509

from casd import access, accesslog, acme, autodiscover, oab
from casd.acme import HTTP_01, TLS_ALPN_01
from casd.auth import forms, password
from casd.availability import accounts, availability, spoken
from casd.certificates import BadCertificate, Pair, general_name, read_certificate
from casd.config import Converter, Ini, integer, key, seconds, secret, text
from casd.directory import cache
from casd.interfaces import IGenerations
from casd.model import AddressBook, Endpoint, ServerKind
from casd.net import pool, watch
from casd.net.handover import read_keys
from casd.net.tether import SOCKETS
from casd.net.tls import HTTP1, HTTP2, ServerTLS
from casd.oab_book import EVERYBODY, book_named
from casd.registry import known_sections, module_of

DOORS = "casd.frontends."


MOST_WORKERS = (SOCKETS + 1) // 2
"""Who is asked for figures gets a socket of every other worker in one message, and an upgrade has twice as many."""


def _workers(value: str, folder: Path) -> int:
    """Read a number of processes; `auto` is one for each processor that this process may use."""
    if value == "auto":
        return min(len(os.sched_getaffinity(0)), MOST_WORKERS)
    return int(integer(1, MOST_WORKERS)(value, folder))


workers: Converter = _workers


@frozen
class Settings:
    """Section `[cas]`."""

    name: str = key(text, "", "short name of this front end, shown in X-FEServer; empty: the host's")
    workers: int = key(workers, "1", "processes that serve clients: a number, or auto for one a processor")
    drain_time: float = key(seconds, "30 s", "on SIGTERM, requests under way may take this long to end")
    hang_time: float = key(seconds, "30 s", "a worker that answers nothing for so long is replaced; 0 s: never")


@frozen
class Plan:
    """Every section's value; `doors` and `mailboxes` map a name to its module and value."""

    file: Path
    name: str
    workers: int
    drain_time: float
    hang_time: float
    access: access.Settings
    accesslog: accesslog.Settings
    acme: acme.Settings | None
    autodiscover: autodiscover.Settings
    availability: availability.Settings
    cache: cache.Settings
    password: password.Settings
    pool: pool.Settings
    watch: watch.Settings
    forms: forms.Settings | None
    oab: oab.Settings | None
    books: tuple[AddressBook, ...]
    directory: tuple[ModuleType, Any]
    mechanisms: tuple[ModuleType, ...]
    doors: Mapping[str, tuple[ModuleType, Any]]
    admin: Any
    mailboxes: Mapping[str, tuple[ModuleType, Any]]

    @property
    def tls(self) -> ServerTLS:
        """What the encrypted doors show."""
        http = self.doors["http"][1]
        challenges = self.acme.challenges if self.acme and self.acme.challenge == TLS_ALPN_01 else None
        protocols = HTTP2 if all(settings.streams for _, settings in self.doors.values()) else HTTP1
        return ServerTLS(tuple(map(Pair, http.certificate, http.private_key)), None, protocols, challenges)

    @property
    def acme_names(self) -> tuple[str, ...]:
        """What an authority is to vouch for: no address, and nothing that only this machine knows."""
        names = self.acme.names if self.acme else ()
        return names or tuple(filter(_public, self.doors["http"][1].namespaces))

    @property
    def client_pair(self) -> Pair:
        """What mailbox servers are shown."""
        return Pair(self.pool.certificate, self.pool.private_key)

    @property
    def addresses(self) -> list[Endpoint]:
        """Where the front end listens."""
        return addresses([*(settings for _, settings in self.doors.values()), *([self.admin] if self.admin else [])])


def addresses(everyone: Iterable[Any]) -> list[Endpoint]:
    """Return every address that sections listen at."""
    return [
        endpoint for settings in everyone for name in ("listen", "plain") for endpoint in getattr(settings, name, ())
    ]


def read_plan(file: Path) -> Plan:
    """Read and check a configuration file; `BadConfiguration` names everything that is wrong with it."""
    ini = Ini.read(file)
    plan = _Reader(ini).read()
    if plan is not None:
        _check(ini, plan)
    ini.finish()
    assert plan is not None  # noqa: S101 (finish has raised otherwise)
    return plan


_GENERAL = (access, accesslog, autodiscover, availability, cache, password, pool, watch)
"""What has a value also when its section does not stand in the file."""


class _Reader:
    """Takes each section by its module."""

    def __init__(self, ini: Ini) -> None:
        self._ini = ini
        self._found: dict[str, tuple[ModuleType, Any]] = {}

    def read(self) -> Plan | None:
        ini = self._ini
        cas = ini.take("cas", Settings)
        for section in ini.sections:
            if section != "cas":
                self._take(section)
        general = {module.__name__.rpartition(".")[2]: self._value(module) for module in _GENERAL}
        chosen = general["access"]
        directory = self._named(chosen.directory, "directory", "casd.directory.") if chosen else None
        mechanisms = [self._named(word, "mechanisms", "casd.auth.") for word in chosen.mechanisms] if chosen else []
        doors = {name: found for name, found in self._found.items() if found[0].__name__.startswith(DOORS)}
        if "http" not in doors and "http" not in ini.sections:
            ini.note("http", "", "there must be a section [http]: it says where clients come in")
        if ini.problems or cas is None or directory is None:
            return None
        asked = self._value(acme)
        by_name = {module.__name__.rpartition(".")[2]: value for module, value in filter(None, mechanisms)}
        return Plan(
            file=ini.file,
            name=cas.name or socket.gethostname().partition(".")[0],
            workers=cas.workers,
            drain_time=cas.drain_time,
            hang_time=cas.hang_time,
            **general,
            acme=asked if asked and asked.directory else None,
            forms=by_name.get("forms"),
            oab=self._found["oab"][1] if "oab" in self._found else None,
            books=self._books(),
            directory=directory,
            mechanisms=tuple(module for module, _ in filter(None, mechanisms) if hasattr(module, "read")),
            doors={name: found for name, found in doors.items() if name != "admin"},
            admin=doors["admin"][1] if "admin" in doors else None,
            mailboxes={
                name.partition(":")[2]: found for name, found in self._found.items() if name.startswith("mailbox:")
            },
        )

    def _books(self) -> tuple[AddressBook, ...]:
        """Return the offline address books in the file's order."""
        named = [
            book_named(name.partition(":")[2], value)
            for name, (_, value) in self._found.items()
            if name.startswith("oab:")
        ]
        return (tuple(named) or (EVERYBODY,)) if "oab" in self._found else ()

    def _take(self, section: str) -> None:
        module = module_of(section)
        if module is None:
            self._ini.unknown(section, known_sections())
        elif (value := self._ini.take(section, module.Settings)) is not None:
            self._found[section] = module, value

    def _value(self, module: ModuleType) -> Any:
        """Return a general section's value, from its defaults when it does not stand in the file."""
        name = module.__name__.rpartition(".")[2]
        if name in self._found:
            return self._found[name][1]
        return None if name in self._ini.sections else self._ini.take(name, module.Settings)

    def _named(self, word: str, key_: str, folder: str) -> tuple[ModuleType, Any] | None:
        """Return the module and value that [access] names by a word."""
        module = module_of(word)
        if module is None or module in _GENERAL or not module.__name__.startswith(folder):
            self._ini.note("access", key_, f"there is no {folder}{word}; known are: {', '.join(_known(folder))}")
            return None
        value = self._value(module)
        return None if value is None else (module, value)


def _known(folder: str) -> list[str]:
    """Return what [access] may name of a folder's modules."""
    found = {name: module_of(name) for name in known_sections() if ":" not in name}
    return [name for name, each in found.items() if each and each not in _GENERAL and each.__name__.startswith(folder)]


def _check(ini: Ini, plan: Plan) -> None:
    """Note what only shows when values are held against each other or opened."""
    taken: dict[Any, str] = {}
    everyone = [(name, settings) for name, (_, settings) in plan.doors.items()]
    everyone += [(f"mailbox:{name}", settings) for name, (_, settings) in plan.mailboxes.items()]
    everyone += [("admin", plan.admin)] if plan.admin else []
    for section, settings in everyone:
        for key_ in ("listen", "plain", "metrics"):
            for endpoint in getattr(settings, key_, ()):
                if endpoint.port and endpoint in taken:
                    ini.note(section, key_, f"{endpoint} is taken by [{taken[endpoint]}] already: choose another port")
                taken[endpoint] = section
    _check_certificates(ini, plan)
    _check_books(ini, plan)
    _check_accounts(ini, plan)
    if plan.acme:
        _check_acme(ini, plan, plan.acme)
    if plan.forms:
        try:
            read_keys(plan.forms.secret)
        except (ValueError, OSError) as error:
            ini.note("forms", "secret", f"{error}: make one with `casctl cert init`")


def _check_certificates(ini: Ini, plan: Plan) -> None:
    http = plan.doors["http"][1]
    if len(http.certificate) != len(http.private_key):
        said = f"{len(http.certificate)} certificates need as many private keys, not {len(http.private_key)}"
        ini.note("http", "private key", said)
    for section, pair in certificates_of(plan):
        try:
            read_certificate(pair)
        except BadCertificate as error:
            ini.note(section, "certificate", str(error))


def _check_accounts(ini: Ini, plan: Plan) -> None:
    for name in sorted(plan.availability.accounts.glob("*")) if plan.availability.accounts else ():
        try:
            spoken.language(accounts.read(name), ServerKind.CASD)
        except (ValueError, OSError) as error:
            ini.note("availability", "accounts", str(error))


def _check_books(ini: Ini, plan: Plan) -> None:
    module, _ = plan.directory
    if plan.oab and not IGenerations.implementedBy(module.Directory):
        said = (
            f"[access] directory = {module.__name__.rpartition('.')[2]} records no generations: leave this section out"
        )
        ini.note("oab", "", said)
    guids: dict[Any, str] = {}
    for book in plan.books:
        if book.guid in guids:
            said = f"[oab:{guids[book.guid]}] has the GUID {book.guid} already: name another one, or another NAME"
            ini.note(f"oab:{book.name}", "guid", said)
        guids[book.guid] = book.name
    if not plan.oab and (named := [section for section in ini.sections if section.startswith("oab:")]):
        ini.note(named[0], "", "offline address books are made where there is a section [oab]: add it")


def _check_acme(ini: Ini, plan: Plan, settings: acme.Settings) -> None:
    http = plan.doors["http"][1]
    if not settings.agree:
        ini.note("acme", "agree", "say yes if you agree to the terms of service of that authority")
    if (settings.certificate, settings.certificate) not in zip(http.certificate, http.private_key, strict=False):
        said = f"[acme] brings {settings.certificate}: name it here and as private key, and begin with"
        ini.note("http", "certificate", f"{said} `casctl cert self-signed`")
    if settings.challenge == HTTP_01 and not http.plain:
        ini.note(
            "http", "plain", "the authority of [acme] comes by plain HTTP, port 80: say where, or [acme] challenge"
        )
    _check_account(ini, settings)
    if not plan.acme_names:
        ini.note("acme", "names", "[http] namespaces has no public name: say which")
    for name in set(plan.acme_names) - set(http.namespaces):
        ini.note("acme", "names", f"{name} is not in [http] namespaces: the authority's question would be refused")


def _check_account(ini: Ini, settings: acme.Settings) -> None:
    if settings.account.exists():  # it is made with the first order
        try:
            secret(str(settings.account), settings.folder)
        except ValueError as error:
            ini.note("acme", "account key", str(error))
    if bool(settings.eab_key_id) != bool(settings.eab_hmac):
        ini.note("acme", "eab key id", "the authority gives a key id and a key together: name both, or none")
    if settings.eab_hmac:
        try:
            acme.read_hmac(settings.eab_hmac)
        except ValueError as error:
            ini.note("acme", "eab hmac", str(error))


def _public(name: str) -> bool:
    return "." in name and isinstance(general_name(name), x509.DNSName)


def certificates_of(plan: Plan) -> Iterator[tuple[str, Pair]]:
    """Name every pair of a plan's files, with its section."""
    for pair in plan.tls.pairs:
        yield "http", pair
    yield "pool", plan.client_pair
    for name, (_, settings) in plan.mailboxes.items():
        yield f"mailbox:{name}", Pair(settings.certificate, settings.private_key)
