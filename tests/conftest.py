"""Settings of the test tools for the whole suite."""

from __future__ import annotations

from hypothesis import settings

# The same examples every time, and no complaint about a machine that is busy with something else.
settings.register_profile("casd", deadline=None, derandomize=True, database=None, max_examples=60)
settings.load_profile("casd")
