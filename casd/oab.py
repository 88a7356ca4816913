"""`[oab]`: when offline address books are made, where their files are, for how long."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from casd.config import boolean, key, path, seconds


@frozen
class Settings:
    """Section `[oab]`; without it nothing is made, and /OAB is relayed."""

    folder: Path = key(path, "oab", "where the files are: a cache, which each front end fills from the directory")
    record: bool = key(
        boolean, "yes", "no: the directory here is a copy, and files are made of what was recorded where it comes from"
    )
    interval: float = key(seconds, "8 h", "time between two generations")
    keep: float = key(seconds, "7 d", "how long a generation can be had, and differences lead on from it")
