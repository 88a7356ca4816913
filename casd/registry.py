"""The ini is the registry: a section's name is the name of the module that reads it."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

FOLDERS = ("casd", "casd.frontends", "casd.auth", "casd.directory", "casd.net")
"""Where a section's module may stand; a role (`[mailbox:NAME]`) is a package of casd with a module `server`."""


_NO_SECTIONS = frozenset({"plan", "tap", "testing"})
"""Modules of casd that no section is named after; casd.plan reads `[cas]`."""


def module_of(section: str) -> ModuleType | None:
    """Return the module with the Settings of a section, or None if there is none."""
    role, colon, _ = section.partition(":")
    names = [f"casd.{role}.server"] if colon else [f"{folder}.{section}" for folder in FOLDERS]
    if section in _NO_SECTIONS or not section.replace(":", "").replace("-", "_").replace(".", "_").isidentifier():
        return None
    for name in names:
        if find_spec(name.rpartition(".")[0]) and find_spec(name):
            module = import_module(name)
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
            if not module.ispkg and module.name not in _NO_SECTIONS and hasattr(import_module(f"{folder}.{module.name}"), "Settings"):
                found.add(module.name)
    return tuple(sorted(found))
