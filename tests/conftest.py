"""Settings of the test tools for the whole suite."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# The same examples every time, and no complaint about a machine that is busy with something else.
settings.register_profile("casd", deadline=None, derandomize=True, database=None, max_examples=60)
settings.load_profile("casd")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Run the tests of a file here, which end before other processes would begin; let xdist share out a folder's."""
    return None if all(Path(name).is_dir() for name in config.args) else 0
