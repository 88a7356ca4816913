"""A database for each test of the store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from casd.mailbox.store import commits
from tests.casd.mailbox.store.world import World


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a commit take all that waits, however slow the machine is."""
    monkeypatch.setattr(commits, "_LONGEST", 3600.0)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.database.dismount()
