"""Meetings over EWS: what creating, changing, deleting and answering an appointment sends to others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo

from attrs import evolve, frozen

from casd.mailbox.ews import identifiers, items, kinds, mail, places, zones
from casd.mailbox.ews.sending import Done
from casd.mailbox.meetings import attending, copies, organising
from casd.mailbox.meetings.attending import Answer
from casd.mailbox.outgoing import Outgoing
from casd.mailbox.shared import SharedMailbox
from casd.mailbox.store.errors import BadContent
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Item, Kind
from protocols.ews import answers_to_meetings, responses
from protocols.ews.answers_to_meetings import MeetingAnswer
from protocols.ews.codecs import choice
from protocols.ews.errors import Refusal
from protocols.ews.items import write
from protocols.ews.markup import Element, m
from protocols.ews.paths import Property
from protocols.ews.values import Address
from protocols.ews.values import Item as Shown

_INVITATIONS = choice("SendToNone", "SendOnlyToAll", "SendToAllAndSaveCopy")
_UPDATES = choice(
    "SendToNone", "SendOnlyToAll", "SendOnlyToChanged", "SendToAllAndSaveCopy", "SendToChangedAndSaveCopy"
)

ANSWERS = frozenset(answers_to_meetings.WORDS)
"""Elements that stand for no item, but for what to do with a meeting."""


@frozen
class Policy:
    """Whom a change of a meeting is told, and whether a copy of that is kept."""

    tells: bool
    everybody: bool
    keeps: bool


def policy(body: Element, name: str) -> Policy | None:
    """Return what an attribute of a request says; None if it is not there. Raises `BadDocument`."""
    if (said := body.get(name)) is None:
        return None
    word = (_UPDATES if name == "SendMeetingInvitationsOrCancellations" else _INVITATIONS).constant(said)
    return Policy(word != "SendToNone", "Changed" not in word, word.endswith("SaveCopy"))


def required(found: Policy | None, code: str) -> Policy:
    """Return a policy, or raise the `Refusal` that asks for one."""
    if found is None:
        raise Refusal(code)
    return found


def now() -> datetime:
    """Return the time as messages have it."""
    return datetime.now(UTC).replace(microsecond=0)


def created(mailbox: MailboxStore, item: Item, wanted: Policy) -> tuple[Item, list[Outgoing]]:
    """Return a new appointment, with the invitations to it."""
    if not wanted.tells:
        return item, []
    item, letters = organising.invite(mailbox, item, now())
    return item, _kept(mailbox, letters, keep=wanted.keeps)


def changed(
    mailbox: MailboxStore, before: bytes, item: Item, only: datetime | None, wanted: Policy
) -> tuple[Item, list[Outgoing]]:
    """Return a changed appointment, with what those invited are told; only its organiser tells them."""
    if not wanted.tells or not organising.organises(mailbox, before):
        return item, []
    item, letters = organising.revise(mailbox, before, item, now(), only, everybody=wanted.everybody)
    return item, _kept(mailbox, letters, keep=wanted.keeps)


def cancellations(mailbox: MailboxStore, item: Item, only: datetime | None, wanted: Policy) -> list[Outgoing]:
    """Return what tells those invited that an appointment, or one occurrence of it, is about to be deleted."""
    if not wanted.tells:
        return []
    try:
        if not organising.organises(mailbox, mailbox.items.content(item.id)):
            return []
        letters = organising.call_off(mailbox, item, now(), only)
    except BadContent:  # nobody could have been invited to it
        return []
    return _kept(mailbox, letters, keep=wanted.keeps)


def _kept(mailbox: MailboxStore, letters: Sequence[Outgoing], *, keep: bool) -> list[Outgoing]:
    """Return letters, of each of which a copy stays in Sent Items if so asked."""
    _copies(mailbox, letters, keep=keep)
    return _signed(mailbox, letters)


def _signed(mailbox: MailboxStore, letters: Sequence[Outgoing]) -> list[Outgoing]:
    """Return letters that say which delegate sends them in the owner's name (RFC 5322 section 3.6.2).

    Raises `Refusal` (ErrorSendAsDenied): whom a folder's list alone lets in sends nothing in that name.
    """
    if not letters:
        return []
    if not isinstance(mailbox, SharedMailbox):
        return list(letters)
    if mailbox.delegate is None:
        raise Refusal("ErrorSendAsDenied")
    sender = {Property("message:Sender"): Address(mailbox.delegate.address, mailbox.delegate.name)}
    return [evolve(letter, mime=mail.write(letter.mime, sender)) for letter in letters]


def _copies(mailbox: MailboxStore, letters: Sequence[Outgoing], *, keep: bool) -> list[Item]:
    """Put copies of what is sent into Sent Items, which are closed to a delegate."""
    if not keep or isinstance(mailbox, SharedMailbox):
        return []
    return [copies.keep(mailbox, letter) for letter in letters]


def answer(mailbox: MailboxStore, node: Element, zone: tzinfo, disposition: str) -> Done:
    """Do what an AcceptItem, a CancelCalendarItem, ... asks for. Raises `Refusal`, `StoreError`."""
    said = answers_to_meetings.parse(node)
    item, occurrence = places.happening_of(mailbox, said.reference)
    only = occurrence.original if occurrence else None
    if said.word == "Cancel":
        return _cancelled(mailbox, item, only, said, keep=disposition == "SendAndSaveCopy")
    meeting = attending.meant(mailbox, item, only, "" if said.word == "Remove" else said.word)
    if said.word == "Remove":
        attending.remove(mailbox, meeting)
        attending.put_away(mailbox, meeting)
        return _done([])
    proposal = None
    if said.proposed:
        proposal = zones.settle(said.proposed[0], zone), zones.settle(said.proposed[1], zone)
    entry, letters = attending.respond(mailbox, meeting, Answer(said.word, said.note, proposal), now())
    attending.put_away(mailbox, meeting)
    sent = letters if disposition != "SaveOnly" else []
    kept = _copies(mailbox, sent, keep=disposition == "SendAndSaveCopy")
    return _done([items.reference(mailbox, one) for one in (entry, *kept)], _signed(mailbox, sent))


def _cancelled(mailbox: MailboxStore, item: Item, only: datetime | None, said: MeetingAnswer, *, keep: bool) -> Done:
    if item.kind is not Kind.APPOINTMENT:
        raise Refusal("ErrorInvalidReferenceItem")
    content = mailbox.items.content(item.id)
    if not organising.organises(mailbox, content):
        raise Refusal("ErrorCalendarIsNotOrganizer")
    letters = organising.call_off(mailbox, item, now(), only, said.note)
    kept = _copies(mailbox, letters, keep=keep)
    attending.take_out(mailbox, item, only)
    return _done([items.reference(mailbox, one) for one in kept], _signed(mailbox, letters))


def _done(shown: Sequence[Element], letters: Sequence[Outgoing] = ()) -> Done:
    return Done(responses.success("CreateItem", m("Items", shown)), letters=tuple(letters))


def happening(mailbox: MailboxStore, item: Item, only: datetime | None) -> Element:
    """Return an item, or one occurrence of it, as an element that says nothing but its id."""
    if only is None:
        return items.reference(mailbox, item)
    identity = identifiers.of_occurrence(mailbox, item, only)
    return write(Shown(kinds.known(item).element, {Property("item:ItemId"): identity}))
