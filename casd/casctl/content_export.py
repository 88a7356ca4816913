"""How the content of a mailbox is written into files, and how far that has come."""

from __future__ import annotations

import json
import os
import re
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from casd.files import write_file

_STATE = ".casctl-export.json"
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
    with (folder / "messages.mbox").open("ab") as file:
        file.write(f"From {address or 'MAILER-DAEMON'} {received:%a %b %e %H:%M:%S %Y}\n{status}".encode())
        file.write(quoted + b"\n\n")


FORMATS: Mapping[str, Write] = {"eml": _eml, "maildir": _maildir, "mbox": _mbox}


class Export:
    """Files below one folder; a file in it tells up to which item of each folder all are written."""

    def __init__(self, target: Path, write: Write) -> None:
        self.written = 0
        self._target = target
        self._write = write
        self._state: dict[str, dict[str, int]] = {}
        target.mkdir(parents=True, exist_ok=True)
        if (target / _STATE).exists():
            self._state = json.loads((target / _STATE).read_text(encoding="utf-8"))

    def after(self, folder: Item) -> int:
        """Return the number of the last item of a folder that is written."""
        return self._state.get(folder["id"], {}).get("last", 0)

    def write(self, folder: Item, items: Sequence[Item]) -> None:
        """Write items, all of them or, if this is interrupted, again the next time."""
        place = self._target.joinpath(*(_STRANGE.sub("_", name) for name in folder["path"].split("/")))
        place.mkdir(parents=True, exist_ok=True)
        mbox = place / "messages.mbox"
        if mbox.exists():  # what was written of a batch that is written again
            os.truncate(mbox, self._state.get(folder["id"], {}).get("length", 0))
        for item in items:
            self._write(place, item, b64decode(item["content"]))
        self.written += len(items)
        length = mbox.stat().st_size if mbox.exists() else 0
        self._state[folder["id"]] = {"last": items[-1]["number"], "length": length}
        write_file(self._target / _STATE, json.dumps(self._state).encode())


def _whole(file: Path, content: bytes) -> None:
    if not file.exists():
        write_file(file, content)
