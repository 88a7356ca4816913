"""GetUserAvailability: when others are busy, asked of their own mailboxes through the front door."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from casd.mailbox.call import Call, Said
from casd.mailbox.meetings import freebusy
from casd.mailbox.meetings.freebusy import Busy
from protocols.ews import availability
from protocols.ews.availability import Event, Request, View
from protocols.ews.errors import Refusal
from protocols.ews.markup import Element

_CODES = {"UserNotFound": "ErrorMailRecipientNotFound", "MailboxNotFound": "ErrorMailRecipientNotFound"}


async def get_user_availability(call: Call, body: Element, _zone: tzinfo) -> Element:
    """Serve GetUserAvailability."""
    request = availability.parse(body)
    start, end = (request.zone.utc(moment).replace(tzinfo=UTC) for moment in (request.start, request.end))
    what = {"start": start.isoformat(), "end": end.isoformat()}
    said = await call.others("freebusy", call.assertion.user, request.addresses, what)
    return availability.answer(request, [_view(request, one) for one in said])


def _view(request: Request, said: Said) -> View:
    if said.reason:
        code = _CODES.get(said.reason, "ErrorProxyRequestProcessingFailed")
        return View(Refusal(code))
    events = freebusy.load(said.value["events"])
    if len(events) > freebusy.MOST:
        return View(Refusal("ErrorResultSetTooBig"))
    detailed = bool(said.value["detailed"])
    return View(events=tuple(_event(request, one, detailed=detailed) for one in events), detailed=detailed)


def _event(request: Request, one: Busy, *, detailed: bool) -> Event:
    start, end = _local(request, one.start), _local(request, one.end)
    if not detailed:
        return Event(start, end, one.status)
    shown: dict[str, str | bool] = {
        "ID": one.id.upper(),
        "Subject": one.subject,
        "Location": one.location,
        "IsMeeting": one.meeting,
        "IsRecurring": one.recurring,
        "IsException": one.exception,
        "IsReminderSet": one.reminds,
        "IsPrivate": one.private,
    }
    return Event(start, end, one.status, availability.details(shown))


def _local(request: Request, moment: datetime) -> datetime:
    return request.zone.local(moment.astimezone(UTC).replace(tzinfo=None))
