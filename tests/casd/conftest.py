"""What every test of the front end may ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import argon2
import pytest

from casd.auth import password
from casd.net import aside
from tests.casd.estate import Estate


@pytest.fixture(autouse=True, scope="session")
def _cheap_hashes() -> Iterator[None]:
    """Let a password be checked in no time: what is tested is never how hard a hash is."""
    before = password.PasswordHasher
    password.PasswordHasher = lambda: argon2.PasswordHasher(1, 8, 1)  # type: ignore[assignment, misc]
    yield
    password.PasswordHasher = before  # type: ignore[misc]


class _Here:
    """A thread that is this one."""

    def __init__(self, target: Callable[[], None], **_: Any) -> None:
        self.start = target


@pytest.fixture(autouse=True)
def _no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is done aside be done at once."""
    monkeypatch.setattr(aside, "Thread", _Here)


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    """Return a front end among fakes."""
    return Estate(tmp_path)
