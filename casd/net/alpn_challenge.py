"""How a listener knows an authority that asks by tls-alpn-01 (RFC 8737), and what it shows to it."""

from __future__ import annotations

import re
from pathlib import Path

from casd.certificates import Pair

PROTOCOL = "acme-tls/1"

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,250}")  # with .pem as long as a file's name may be


def challenge(folder: Path, name: str | None) -> Pair | None:
    """Return what was laid out for a name, whoever of an array did so: key and certificate in one file."""
    if not name or not _NAME.fullmatch(name.lower()):
        return None
    file = folder / f"{name.lower()}.pem"
    return Pair(file, file) if file.is_file() else None
