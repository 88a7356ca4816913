"""The checksum of offline address books ([MS-OXOAB] 2.2, reference 6.3)."""

from __future__ import annotations

import zlib

_ALL = 0xFFFFFFFF


def crc(data: bytes) -> int:
    """Return the CRC-32 of `data` that is seeded with all ones, and not inverted at the end as zlib's is."""
    return zlib.crc32(data) ^ _ALL
