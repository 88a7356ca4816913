"""A mailbox, and a client that speaks EWS to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.casd.mailbox.ews.conversation import Client
from tests.casd.mailbox.store.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.database.dismount()


@pytest.fixture
def client(world: World) -> Client:
    return Client(world)
