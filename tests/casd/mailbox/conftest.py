"""A small town of people who write to each other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.casd.mailbox.meetings.conversation import Town
from tests.casd.mailbox.store.world import World


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    world = World(tmp_path)
    yield Town(world)
    world.database.dismount()
