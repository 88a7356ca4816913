"""GetUserAvailability as a front end asks it: about the mailbox of this request, for whoever asks."""

from __future__ import annotations

from datetime import tzinfo

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


async def get_user_availability(call: Call, body: Element, _zone: tzinfo) -> Element:
    """Serve GetUserAvailability; other mailboxes are the front door's to ask."""
    request = availability.parse(body)
    own = await call.database.read(_view, call.mailbox, call.assertion.user, request)
    others = View(Refusal("ErrorProxyRequestNotAllowed"))
    mine = call.mailbox.address.casefold()
    return availability.answer(request, [own if one.casefold() == mine else others for one in request.addresses])


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
    return seen(request, events, detailed=detailed)
