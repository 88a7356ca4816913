"""Settings of the test tools for the whole suite."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples every time, and no complaint about a machine that is busy with something else.
settings.register_profile("casd", deadline=None, derandomize=True, database=None, max_examples=60)
settings.load_profile("casd")

# What tests write is forgotten with them: where there is a file system in memory, none of them waits for a disk.
# Fifty megabytes are enough for them; TMPDIR says where they write instead.
MEMORY = "/dev/shm"
if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 2**28:
    os.environ["TMPDIR"] = tempfile.tempdir = MEMORY


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Run the tests of a file here, which end before other processes would begin; let xdist share out a folder's."""
    return None if all(Path(name).is_dir() for name in config.args) else 0


def pytest_collection_finish() -> None:
    """Keep the garbage collector from looking at what stays to the end, thousands of tests, time and again."""
    gc.freeze()
