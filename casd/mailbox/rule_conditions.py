"""What inbox rules ask of a message that has just arrived."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from attrs import field, frozen

from casd.mailbox.ews import mail
from casd.mailbox.ews.mail import Head
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Flag, Item

LOOKED_AT = 256 << 10
"""Characters of a text, and of a header, in which rules look for theirs."""

IMPORTANCE = ("Low", "Normal", "High")
_SENSITIVITY = ("Normal", "Personal", "Private", "Confidential")
_ENCRYPTED = frozenset({"multipart/encrypted", "application/pkcs7-mime"})


@frozen
class Arrival:
    """A message that has just come into the inbox; `passed` names, in lower case, who have had it sent on."""

    mailbox: MailboxStore
    item: Item
    mime: bytes
    sender: str
    now: datetime
    head: Head
    passed: tuple[str, ...] = ()
    _people: dict[tuple[str, ...], set[str]] = field(factory=dict, init=False, eq=False, repr=False)

    def people(self, *names: str) -> set[str]:
        """Return the addresses in header fields, in lower case. They are read once: hundreds of rules may ask."""
        if names not in self._people:
            self._people[names] = {one.casefold() for one in mail.people(self.mime, *names)}
        return self._people[names]

    @cached_property
    def recipients(self) -> str:
        """The addresses to which the message is addressed, in lower case."""
        return " ".join(self.people("To", "Cc"))

    def shown(self, *names: str) -> str:
        """Return what header fields say, in lower case."""
        return " ".join(self.head.first(name) for name in names).casefold()

    @property
    def me(self) -> str:
        """The address of the mailbox, in lower case."""
        return self.mailbox.address.casefold()

    @property
    def automatic(self) -> str:
        """What the message says of a program that sent it (RFC 3834 section 5), empty if a person did."""
        said = self.shown("Auto-Submitted").partition(";")[0].strip()
        return "" if said == "no" else said

    @cached_property
    def body(self) -> str:
        """The begin of the text of the message, in lower case."""
        return self.mailbox.items.text(self.item.id)[:LOOKED_AT].casefold()

    @cached_property
    def lines(self) -> str:
        """The begin of the header of the message, in lower case."""
        return "\n".join(f"{one.name}: {one.value}" for one in self.head.fields)[:LOOKED_AT].casefold()


def _any(texts: Sequence[str], where: str) -> bool:
    return any(text.casefold() in where for text in texts)


def _in(kind: str) -> Callable[[Arrival, bool], bool]:
    """Return a test for messages of one class."""
    return lambda arrival, wanted: arrival.item.item_class.startswith(kind) == wanted


def _is(test: Callable[[Arrival], bool]) -> Callable[[Arrival, bool], bool]:
    return lambda arrival, wanted: test(arrival) == wanted


def _within(arrival: Arrival, span: Sequence[str | None]) -> bool:
    first, last = (None if end is None else datetime.fromisoformat(end) for end in span)
    return (first is None or first <= arrival.now) and (last is None or arrival.now <= last)


def _sized(arrival: Arrival, span: Sequence[int | None]) -> bool:
    """Compare a size in kilobytes, which is what EWS counts in here."""
    least, most = span
    kilobytes = arrival.item.size / 1024
    return (least is None or least <= kilobytes) and (most is None or kilobytes <= most)


def _words(arrival: Arrival) -> str:
    return f"{arrival.item.subject.casefold()}\n{arrival.body}"


TESTS: Mapping[str, Callable[[Arrival, Any], bool]] = {
    "Categories": lambda arrival, value: bool(set(value) & set(arrival.item.categories)),
    "ContainsBodyStrings": lambda arrival, value: _any(value, arrival.body),
    "ContainsHeaderStrings": lambda arrival, value: _any(value, arrival.lines),
    "ContainsRecipientStrings": lambda arrival, value: _any(value, arrival.recipients),
    "ContainsSenderStrings": lambda arrival, value: _any(value, " ".join(arrival.people("From", "Sender"))),
    "ContainsSubjectOrBodyStrings": lambda arrival, value: _any(value, _words(arrival)),
    "ContainsSubjectStrings": lambda arrival, value: _any(value, arrival.item.subject.casefold()),
    "FlaggedForAction": lambda arrival, value: value == "Any" and arrival.item.flag == Flag.FLAGGED,
    "FromAddresses": lambda arrival, value: bool({one.casefold() for one in value} & arrival.people("From", "Sender")),
    "HasAttachments": _is(lambda arrival: arrival.item.has_attachments),
    "Importance": lambda arrival, value: IMPORTANCE[arrival.item.importance] == value,
    "IsAutomaticForward": _is(lambda arrival: arrival.automatic == "auto-forwarded"),
    "IsAutomaticReply": _is(lambda arrival: arrival.automatic == "auto-replied"),
    "IsEncrypted": _is(lambda arrival: arrival.head.content_type in _ENCRYPTED),
    "IsMeetingRequest": _in("IPM.Schedule.Meeting.Request"),
    "IsMeetingResponse": _in("IPM.Schedule.Meeting.Resp"),
    "IsNDR": _is(lambda arrival: "delivery-status" in arrival.shown("Content-Type")),
    "IsReadReceipt": _is(lambda arrival: "disposition-notification" in arrival.shown("Content-Type")),
    "IsSigned": _is(lambda arrival: arrival.head.content_type == "multipart/signed"),
    "ItemClasses": lambda arrival, value: _any(value, arrival.item.item_class.casefold()),
    "NotSentToMe": _is(lambda arrival: arrival.me not in arrival.people("To")),
    "SentCcMe": _is(lambda arrival: arrival.me in arrival.people("Cc")),
    "SentOnlyToMe": _is(lambda arrival: arrival.people("To", "Cc") == {arrival.me}),
    "SentToAddresses": lambda arrival, value: bool({one.casefold() for one in value} & arrival.people("To", "Cc")),
    "SentToMe": _is(lambda arrival: arrival.me in arrival.people("To")),
    "SentToOrCcMe": _is(lambda arrival: arrival.me in arrival.people("To", "Cc")),
    "Sensitivity": lambda arrival, value: _SENSITIVITY[arrival.item.sensitivity] == value,
    "WithinDateRange": _within,
    "WithinSizeRange": _sized,
}
"""What each condition asks of a message."""
