"""Inbox rules: what the owner of a mailbox has done with messages as they arrive."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Any

from attrs import asdict, field, frozen

from casd.mailbox.ews import mail
from casd.mailbox.ews.mail import Head
from casd.mailbox.outgoing import Outgoing
from casd.mailbox.store.errors import NotFound
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import DeleteMode, Fields, Flag, Item
from protocols.ews.paths import Property
from protocols.ews.values import Address

MOST = 256
"""Rules of one mailbox: each is tried on each message."""

LOOP = "X-CASD-Forwarded-By"
"""The header that names each mailbox whose rules have sent a message on: none does so twice."""

_HOPS = 10
_ENCRYPTED = frozenset({"multipart/encrypted", "application/pkcs7-mime"})
_NAME = "rules"
_IMPORTANCE = ("Low", "Normal", "High")
_SENSITIVITY = ("Normal", "Personal", "Private", "Confidential")


@frozen
class Rule:
    """One rule. Conditions, exceptions and actions are by the names that EWS has for them; values are JSON's.

    Texts and addresses stand in lists, folders and messages are ids of the store, ranges are pairs.
    """

    id: str
    name: str
    priority: int
    enabled: bool = True
    conditions: Mapping[str, Any] = field(factory=dict)
    exceptions: Mapping[str, Any] = field(factory=dict)
    actions: Mapping[str, Any] = field(factory=dict)


def load(mailbox: MailboxStore) -> list[Rule]:
    """Return the rules of a mailbox in the order in which they are tried."""
    return sorted((Rule(**said) for said in mailbox.settings.get(_NAME) or ()), key=lambda rule: rule.priority)


def save(mailbox: MailboxStore, rules: Sequence[Rule]) -> None:
    """Replace the rules of a mailbox."""
    mailbox.settings.put(_NAME, [asdict(rule) for rule in rules] or None)


@frozen
class Arrival:
    """A message that has just come into the inbox."""

    mailbox: MailboxStore
    item: Item
    mime: bytes
    sender: str
    now: datetime
    head: Head

    def people(self, *names: str) -> set[str]:
        """Return the addresses in header fields, in lower case."""
        return {one.casefold() for one in mail.people(self.mime, *names)}

    def shown(self, *names: str) -> str:
        """Return what header fields say, in lower case."""
        return " ".join(self.head.first(name) for name in names).casefold()

    @property
    def me(self) -> str:
        """The address of the mailbox, in lower case."""
        return self.mailbox.address.casefold()

    @property
    def body(self) -> str:
        """The text of the message, in lower case."""
        return self.mailbox.items.text(self.item.id).casefold()


def apply(mailbox: MailboxStore, item: Item, mime: bytes, sender: str, now: datetime) -> list[Outgoing]:
    """Apply the rules to a message that has come into the inbox; return what they send."""
    rules = [rule for rule in load(mailbox) if rule.enabled]
    if not rules:
        return []
    arrival = Arrival(mailbox, item, mime, sender, now, mail.head(mime))
    sent: list[Outgoing] = []
    for rule in rules:
        if _matches(rule, arrival):
            sent += _act(rule, arrival)
            if rule.actions.get("StopProcessingRules") or rule.actions.keys() & {"Delete", "PermanentDelete"}:
                break
    return sent


def _matches(rule: Rule, arrival: Arrival) -> bool:
    """Say whether all conditions hold, and no exception does."""
    wanted = all(TESTS[name](arrival, value) for name, value in rule.conditions.items())
    return wanted and not any(TESTS[name](arrival, value) for name, value in rule.exceptions.items())


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


def _lines(arrival: Arrival) -> str:
    return "\n".join(f"{field.name}: {field.value}" for field in arrival.head.fields).casefold()


def _automatic(arrival: Arrival) -> str:
    return arrival.shown("Auto-Submitted").partition(";")[0].strip()


TESTS: Mapping[str, Callable[[Arrival, Any], bool]] = {
    "Categories": lambda arrival, value: bool(set(value) & set(arrival.item.categories)),
    "ContainsBodyStrings": lambda arrival, value: _any(value, arrival.body),
    "ContainsHeaderStrings": lambda arrival, value: _any(value, _lines(arrival)),
    "ContainsRecipientStrings": lambda arrival, value: _any(value, " ".join(arrival.people("To", "Cc"))),
    "ContainsSenderStrings": lambda arrival, value: _any(value, " ".join(arrival.people("From", "Sender"))),
    "ContainsSubjectOrBodyStrings": lambda arrival, value: _any(value, _words(arrival)),
    "ContainsSubjectStrings": lambda arrival, value: _any(value, arrival.item.subject.casefold()),
    "FlaggedForAction": lambda arrival, value: value == "Any" and arrival.item.flag == Flag.FLAGGED,
    "FromAddresses": lambda arrival, value: bool({one.casefold() for one in value} & arrival.people("From", "Sender")),
    "HasAttachments": _is(lambda arrival: arrival.item.has_attachments),
    "Importance": lambda arrival, value: _IMPORTANCE[arrival.item.importance] == value,
    "IsAutomaticForward": _is(lambda arrival: _automatic(arrival) == "auto-forwarded"),
    "IsAutomaticReply": _is(lambda arrival: _automatic(arrival) == "auto-replied"),
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


def _act(rule: Rule, arrival: Arrival) -> Iterator[Outgoing]:
    """Do what a rule says; return what it sends. A folder or a message that is gone is passed over."""
    wanted, items, item = rule.actions, arrival.mailbox.items, arrival.item.id
    fields: Fields = {}
    if wanted.get("MarkAsRead"):
        fields["read"] = True
    if "MarkImportance" in wanted:
        fields["importance"] = _IMPORTANCE.index(wanted["MarkImportance"])
    if "AssignCategories" in wanted:
        fields["categories"] = tuple(dict.fromkeys((*items.get(item).categories, *wanted["AssignCategories"])))
    if fields:
        items.update(item, **fields)
    for name, put in (("CopyToFolder", items.copy), ("MoveToFolder", items.move)):
        if name in wanted:
            try:
                put(item, wanted[name])
            except NotFound:
                continue
    if wanted.get("PermanentDelete"):
        items.delete(item, DeleteMode.HARD)
    elif wanted.get("Delete"):
        items.delete(item, DeleteMode.DELETED_ITEMS)
    return iter(_sent(rule, arrival))


def _sent(rule: Rule, arrival: Arrival) -> list[Outgoing]:
    passed = [value.strip().casefold() for value in arrival.head.all(LOOP)]
    if arrival.me in passed or len(passed) >= _HOPS:
        return []
    made = [
        Outgoing(tuple(rule.actions[name]), make(arrival, rule.actions[name]))
        for name, make in _MESSAGES.items()
        if rule.actions.get(name)
    ]
    return made + _replied(rule, arrival)


def _forwarded(arrival: Arrival, people: Sequence[str]) -> bytes:
    """Return a message as its receiver sends it on: in his name, with all that is in it."""
    written = {
        "message:From": Address(arrival.mailbox.address, arrival.mailbox.display_name),
        "message:ToRecipients": tuple(map(Address, people)),
        "message:CcRecipients": None,
        "item:Subject": f"FW: {arrival.item.subject}",
    }
    message = mail.parse(mail.write(arrival.mime, {Property(uri): value for uri, value in written.items()}))
    return _marked(message, arrival, "auto-forwarded")


def _attached(arrival: Arrival, people: Sequence[str]) -> bytes:
    """Return a message that carries the one that came."""
    message = EmailMessage(mail.POLICY)
    message["From"] = mail.address(Address(arrival.mailbox.address, arrival.mailbox.display_name))
    message["To"] = [mail.address(Address(one)) for one in people]
    message["Subject"] = f"FW: {arrival.item.subject}"
    message.set_content("\n")
    message.add_attachment(mail.parse(arrival.mime))
    return _marked(message, arrival, "auto-forwarded")


def _redirected(arrival: Arrival, people: Sequence[str]) -> bytes:
    """Return a message as it came, with who has sent it on (RFC 5322 section 3.6.6)."""
    lines = {
        "Resent-From": arrival.mailbox.address,
        "Resent-To": ", ".join(people),
        "Resent-Date": format_datetime(arrival.now),
        LOOP: arrival.mailbox.address,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return head.encode("ascii", "replace") + arrival.mime


def _marked(message: EmailMessage, arrival: Arrival, how: str) -> bytes:
    for name in ("Auto-Submitted", "Message-ID", "Date"):
        del message[name]
    message["Auto-Submitted"] = how
    message["Message-ID"] = make_msgid(domain=arrival.mailbox.address.rpartition("@")[2])
    message["Date"] = format_datetime(arrival.now)
    message[LOOP] = arrival.mailbox.address
    return mail.serialise(message)


def _replied(rule: Rule, arrival: Arrival) -> list[Outgoing]:
    """Return the answer that a rule has ready; a program is not answered (RFC 3834 section 2)."""
    template = rule.actions.get("ServerReplyWithMessage")
    if template is None or _automatic(arrival) not in {"", "no"}:
        return []
    try:
        content = arrival.mailbox.items.content(template)
    except NotFound:
        return []
    written = {
        "message:From": Address(arrival.mailbox.address, arrival.mailbox.display_name),
        "message:ToRecipients": (Address(arrival.sender),),
    }
    message = mail.parse(mail.write(content, {Property(uri): value for uri, value in written.items()}))
    return [Outgoing((arrival.sender,), _marked(message, arrival, "auto-replied"), reports=False)]


_MESSAGES: Mapping[str, Callable[[Arrival, Sequence[str]], bytes]] = {
    "ForwardToRecipients": _forwarded,
    "ForwardAsAttachmentToRecipients": _attached,
    "RedirectToRecipients": _redirected,
}

ACTIONS = frozenset(
    (
        *("AssignCategories", "CopyToFolder", "Delete", "MarkImportance", "MarkAsRead", "MoveToFolder"),
        *("PermanentDelete", "ServerReplyWithMessage", "StopProcessingRules", *_MESSAGES),
    )
)
"""What a rule can do."""
