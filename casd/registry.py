"""The ini is the registry: a section's name is the name of the module that reads it."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

FOLDERS = ("casd", "casd.frontends", "casd.auth", "casd.directory", "casd.net", "casd.availability")
"""Where a section's module may stand."""

NAMED = ("casd.{}.server", "casd.{}_book")
"""What reads a section with a name of its own: a role's package (`[mailbox:NAME]`), or a module (`[oab:NAME]`)."""


_NO_SECTIONS = frozenset({"plan", "tap", "testing", "oab_book"})
"""Modules of casd that no section is named after; casd.plan reads `[cas]`, casd.oab_book `[oab:NAME]`."""


def module_of(section: str) -> ModuleType | None:
    """Return the module with the Settings of a section, or None if there is none."""
    role, colon, name = section.partition(":")
    if role in _NO_SECTIONS or not role.isidentifier() or bool(colon) != bool(name):
        return None
    for found in [each.format(role) for each in NAMED] if colon else [f"{folder}.{section}" for folder in FOLDERS]:
        if _is_there(found):
            module = import_module(found)
            if hasattr(module, "Settings"):
                return module
    return None


def _is_there(name: str) -> bool:
    package = find_spec(name.rpartition(".")[0])
    return bool(package and package.submodule_search_locations and find_spec(name))


@cache
def known_sections() -> tuple[str, ...]:
    """Return the names that sections may have."""
    found = {"cas", "mailbox:NAME", "oab:NAME"}
    for folder in FOLDERS:
        package = import_module(folder)
        for module in pkgutil.iter_modules(package.__path__):
            if (
                not module.ispkg
                and module.name not in _NO_SECTIONS
                and hasattr(import_module(f"{folder}.{module.name}"), "Settings")
            ):
                found.add(module.name)
    return tuple(sorted(found))
