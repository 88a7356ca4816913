"""What the operator's tools bring into a mailbox and take out of it: /casd/import, /casd/export, /casd/folders."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from casd.mailbox.call import Call
from casd.mailbox.control import MECHANISM
from casd.mailbox.store.errors import StoreError
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.query import Compare, Operator, Order, Page
from casd.mailbox.store.values import Fields, Flag, Folder, Kind
from protocols.http1 import Response

LARGEST = 256 << 20
"""Bytes of a batch: one message of 150 MiB in base64, and what is around it."""

_BATCH = 100
_ENOUGH = 8 << 20
"""Bytes after which a batch is full."""

_CLASSES = {Kind.APPOINTMENT: "IPF.Appointment", Kind.CONTACT: "IPF.Contact", Kind.TASK: "IPF.Task"}


async def serve(call: Call) -> Response:
    """Do what the operator asks; nobody else is let in."""
    if call.assertion.mechanism != MECHANISM:
        return Response(403)
    head = call.exchange.head
    name = head.path.lower().rpartition("/")[2]
    if (head.method == b"POST") is not (name == "import"):
        return Response(405)
    try:
        if name == "import":
            batch = json.loads(await call.exchange.read(LARGEST))
            return _answer(200, await call.database.run(_put, call.mailbox, batch))
        query = dict(parse_qsl(head.query))
        reads: Mapping[str, Callable[[MailboxStore, Mapping[str, str]], Any]] = {"folders": _folders, "export": _get}
        return _answer(200, await call.database.read(reads[name], call.mailbox, query))
    except (StoreError, ValueError, KeyError, TypeError, Error) as error:
        return _answer(400, {"error": f"{type(error).__name__}: {error}"})


def _answer(status: int, value: Any) -> Response:
    return Response(status, ((b"Content-Type", b"application/json"),), json.dumps(value).encode())


def _put(mailbox: MailboxStore, batch: Mapping[str, Any]) -> dict[str, Any]:
    """Take items; without any, say which digests are known. An item that cannot be taken keeps no other out."""
    if "items" not in batch:
        digests = [bytes.fromhex(digest) for digest in batch["digests"]]
        return {"known": [digest.hex() for digest in mailbox.imports.known(digests)]}
    return {"outcomes": [_put_one(mailbox, item) for item in batch["items"]]}


def _put_one(mailbox: MailboxStore, item: Mapping[str, Any]) -> str:
    """Return `imported`, `known`, or why not."""
    digest, kind = bytes.fromhex(item["digest"]), Kind(item["kind"])
    if mailbox.imports.known([digest]):
        return "known"
    fields = Fields(read=bool(item["read"]), flag=Flag.FLAGGED if item["flagged"] else Flag.NONE)
    if item["received"] is not None:
        fields["received"] = datetime.fromtimestamp(item["received"], UTC)
    try:
        home = _home(mailbox, item["folder"], kind)
        mailbox.items.create(home, kind, b64decode(item["content"]), **fields)
    except StoreError as error:
        return str(error)
    mailbox.imports.note(digest)
    return "imported"


def _home(mailbox: MailboxStore, path: str, kind: Kind) -> str:
    """Return the folder of a path below the visible top, made if it is not there."""
    folder = mailbox.folders.distinguished("msgfolderroot").id
    for name in filter(None, path.split("/")):
        below = {child.name.casefold(): child.id for child in mailbox.folders.children(folder)}
        folder = below.get(name.casefold()) or mailbox.folders.create(folder, name, _CLASSES.get(kind, "IPF.Note")).id
    return folder


def _folders(mailbox: MailboxStore, _query: Mapping[str, str]) -> list[dict[str, Any]]:
    top = mailbox.folders.distinguished("msgfolderroot")
    paths: dict[str, str] = {top.id: ""}
    found: list[Folder] = []
    for folder in mailbox.folders.children(top.id, deep=True):
        paths[folder.id] = f"{paths[folder.parent]}/{folder.name}".lstrip("/")
        found.append(folder)
    return [{"id": folder.id, "path": paths[folder.id], "total": folder.total} for folder in found]


def _get(mailbox: MailboxStore, query: Mapping[str, str]) -> dict[str, Any]:
    """Return the next items of a folder, in the order in which they came into it."""
    newer = Compare("arrival", Operator.GREATER, int(query["after"]))
    found = mailbox.items.find([query["folder"]], newer, (Order("arrival"),), Page(_BATCH)).items
    batch, size = [], 0
    for item in found:
        if size > _ENOUGH:
            break
        content = mailbox.items.content(item.id)
        size += len(content)
        batch.append(
            {
                "arrival": item.arrival,
                "id": item.id,
                "kind": item.kind,
                "received": item.received.timestamp(),
                "read": item.read,
                "flagged": item.flag == Flag.FLAGGED,
                "content": b64encode(content).decode("ascii"),
            }
        )
    return {"items": batch}
