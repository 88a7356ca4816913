"""GetUserAvailability as a front end asks it: about the mailboxes of this request, for whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta, tzinfo

from twisted.logger import Logger

from casd.mailbox import hours
from casd.mailbox.call import Call
from casd.mailbox.meetings import freebusy
from casd.mailbox.meetings.freebusy import Sight
from casd.mailbox.store.mailbox import MailboxStore
from protocols.ews import availability
from protocols.ews.availability import Request, View
from protocols.ews.availability_client import MOST_EVENTS
from protocols.ews.errors import Refusal
from protocols.ews.markup import Element
from protocols.ews.merging import seen

_log = Logger()


async def get_user_availability(call: Call, body: Element, _zone: tzinfo) -> Element:
    """Serve GetUserAvailability; other mailboxes are the front door's to ask."""
    request = availability.parse(body, longest=timedelta.max)  # how long is for the front end to say
    views = await call.database.read(_views, (call.mailbox, *call.beside), call.assertion.user, request)
    others = View(Refusal("ErrorProxyRequestNotAllowed"))
    return availability.answer(request, [views.get(one.casefold(), others) for one in request.addresses])


def _views(mailboxes: Sequence[MailboxStore], who: str, request: Request) -> dict[str, View]:
    """Return what is told of each mailbox by its address; what nobody expected costs one alone."""
    views = {}
    for mailbox in mailboxes:
        try:
            view = _view(mailbox, who, request)
        except Exception:
            _log.failure("the times of {mailbox} cannot be told", mailbox=mailbox.address)
            view = View(Refusal("ErrorFreeBusyGenerationFailed"))
        views[mailbox.address.casefold()] = view
    return views


def _view(mailbox: MailboxStore, who: str, request: Request) -> View:
    window, sight = request.in_utc(), freebusy.sight(mailbox, who)
    if sight is Sight.NOTHING:
        return View(Refusal("ErrorNoFreeBusyAccess"))
    sight = sight if request.detailed else Sight.TIMES
    try:
        events = freebusy.events(mailbox, window.start, window.end, sight)
    except Refusal as refused:
        return View(refused)
    if len(events) > MOST_EVENTS:
        return View(Refusal("ErrorResultSetTooBig"))
    detailed = sight is not Sight.TIMES
    return seen(request, events, detailed=detailed, hours=hours.told(mailbox))
