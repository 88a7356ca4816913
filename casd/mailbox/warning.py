"""The message that tells the owner of a mailbox that it is nearly full."""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from casd.mailbox.ews import mail
from casd.mailbox.store.mailbox import MailboxStore

_NAME = "warned"


def give(mailbox: MailboxStore, now: datetime) -> None:
    """Warn the owner when the mailbox has grown over its warning quota, once for each time it does."""
    quota, warned = mailbox.quota.warning, bool(mailbox.settings.get(_NAME))
    over = quota is not None and mailbox.settings.size() > quota
    if over != warned:
        mailbox.settings.put(_NAME, over or None)
        if over:
            mailbox.deliver(_message(mailbox, now))


def _message(mailbox: MailboxStore, now: datetime) -> bytes:
    domain = mailbox.address.rpartition("@")[2]
    message = EmailMessage(mail.POLICY)
    message["From"] = f"Mail System <postmaster@{domain}>"
    message["To"] = mailbox.address
    message["Subject"] = "Your mailbox is almost full"
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=domain)
    message["Auto-Submitted"] = "auto-generated"
    size = mailbox.settings.size() / (1 << 20)
    message.set_content(f"Your mailbox holds {size:.1f} MB. Delete what you no longer need, or you will soon be unable "
                        "to send and receive.\n")  # fmt: skip
    return mail.serialise(message)
