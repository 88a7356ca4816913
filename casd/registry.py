"""The ini is the registry: a section's name is the name of the module that reads it."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

FOLDERS = ("casd", "casd.frontends", "casd.auth", "casd.directory", "casd.net", "casd.availability")
"""Where a section's module may stand; a role (`[mailbox:NAME]`) is a package of casd with a module `server`."""


_NO_SECTIONS = frozenset({"plan", "tap", "testing"})
"""Modules of casd that no section is named after; casd.plan reads `[cas]`."""


def module_of(section: str) -> ModuleType | None:
    """Return the module with the Settings of a section, or None if there is none."""
    role, colon, name = section.partition(":")
    if role in _NO_SECTIONS or not role.isidentifier() or bool(colon) != bool(name):
        return None
    for folder in (f"casd.{role}",) if colon else FOLDERS:
        package = find_spec(folder)
        found = f"{folder}.server" if colon else f"{folder}.{section}"
        if package and package.submodule_search_locations and find_spec(found):
            module = import_module(found)
            if hasattr(module, "Settings"):
                return module
    return None


@cache
def known_sections() -> tuple[str, ...]:
    """Return the names that sections may have."""
    found = {"cas", "mailbox:NAME"}
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
