"""A mailbox, and a browser that looks into it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.casd.mailbox.owa.conversation import Browser
from tests.casd.mailbox.store.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.database.dismount()


@pytest.fixture
def browser(world: World) -> Browser:
    return Browser(world)
