"""When a certificate is renewed, and by whom of an array."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher

from casd import acme, acme_order
from casd.acme import INTERVAL, PATIENCE, NotIssued, Renewal, Settings, due, renew
from casd.casctl.authority import SERVER, Authority
from tests.casd.estate import settings

NOW = datetime.now(UTC)
NAMES = ["mail.example.org"]


class Folder:
    """A folder of [acme], and an authority that issues into it at once, or refuses."""

    def __init__(self, folder: Path) -> None:
        self.settings: Settings = settings(Settings, folder, directory="https://acme.example.net/directory")
        self.refusal: Exception | None = None
        self.ordered = 0

    def order(self, asked: Settings, names: list[str]) -> None:
        self.ordered += 1
        if self.refusal:
            raise self.refusal
        self.hold(names, NOW)

    def hold(self, names: list[str], issued: datetime) -> None:
        folder = self.settings.folder
        (folder / "ca").mkdir(parents=True, exist_ok=True)
        for file in (folder / "ca").iterdir():
            file.unlink()
        Authority(folder / "ca", "Test", issued).issue("one", names, SERVER)
        parts = [(folder / "ca" / name).read_bytes() for name in ("one.key", "one.pem")]
        self.settings.certificate.write_bytes(b"".join(parts))

    def long_after(self) -> None:
        before = time.time() - PATIENCE - 1
        os.utime(self.settings.folder / "lock", (before, before))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    found = Folder(tmp_path)
    monkeypatch.setattr(acme_order, "order", found.order)
    return found


def test_what_is_needed_stands_in_one_folder(folder: Folder, tmp_path: Path) -> None:
    assert folder.settings.folder == tmp_path / "acme"
    assert folder.settings.account == tmp_path / "acme" / "account.key"
    other = settings(Settings, tmp_path, account_key=tmp_path / "other.key")
    assert other.account == tmp_path / "other.key"


def test_a_certificate_is_renewed_when_two_thirds_of_its_life_are_over(folder: Folder) -> None:
    folder.hold(NAMES, NOW)
    life = timedelta(days=825)
    assert not due(folder.settings, NAMES, NOW + life * 0.66)
    assert due(folder.settings, NAMES, NOW + life * 0.67)


def test_a_certificate_that_is_not_there_or_not_ours_is_due(folder: Folder) -> None:
    assert due(folder.settings, NAMES, NOW)
    folder.hold(["other.example.org"], NOW)
    assert due(folder.settings, NAMES, NOW)
    root = folder.settings.folder / "ca"
    folder.settings.certificate.write_bytes((root / "ca.key").read_bytes() + (root / "ca.pem").read_bytes())
    assert due(folder.settings, [], NOW)  # it vouches for itself


def test_what_is_due_is_ordered_once(folder: Folder) -> None:
    assert renew(folder.settings, NAMES)
    assert not renew(folder.settings, NAMES)
    folder.long_after()
    assert not renew(folder.settings, NAMES)
    assert folder.ordered == 1
    assert renew(folder.settings, NAMES, force=True)
    assert folder.ordered == 2


@pytest.mark.negative
def test_after_a_refusal_no_front_end_asks_again_for_an_hour(folder: Folder) -> None:
    folder.refusal = NotIssued("no")
    with pytest.raises(NotIssued):
        renew(folder.settings, NAMES)
    assert not renew(folder.settings, NAMES)
    folder.long_after()
    folder.refusal = None
    assert renew(folder.settings, NAMES)


def test_only_one_of_an_array_orders(folder: Folder) -> None:
    folder.settings.folder.mkdir()
    with (folder.settings.folder / "lock").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert not renew(folder.settings, NAMES, force=True)
    assert renew(folder.settings, NAMES)


# A front end looks by itself


@pytest.fixture
def logged() -> Iterator[list[str]]:
    lines: list[str] = []

    def note(event: Any) -> None:
        if event["log_namespace"] == "casd.acme.Renewal":
            lines.append(event["log_format"].format(**event))

    globalLogPublisher.addObserver(note)
    yield lines
    globalLogPublisher.removeObserver(note)


def begin(folder: Folder, run: Callable[..., Deferred[Any]] = maybeDeferred) -> tuple[Renewal, Clock]:
    clock = Clock()
    renewal = Renewal(folder.settings, NAMES, run, clock)
    renewal.start()
    return renewal, clock


def test_a_front_end_looks_at_the_start_and_again_and_again(folder: Folder, logged: list[str]) -> None:
    renewal, clock = begin(folder)
    assert logged == [f"a new certificate has come: {folder.settings.certificate}"]
    folder.long_after()
    folder.settings.certificate.unlink()
    clock.advance(INTERVAL)
    assert (folder.ordered, len(logged)) == (2, 2)
    clock.advance(INTERVAL)
    assert len(logged) == 2
    renewal.stop()
    assert clock.getDelayedCalls() == []


@pytest.mark.parametrize(
    ("refusal", "said"),
    [(NotIssued("not yours"), "not yours"), (OSError("full"), "full"), (KeyError("x"), "Traceback")],
)
def test_a_refusal_is_told_and_ends_nothing(folder: Folder, logged: list[str], refusal: Exception, said: str) -> None:
    folder.refusal = refusal
    _, clock = begin(folder)
    assert said in logged[0]
    assert "the next attempt is in an hour" in logged[0]
    folder.refusal = None
    folder.long_after()
    clock.advance(INTERVAL)
    assert folder.ordered == 2


def test_an_order_that_takes_long_is_not_made_twice(folder: Folder) -> None:
    waiting: list[Deferred[bool]] = []

    def run(*_: Any) -> Deferred[bool]:
        waiting.append(Deferred())
        return waiting[-1]

    _, clock = begin(folder, run)
    clock.advance(INTERVAL * 3)
    assert len(waiting) == 1


@pytest.mark.negative
def test_a_directory_without_encryption_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not the URL of a directory"):
        acme._url("http://acme.example.net/directory", tmp_path)
