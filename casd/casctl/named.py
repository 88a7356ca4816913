"""How a subcommand finds what was named on its command line."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import click
from cryptography import x509

from casd.directory.sqlite_edit import Mistake

V = TypeVar("V")


def find(what: str, values: Mapping[str, V], name: str) -> V:
    """Return the value of this name, in any letter case; `Mistake` names the nearest when there is none."""
    by_name = {known.lower(): known for known in values}
    if name.lower() in by_name:
        return values[by_name[name.lower()]]
    near = get_close_matches(name.lower(), by_name, 1)
    hint = f"did you mean {by_name[near[0]]}?" if near else f"casctl {what} list shows what there is"
    raise Mistake(f"there is no {what} {name}; {hint}")


def refuse_used(what: str, values: Mapping[str, Any], name: str) -> None:
    """Refuse a name that is in use."""
    if name.lower() in map(str.lower, values):
        raise Mistake(f"the {what} {name} exists already: change it with casctl {what} set {name}")


def authority(file: Path) -> str:
    """Return the text of an authority's file (PEM)."""
    text = file.read_text(encoding="ascii", errors="replace")
    try:
        x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        raise click.BadParameter(f"{file} holds no certificate (PEM)") from None
    return text


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that stood on the command line."""
    return {name: value for name, value in options.items() if value is not None and value != ()}
