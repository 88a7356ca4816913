"""Messages that a mailbox sends by itself or on a wish: submitted while the client waits, reported on when refused."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from attrs import frozen

from casd.mailbox.call import Call
from casd.mailbox.ews import reports


@frozen
class Outgoing:
    """A message and who is to get it. `reports`: whether its sender is told if somebody does not.

    `passed`: the mailboxes whose owners have had it sent on. It goes beside the message, in which strangers could write
    what they like.
    """

    recipients: tuple[str, ...]
    mime: bytes
    reports: bool = True
    passed: tuple[str, ...] = ()


async def send(call: Call, messages: Iterable[Outgoing]) -> None:
    """Submit messages one after the other; the mailbox's owner is told of every recipient who got none."""
    for message in messages:
        if not message.recipients:
            continue
        receipts = await call.submit(call.mailbox.address, message.recipients, message.mime, message.passed)
        refused = [receipt for receipt in receipts if not receipt.delivered]
        if refused and message.reports:
            report = reports.undelivered(call.mailbox.address, refused, message.mime, datetime.now(UTC))
            await call.database.run(_tell_owner, call, report)


def _tell_owner(call: Call, report: bytes) -> None:
    """Put a report into the owner's inbox, which is closed to a delegate who has caused it."""
    known = call.mailbox
    call.database.mailbox(known.guid, known.address, known.display_name).deliver(report)
