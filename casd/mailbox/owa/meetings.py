"""Meetings in web mail: others invited, told of changes, called off; answered, taken out of the calendar."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from casd.mailbox.call import Call
from casd.mailbox.meetings import attending, copies, entries, itip, organising
from casd.mailbox.meetings.attending import Answer
from casd.mailbox.outgoing import Outgoing
from casd.mailbox.owa import calendar
from casd.mailbox.owa.arguments import Arguments, BadArgument
from casd.mailbox.owa.moments import original_of
from casd.mailbox.store.mailbox import MailboxStore
from protocols.ews.errors import Refusal
from protocols.ews.values import Body

_WORDS = {"accept": "Accept", "tentative": "Tentative", "decline": "Decline"}


Deed = Callable[[MailboxStore, Arguments], tuple[dict[str, Any], Sequence[Outgoing]]]
"""What is done in the mailbox itself: what to answer, and what others are to be told."""


def _errand(deed: Deed) -> Callable[[Call, Arguments], Awaitable[Any]]:
    """Return what does a deed, sends what comes of it, and says whom that did not reach."""

    def do(mailbox: MailboxStore, arguments: Arguments) -> tuple[dict[str, Any], Sequence[Outgoing]]:
        answer, letters = deed(mailbox, arguments)
        for letter in letters:
            copies.keep(mailbox, letter)
        return answer, letters

    async def run(call: Call, arguments: Arguments) -> Any:
        answer, letters = await call.database.run(do, call.mailbox, arguments)
        receipts = [
            receipt
            for letter in letters
            for receipt in await call.submit(call.mailbox.address, letter.recipients, letter.mime)
        ]
        failed = [{"address": each.address, "reason": each.reason} for each in receipts if not each.delivered]
        return {**answer, "failed": failed}

    return run


def _invite(mailbox: MailboxStore, arguments: Arguments) -> tuple[dict[str, Any], Sequence[Outgoing]]:
    """Save a meeting as `SaveAppointment` does; tell who is invited, and who is no more."""
    named = arguments.optional_text("id")
    before = _own(mailbox, named) if named else b""
    item = calendar.saved(mailbox, arguments)
    if named is None:
        item, letters = organising.invite(mailbox, item, mailbox.now)
    else:
        only = original_of(arguments)
        item, letters = organising.revise(mailbox, before, item, mailbox.now, only, everybody=True)
    return {"id": item.id}, letters


def _call_off(mailbox: MailboxStore, arguments: Arguments) -> tuple[dict[str, Any], Sequence[Outgoing]]:
    """Tell those who were invited that a meeting, or one of a series, will not take place, and delete it."""
    item, only = mailbox.items.get(arguments.text("id")), original_of(arguments)
    _own(mailbox, item.id)
    letters = organising.call_off(mailbox, item, mailbox.now, only)
    attending.take_out(mailbox, item, only)
    return {}, letters


def _answer(mailbox: MailboxStore, arguments: Arguments) -> tuple[dict[str, Any], Sequence[Outgoing]]:
    """Accept, accept tentatively or decline what a message, or an entry of the calendar, invites to."""
    word = _WORDS.get(arguments.text("answer"))
    if word is None:
        raise BadArgument("answer must be accept, tentative or decline.")
    item = mailbox.items.get(arguments.text("id"))
    meeting = attending.meant(mailbox, item, original_of(arguments), word)
    note = Body("Text", arguments.text("comment", ""))
    _, letters = attending.respond(mailbox, meeting, Answer(word, note), mailbox.now)
    return {}, letters


send_invitations, cancel_meeting, answer_meeting = _errand(_invite), _errand(_call_off), _errand(_answer)


def remove_cancelled(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Take out of the calendar what has been called off, as a message says."""
    said = itip.read(mailbox.items.content(arguments.text("id")))
    meeting = attending.known(mailbox, said) if said else None
    if meeting is None or not entries.is_cancelled(attending.event(mailbox, meeting)):
        raise BadArgument("The message cancels nothing that is in the calendar.")
    attending.remove(mailbox, meeting)
    return {}


def _own(mailbox: MailboxStore, item: str) -> bytes:
    """Return the content of a meeting to which the owner of the mailbox invites; `Refusal` for another one's."""
    content = mailbox.items.content(item)
    if not organising.organises(mailbox, content):
        raise Refusal("ErrorCalendarIsNotOrganizer")
    return content
