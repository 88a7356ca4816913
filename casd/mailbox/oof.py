"""Out of office: what the owner of a mailbox has others told while he is away, and whom he tells."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime, make_msgid
from typing import Any

from attrs import asdict, frozen

from casd.mailbox.ews import mail
from casd.mailbox.ews.mail import Head
from casd.mailbox.outgoing import Outgoing
from casd.mailbox.store.extract import plain
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.query import Contains, Page
from protocols.ews.paths import Property
from protocols.ews.values import Address, Body

LONGEST = 128_000
"""Characters of a reply: what Exchange takes."""

_NAME = "oof"
_MACHINES = frozenset({"mailer-daemon", "postmaster", "noreply", "no-reply", "listserv", "majordomo"})


@frozen
class Oof:
    """When the owner is away (`state`: Disabled, Enabled, Scheduled), and his replies, which are HTML.

    `audience` (None, Known, All) says which strangers are answered, `start` and `end` the time if it is scheduled.
    """

    state: str = "Disabled"
    audience: str = "None"
    start: datetime | None = None
    end: datetime | None = None
    internal: str = ""
    external: str = ""

    def away(self, now: datetime) -> bool:
        """Say whether the owner is away."""
        if self.state == "Scheduled":
            return self.start is not None and self.end is not None and self.start <= now < self.end
        return self.state == "Enabled"


def load(mailbox: MailboxStore) -> Oof:
    """Return what the owner of a mailbox has settled."""
    said: dict[str, Any] = mailbox.settings.get(_NAME) or {}
    return Oof(**{**said, **{name: _moment(said.get(name)) for name in ("start", "end")}})


def save(mailbox: MailboxStore, oof: Oof) -> None:
    """Settle when the owner is away; whoever writes then is told, also who was told before."""
    mailbox.settings.put(_NAME, asdict(oof, value_serializer=_text))
    mailbox.settings.tell_anew()


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _text(_owner: Any, _field: Any, value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def reply(mailbox: MailboxStore, sender: str, mime: bytes, now: datetime) -> Outgoing | None:
    """Return what tells the sender of a message that the owner is away; None if there is nothing to tell, or to tell
    again. Programs, mailing lists and reports are told nothing (RFC 3834 section 2).
    """
    oof = load(mailbox)
    inside = sender.rpartition("@")[2].casefold() == mailbox.address.rpartition("@")[2].casefold()
    said = oof.internal if inside else oof.external
    if not said.strip() or not oof.away(now) or (not inside and not _heard(mailbox, oof, sender)):
        return None
    head = mail.head(mime)
    if sender.casefold() == mailbox.address.casefold() or not _by_a_person(head, sender):
        return None
    if not mailbox.settings.tell(sender):
        return None
    return Outgoing((sender,), _message(mailbox, sender, said, head, now), reports=False)


def _heard(mailbox: MailboxStore, oof: Oof, stranger: str) -> bool:
    """Say whether a stranger is among those who are told anything."""
    if oof.audience == "Known":
        contacts = mailbox.folders.distinguished("contacts").id
        return mailbox.items.find([contacts], Contains("to", stranger), page=Page(limit=0)).total > 0
    return oof.audience == "All"


def _by_a_person(head: Head, sender: str) -> bool:
    automatic = head.first("Auto-Submitted").strip().lower().partition(";")[0]
    suppressed = {word.strip().upper() for word in head.first("X-Auto-Response-Suppress").split(",")}
    listed = any(head.all(name) for name in ("List-Id", "List-Unsubscribe", "List-Help"))
    bulk = head.first("Precedence").strip().lower() in {"bulk", "junk", "list"}
    machine = sender.partition("@")[0].casefold() in _MACHINES
    return automatic in {"", "no"} and not suppressed & {"OOF", "ALL", "AUTOREPLY"} and not (listed or bulk or machine)


def _message(mailbox: MailboxStore, sender: str, said: str, head: Head, now: datetime) -> bytes:
    subject, identifier = head.first("Subject"), head.first("Message-ID").strip()
    written = {
        "message:From": Address(mailbox.address, mailbox.display_name),
        "message:ToRecipients": (Address(sender),),
        "item:Subject": f"Automatic reply: {subject}",
        "item:Body": Body("HTML", said) if "<" in said else Body("Text", plain(said)),
    }
    made = mail.parse(mail.write(b"", {Property(uri): value for uri, value in written.items()}))
    more: Mapping[str, str] = {
        "Date": format_datetime(now),
        "Message-ID": make_msgid(domain=mailbox.address.rpartition("@")[2]),
        "Auto-Submitted": "auto-replied",  # RFC 3834 section 5
        "X-Auto-Response-Suppress": "All",
        **({"In-Reply-To": identifier, "References": identifier} if identifier.isprintable() and identifier else {}),
    }
    for name, value in more.items():
        made[name] = value
    return mail.serialise(made)
