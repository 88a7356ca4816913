"""Answers of guests who were invited by another of their addresses, or as members of a group."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from twisted.logger import Logger

from casd.mailbox.call import Call, Meant, Unanswered
from casd.mailbox.ews import ical
from casd.mailbox.meetings import attendance, attending, itip, replies
from casd.mailbox.store.errors import BadContent, NotFound
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Item

MOST = 500
"""Invited addresses that are asked about."""

_log = Logger()


def unknown(mailbox: MailboxStore, sender: str, item: Item, mime: bytes) -> tuple[str, ...]:
    """Return who is invited to the meeting that a message answers, if its sender is not listed among them.

    Nothing is returned for any other message: there is nothing to ask.
    """
    if item.properties.get("meeting:HasBeenProcessed") is not False:
        return ()
    said = itip.read(mime)
    if said is None or not said.replies or (stored := _stored(mailbox, said.uid)) is None:
        return ()
    invited = list(
        dict.fromkeys(one for event in ical.shared(stored).walk("VEVENT") for one in attendance.invited(event))
    )
    return () if sender.casefold() in {mailbox.address.casefold(), *invited} else tuple(invited[:MOST])


async def heed(call: Call, item: str, mime: bytes, invited: tuple[str, ...], now: datetime) -> None:
    """Have the calendar follow an answer if the address book says that its sender is one of those invited.

    It has been delivered already, and stays a message for a person to judge if nobody can say so.
    """
    sender = call.assertion.user
    try:
        meant = await call.meant(sender, invited)
        if meant is not None:
            await call.database.run(_track, call.mailbox, sender, meant, item, mime, now)
    except (Unanswered, BadContent):
        return
    except Exception:
        _log.failure("an answer was delivered, but the calendar could not follow it")


def _track(mailbox: MailboxStore, sender: str, meant: Meant, item: str, mime: bytes, now: datetime) -> None:
    said = itip.read(mime)
    known = attending.entry(mailbox, said.uid, mailbox.address.casefold()) if said else None
    if said is None or known is None:
        return
    tracked = replies.tracked(mailbox.items.content(known.id), said, sender.casefold(), now, meant)
    if tracked is not None:
        mailbox.items.update(known.id, tracked)
        with suppress(NotFound):  # a rule may have deleted it
            mailbox.items.update(item, properties={"meeting:HasBeenProcessed": True})


def _stored(mailbox: MailboxStore, uid: str) -> bytes | None:
    known = attending.entry(mailbox, uid, mailbox.address.casefold())
    return None if known is None else mailbox.items.content(known.id)
