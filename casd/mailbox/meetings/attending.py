"""What somebody invited does with a meeting in his own mailbox: answer it, or take a cancelled one away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import frozen
from icalendar import Component

from casd.mailbox.ews import ical, occurrences
from casd.mailbox.ews.soundness import sound
from casd.mailbox.meetings import attendance, entries, itip, organising, replies
from casd.mailbox.meetings.itip import File, Scheduling
from casd.mailbox.outgoing import Outgoing
from casd.mailbox.store.errors import BadContent
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import DeleteMode, Item, Kind
from protocols.ews.errors import Refusal
from protocols.ews.values import Body

WHY = {"Accept": "Accept", "Tentative": "Tentative", "Decline": "Decline", "": "Remove"}
"""How the response codes call what is refused."""


@frozen
class Answer:
    """What somebody answers: Accept, Tentative or Decline, with a text and perhaps another time."""

    word: str
    note: Body | None = None
    proposal: replies.Proposal = None


@frozen
class Meeting:
    """An entry of the calendar, or one occurrence of it (`only`), and the message by which it was found."""

    entry: Item
    only: datetime | None = None
    message: Item | None = None


def entry(mailbox: MailboxStore, uid: str, organizer: str) -> Item | None:
    """Return the entry of a meeting in a calendar of the mailbox; None if it is in none.

    A meeting is known by its UID and by who invites to it: somebody else who uses the UID has a meeting of his own.
    """
    return next((item for item in mailbox.items.with_uid(uid) if _is_entry(mailbox, item, organizer)), None)


def _is_entry(mailbox: MailboxStore, item: Item, organizer: str) -> bool:
    if item.kind is not Kind.APPOINTMENT:
        return False
    try:
        inviting = attendance.organizer(itip.parsed(mailbox.items.content(item.id)))
    except BadContent:  # what cannot be read stands before no other
        return False
    return inviting == organizer and mailbox.folders.get(item.folder).folder_class.startswith("IPF.Appointment")


def meant(mailbox: MailboxStore, item: Item, only: datetime | None, word: str = "") -> Meeting:
    """Return the meeting that an entry or a meeting message means; `word` is what its owner wants to answer.

    An invitation that the calendar does not follow comes into it. Raises `Refusal`.
    """
    if item.kind is Kind.APPOINTMENT:
        return Meeting(item, only)
    said = itip.read(mailbox.items.content(item.id))
    if said is None or said.replies:
        raise Refusal("ErrorInvalidReferenceItem")
    if item.properties.get("meeting:IsDelegated"):  # it is to be answered in the calendar that it was sent to
        raise Refusal(f"ErrorCalendarIsDelegatedFor{WHY[word]}")
    found = entry(mailbox, said.uid, attendance.organizer(said.main))
    followed = found is not None and item.properties.get("meeting:HasBeenProcessed")
    if said.method == "REQUEST" and word and not followed:
        found, _ = enter(mailbox, said, found, itip.files(mailbox.items.content(item.id)))
    if found is None:
        raise Refusal("ErrorItemNotFound")
    return Meeting(found, _occurrence(mailbox, found, said), item)


def known(mailbox: MailboxStore, said: Scheduling) -> Meeting | None:
    """Return the meeting of which a message speaks; None if the calendar has none."""
    found = entry(mailbox, said.uid, attendance.organizer(said.main))
    return None if found is None else Meeting(found, _occurrence(mailbox, found, said))


def enter(
    mailbox: MailboxStore, invitation: Scheduling, known: Item | None, files: Sequence[File] = ()
) -> tuple[Item, str]:
    """Put an invitation into the calendar, tentatively; return the entry, and what the invitation was to it.

    What is attached to it goes with it.
    """
    stored = mailbox.items.content(known.id) if known else b""
    update = entries.requested(stored, invitation)
    if known is None:
        home = mailbox.folders.distinguished("calendar")
        known = mailbox.items.create(home.id, Kind.APPOINTMENT, update.content)
    elif update.kind != "Outdated":
        known = mailbox.items.update(known.id, update.content)
        for old in mailbox.attachments.of(known.id) if files else ():
            mailbox.attachments.remove(old.id)
    for part, data in files if update.kind != "Outdated" else ():
        add, name, kind = mailbox.attachments.add, part.name, part.content_type
        add(known.id, name, kind, data, content_id=part.content_id, inline=part.inline)
    return mailbox.items.get(known.id), update.kind


def respond(mailbox: MailboxStore, meeting: Meeting, answer: Answer, now: datetime) -> tuple[Item, list[Outgoing]]:
    """Answer an invitation; return the entry, and what tells the organiser.

    What was declined leaves the calendar. Raises `Refusal`.
    """
    content = mailbox.items.content(meeting.entry.id)
    check(mailbox, meeting, answer.word)
    me = organising.owner(mailbox)
    sent = replies.reply(content, me, answer.word, now, meeting.only, answer.note, answer.proposal)
    if answer.word != "Decline" or not meeting.only:
        mailbox.items.update(meeting.entry.id, replies.answered(content, me, answer.word, now, meeting.only))
    if answer.word == "Decline":
        take_out(mailbox, meeting.entry, meeting.only)
    if meeting.message is not None:
        mailbox.items.update(meeting.message.id, read=True, properties={"meeting:ResponseType": answer.word})
    return mailbox.items.get(meeting.entry.id), [one for one in (sent,) if one.recipients[0]]


def remove(mailbox: MailboxStore, meeting: Meeting) -> None:
    """Take a meeting that was called off out of the calendar. Raises `Refusal`."""
    check(mailbox, meeting, "")
    take_out(mailbox, meeting.entry, meeting.only)


def take_out(
    mailbox: MailboxStore, item: Item, only: datetime | None, mode: DeleteMode = DeleteMode.DELETED_ITEMS
) -> None:
    """Delete an entry, or one occurrence of it."""
    if only is None:
        mailbox.items.delete(item.id, mode)
    else:
        mailbox.items.update(item.id, occurrences.without(mailbox.items.content(item.id), only))


def put_away(mailbox: MailboxStore, meeting: Meeting) -> None:
    """Delete the message by which a meeting was found: it has done its work."""
    if meeting.message is not None:
        mailbox.items.delete(meeting.message.id, DeleteMode.DELETED_ITEMS)


@sound
def event(mailbox: MailboxStore, meeting: Meeting) -> Component:
    """Return the VEVENT that says when a meeting takes place, and what its owner has answered."""
    calendar = ical.parse(mailbox.items.content(meeting.entry.id))
    return occurrences.exception(calendar, meeting.only) if meeting.only else ical.main(calendar, "VEVENT")


@sound
def check(mailbox: MailboxStore, meeting: Meeting, word: str) -> None:
    """Raise `Refusal` for what cannot be answered, or (an empty word) be removed, by this mailbox's owner."""
    if organising.organises(mailbox, mailbox.items.content(meeting.entry.id)):
        raise Refusal(f"ErrorCalendarIsOrganizerFor{WHY[word]}")
    known = event(mailbox, meeting)
    if word and entries.is_cancelled(known):
        raise Refusal(f"ErrorCalendarIsCancelledFor{WHY[word]}")
    if word and meeting.message is not None:
        said = itip.read(mailbox.items.content(meeting.message.id))
        if said and ical.number(said.main, "SEQUENCE") < ical.number(known, "SEQUENCE"):
            raise Refusal("ErrorCalendarMeetingRequestIsOutOfDate")


@sound
def _occurrence(mailbox: MailboxStore, item: Item, said: Scheduling) -> datetime | None:
    original = ical.value(said.main, "RECURRENCE-ID")
    if original is None or not item.recurring:
        return None
    calendar = ical.shared(mailbox.items.content(item.id))
    return ical.instant(original, ical.zone_of(calendar, ical.main(calendar, "VEVENT")))


@sound
def is_current(content: bytes, said: Scheduling) -> bool:
    """Say whether a meeting message speaks of a meeting as its entry knows it."""
    main = ical.main(ical.shared(content), "VEVENT")
    return ical.number(said.main, "SEQUENCE") >= ical.number(main, "SEQUENCE")
