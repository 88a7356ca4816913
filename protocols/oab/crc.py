"""The checksum of offline address books ([MS-OXOAB] 2.2, reference 6.3)."""

from __future__ import annotations

import zlib

_ALL = 0xFFFFFFFF


def crc(*pieces: bytes) -> int:
    """Return the CRC-32 of all pieces that is seeded with all ones, and not inverted at the end as zlib's is."""
    found = 0
    for piece in pieces:
        found = zlib.crc32(piece, found)
    return found ^ _ALL
