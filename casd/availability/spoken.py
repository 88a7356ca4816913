"""Which language a server is asked in: that of its kind, unless its account says another."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from casd.availability import languages
from casd.availability.accounts import Account, BadAccount
from casd.model import ServerKind


def _found() -> dict[str, Any]:
    names = [module.name for module in pkgutil.iter_modules(languages.__path__)]
    return {name: import_module(f"{languages.__name__}.{name}") for name in names}


LANGUAGES: Mapping[str, Any] = _found()
"""Each `casd.availability.asking.Language` by its module's name."""

HANDOVER = "handover"
"""The one that needs a hand-over key, not an account."""

_OF_KIND = {kind: name for name, module in LANGUAGES.items() for kind in module.KINDS}


def language(account: Account, kind: ServerKind) -> str:
    """Return the name of a language; empty if a server speaks none. Raises `BadAccount`."""
    name = account.language or _OF_KIND.get(kind, "")
    if account.language and (name == HANDOVER or name not in LANGUAGES):
        raise BadAccount(f"language is one of {', '.join(sorted({*LANGUAGES} - {HANDOVER}))}, not {name!r}")
    return name
