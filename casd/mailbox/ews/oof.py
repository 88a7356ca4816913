"""The operations GetUserOofSettings and SetUserOofSettings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from attrs import asdict

from casd.mailbox import oof
from casd.mailbox.ews import zones
from casd.mailbox.oof import Oof
from casd.mailbox.store.mailbox import MailboxStore
from protocols.ews import oof as wire
from protocols.ews.errors import Refusal
from protocols.ews.markup import Element
from protocols.ews.oof import OofSettings


def get_user_oof_settings(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve GetUserOofSettings."""
    operation = "GetUserOofSettings"
    if (refused := _refused(mailbox, body)) is not None:
        return wire.answer(operation, refused.code, refused.words)
    found = oof.load(mailbox)
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    times = {"start": found.start or today, "end": found.end or today + timedelta(days=1)}
    return wire.answer(operation, settings=wire.write(OofSettings(**asdict(found) | times)))


def set_user_oof_settings(mailbox: MailboxStore, body: Element, zone: tzinfo) -> Element:
    """Serve SetUserOofSettings."""
    operation, said = "SetUserOofSettings", wire.parse(body)
    refused = _refused(mailbox, body) or _senseless(said, zone)
    if refused is not None:
        return wire.answer(operation, refused.code, refused.words)
    times = {name: moment and zones.settle(moment, zone) for name, moment in (("start", said.start), ("end", said.end))}
    oof.save(mailbox, Oof(**asdict(said) | times))
    return wire.answer(operation)


def _refused(mailbox: MailboxStore, body: Element) -> Refusal | None:
    if wire.address(body).casefold() != mailbox.address.casefold():
        return Refusal("ErrorAccessDenied")
    return None


def _senseless(said: OofSettings, zone: tzinfo) -> Refusal | None:
    if max(len(said.internal), len(said.external)) > oof.LONGEST:
        return Refusal("ErrorInvalidParameter", "A reply may not be longer than 128,000 characters.")
    if said.state != "Scheduled":
        return None
    if said.start is None or said.end is None or zones.settle(said.start, zone) >= zones.settle(said.end, zone):
        return Refusal("ErrorInvalidScheduledOofDuration")
    return None
