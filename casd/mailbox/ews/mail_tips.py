"""GetMailTips: what the mailboxes of recipients say before a message is written to them."""

from __future__ import annotations

from datetime import datetime, tzinfo

from casd.mailbox.call import Call, Said
from casd.mailbox.delivery import LARGEST
from protocols.ews import mail_tips
from protocols.ews.errors import BadDocument
from protocols.ews.mail_tips import Tips
from protocols.ews.markup import Element

_MOST = 100
"""Recipients of one request."""

_NOBODY = frozenset({"UserNotFound", "MailboxNotFound"})
"""What the front door says of an address that is nobody's."""


async def get_mail_tips(call: Call, body: Element, _zone: tzinfo) -> Element:
    """Serve GetMailTips."""
    recipients = mail_tips.recipients(body)
    if len(recipients) > _MOST:
        raise BadDocument(f"GetMailTips takes {_MOST} recipients.")
    said = await call.others("tips", call.assertion.user, recipients, {})
    return mail_tips.answer([_tips(one) for one in said], LARGEST)


def _tips(said: Said) -> Tips:
    if said.reason:
        return Tips(said.address, invalid=said.reason in _NOBODY, pending=said.reason not in _NOBODY)
    if "members" in said.value:
        return Tips(said.address, members=int(said.value["members"]), outside=int(said.value["outside"]))
    start, end = (said.value[name] and datetime.fromisoformat(said.value[name]) for name in ("start", "end"))
    return Tips(said.address, said.value["away"], start, end, bool(said.value["full"]))
