"""What web mail asks of tasks; all its calls to the code that knows VTODO are here."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any
from uuid import uuid4

from casd.mailbox.ews import tasks
from casd.mailbox.ews.soundness import sound
from casd.mailbox.owa.arguments import Arguments, BadArgument
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.query import Compare, Operator, Order, Page
from casd.mailbox.store.values import Importance, Item, Kind
from protocols.ews.paths import Property
from protocols.ews.values import Body

_IMPORTANCE = ("Low", "Normal", "High")


def find_task(mailbox: MailboxStore, _arguments: Arguments) -> Any:
    """Return the tasks, those that are due first before the others."""
    home = mailbox.folders.distinguished("tasks").id
    where = Compare("kind", Operator.EQUAL, Kind.TASK)
    found = mailbox.items.find([home], where, (Order("end"), Order("created")), Page(1000))
    return {"total": found.total, "items": [_row(mailbox, item) for item in found.items]}


@sound
def save_task(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Make a task, or change one; what is not named stays as it is."""
    changes = _changes(arguments)
    named = arguments.optional_text("id")
    if named is None:
        now = datetime.now(UTC).replace(microsecond=0)
        begin = {Property("calendar:UID"): str(uuid4()), Property("calendar:DateTimeStamp"): now}
        home, made = mailbox.folders.distinguished("tasks").id, tasks.write(b"", {**begin, **changes})
        mailbox.admit(len(made))
        return _row(mailbox, mailbox.items.create(home, Kind.TASK, made, read=True))
    content = tasks.write(mailbox.items.content(named), changes)
    mailbox.admit(len(content), mailbox.items.length(named))
    fields = {"importance": arguments.number("importance", Importance.HIGH)} if arguments.has("importance") else {}
    return _row(mailbox, mailbox.items.update(named, content, **fields))  # type: ignore[arg-type]


def _changes(arguments: Arguments) -> dict[Property, Any]:
    changes: dict[Property, Any] = {}
    if arguments.has("subject"):
        changes[Property("item:Subject")] = arguments.text("subject")
    if arguments.has("body"):
        changes[Property("item:Body")] = Body("Text", arguments.text("body"))
    if arguments.has("importance"):
        changes[Property("item:Importance")] = _IMPORTANCE[arguments.number("importance", Importance.HIGH)]
    if arguments.has("due"):
        changes[Property("task:DueDate")] = _due(arguments.text("due"))
    if (done := arguments.optional_flag("done")) is not None:
        changes[Property("task:Status")] = "Completed" if done else "NotStarted"
        changes[Property("task:PercentComplete")] = 100 if done else 0
        changes[Property("task:CompleteDate")] = datetime.now(UTC).replace(microsecond=0) if done else None
    return changes


def _due(text: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC) if text else None
    except ValueError:
        raise BadArgument(f"{text} is no date.") from None


def _row(mailbox: MailboxStore, item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "folder": item.folder,
        "subject": item.subject,
        "body": mailbox.items.text(item.id),
        "due": item.end.date().isoformat() if item.end else "",
        "done": item.status == "COMPLETED",
        "importance": item.importance,
    }
