"""How the content of a mailbox is written into files, and how far that has come."""

from __future__ import annotations

import json
import os
import re
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parseaddr
from itertools import chain, count
from pathlib import Path
from typing import Any

from casd.files import write_file

_STATE = ".casctl-export.json"
_MBOX = "messages.mbox"
_SUFFIXES = {"mail": ".eml", "note": ".eml", "appointment": ".ics", "task": ".ics", "contact": ".vcf"}
_STRANGE = re.compile(r"[^\w .,()@+-]|^\.+")

Item = Mapping[str, Any]
Write = Callable[[Path, Item, bytes], None]
"""Writes one item into its folder; an item that is there already is left as it is."""


def _eml(folder: Path, item: Item, content: bytes) -> None:
    received = datetime.fromtimestamp(item["received"], UTC)
    _whole(folder / f"{received:%Y%m%d-%H%M%S}-{item['id']}{_SUFFIXES[item['kind']]}", content)


def _maildir(folder: Path, item: Item, content: bytes) -> None:
    if _SUFFIXES[item["kind"]] != ".eml":
        _eml(folder, item, content)
        return
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(exist_ok=True)
    flags = ("F" if item["flagged"] else "") + ("S" if item["read"] else "")
    _whole(folder / "cur" / f"{int(item['received'])}.{item['id']}.casd:2,{flags}", content.replace(b"\r\n", b"\n"))


def _mbox(folder: Path, item: Item, content: bytes) -> None:
    if _SUFFIXES[item["kind"]] != ".eml":
        _eml(folder, item, content)
        return
    sender = re.search(rb"^From:(.*)$", content, re.MULTILINE | re.IGNORECASE)
    address = parseaddr(sender[1].decode("ascii", "replace"))[1] if sender else ""
    received = datetime.fromtimestamp(item["received"], UTC)
    status = f"Status: {'RO' if item['read'] else 'O'}\nX-Status: {'F' if item['flagged'] else ''}\n"
    lines = content.replace(b"\r\n", b"\n").rstrip(b"\n")
    quoted = re.sub(rb"^(>*From )", rb">\1", lines, flags=re.MULTILINE)
    with (folder / _MBOX).open("ab") as file:
        file.write(f"From {address or 'MAILER-DAEMON'} {received:%a %b %e %H:%M:%S %Y}\n{status}".encode())
        file.write(quoted + b"\n\n")


FORMATS: Mapping[str, Write] = {"eml": _eml, "maildir": _maildir, "mbox": _mbox}


class Export:
    """Files below one folder; a file in it tells up to which item of each folder all are written."""

    def __init__(self, target: Path, write: Write) -> None:
        self.written = 0
        self._target = target
        self._write = write
        self._state: dict[str, dict[str, Any]] = {}
        target.mkdir(parents=True, exist_ok=True)
        if (target / _STATE).exists():
            self._state = json.loads((target / _STATE).read_text(encoding="utf-8"))

    def after(self, folder: Item) -> int:
        """Return which item of a folder is the last that is written, by its arrival."""
        return int(self._state.get(folder["id"], {}).get("last", 0))

    def write(self, folder: Item, items: Sequence[Item]) -> None:
        """Write items, all of them or, if this is interrupted, again the next time."""
        state = self._state.get(folder["id"]) or self._begin(folder)
        place = self._target / state["place"]
        place.mkdir(parents=True, exist_ok=True)
        mbox = place / _MBOX
        if mbox.exists():  # what was written of a batch that is written again
            os.truncate(mbox, state["length"])
        for item in items:
            self._write(place, item, b64decode(item["content"]))
        self.written += len(items)
        length = mbox.stat().st_size if mbox.exists() else 0
        self._note(folder, {**state, "last": items[-1]["arrival"], "length": length})

    def _begin(self, folder: Item) -> dict[str, Any]:
        """Note where a folder is written: nowhere that is another's, nor onto messages of another export."""
        wanted = "/".join(_STRANGE.sub("_", name) for name in folder["path"].split("/"))
        taken = {state["place"].casefold() for state in self._state.values()}
        names = chain((wanted,), (f"{wanted} ({number})" for number in count(2)))
        free = (name for name in names if name.casefold() not in taken)
        place = next(name for name in free if not (self._target / name / _MBOX).exists())
        return self._note(folder, {"place": place, "last": 0, "length": 0})

    def _note(self, folder: Item, state: dict[str, Any]) -> dict[str, Any]:
        self._state[folder["id"]] = state
        write_file(self._target / _STATE, json.dumps(self._state).encode())
        return state


def _whole(file: Path, content: bytes) -> None:
    if not file.exists():
        write_file(file, content)
