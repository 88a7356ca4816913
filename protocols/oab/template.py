"""The template file, without which Outlook takes no manifest (reference 6.3)."""

from __future__ import annotations

from struct import pack

VERSION = 7

_PAGES = 7
_PAGE = 32
_NAMES = 16

EMPTY = pack("<III", VERSION, 0, 0) + bytes(_PAGES * _PAGE) + bytes(_NAMES) + bytes(4)
"""No template of ours: clients show their own pages."""
