"""GetUserAvailability from the other side: a server is asked, and its answer read with distrust."""

from __future__ import annotations

from collections.abc import Iterator

from protocols.ews import described_zones, envelope, working_hours
from protocols.ews.availability import Event, Request, View
from protocols.ews.codecs import parse_moment
from protocols.ews.errors import CODES, BadDocument, Fault, Refusal
from protocols.ews.markup import ERRORS, Element, child, children, m, t, text
from protocols.ews.merging import STATUSES, steps

MOST_EVENTS = 1000
"""Events of one mailbox; more are ErrorResultSetTooBig (availability, response codes)."""

_DETAILS = ("ID", "Subject", "Location", "IsMeeting", "IsRecurring", "IsException", "IsReminderSet", "IsPrivate")
_LONGEST = 1024
"""Characters of a subject or a place."""

_FAILED = "ErrorProxyRequestProcessingFailed"
_DIGITS = frozenset("012345")


def write(request: Request, impersonated: str = "") -> bytes:
    """Return the document that asks in UTC, in somebody's name if he is not who signs in.

    Digits are asked for beside events, for servers that know no more.
    """
    window = t(
        "TimeWindow",
        t("StartTime", request.start.isoformat(timespec="seconds")),
        t("EndTime", request.end.isoformat(timespec="seconds")),
    )
    options = t(
        "FreeBusyViewOptions",
        window,
        t("MergedFreeBusyIntervalInMinutes", str(request.interval)),
        t("RequestedView", "DetailedMerged" if request.detailed else "FreeBusyMerged"),
    )
    people = (
        t("MailboxData", t("Email", t("Address", one)), t("AttendeeType", "Required"), t("ExcludeConflicts", "false"))
        for one in request.addresses
    )
    body = m(
        "GetUserAvailabilityRequest",
        described_zones.write(request.zone),
        m("MailboxDataArray", people),
        options,
    )
    return envelope.question(body, impersonated)


def read(request: Request, document: bytes) -> list[View]:
    """Return what a server tells of each mailbox of a request. Raises `Fault` for an answer that is none."""
    answered = envelope.parse(document)
    found = children(answered.body, "FreeBusyResponseArray")
    if answered.operation != "GetUserAvailabilityResponse" or len(found) != len(request.addresses):
        raise BadDocument("The answer is none to what was asked.")
    return [_one(request, node) for node in found]


def refused(document: bytes) -> str:
    """Return the code of a fault that a server answers with, empty if there is none that we know."""
    try:
        root = envelope.tree(document)
    except Fault:
        return ""
    code = next(root.iter(f"{{{ERRORS}}}ResponseCode"), None)
    said = "" if code is None else (code.text or "").strip()
    return said if said in CODES else ""


def _one(request: Request, node: Element) -> View:
    """Return what is told of one mailbox; whatever cannot be read costs this one only."""
    try:
        return _view(request, node)
    except (Fault, ValueError, OverflowError):
        return View(Refusal("ErrorFreeBusyGenerationFailed"))


def _view(request: Request, node: Element) -> View:
    message, view = child(node, "ResponseMessage"), child(node, "FreeBusyView")
    if message is None or message.get("ResponseClass") == "Error" or view is None:
        code = "" if message is None else text(message, "ResponseCode")
        return View(Refusal(code if code in CODES else _FAILED))
    kind, hours = text(view, "FreeBusyViewType"), child(view, "WorkingHours")
    digits = text(view, "MergedFreeBusy")
    if kind == "None" or (kind == "MergedOnly" and (len(digits) != steps(request) or not set(digits) <= _DIGITS)):
        raise BadDocument("The view is none.")
    listed = children(view, "CalendarEventArray")
    if len(listed) > MOST_EVENTS:
        return View(Refusal("ErrorResultSetTooBig"))
    return View(
        events=tuple(_events(listed, detailed=request.detailed)),
        detailed=request.detailed and kind.startswith("Detailed"),
        merged=digits,
        only_merged=kind == "MergedOnly",
        hours=None if hours is None else working_hours.parse(hours),
    )


def _events(listed: list[Element], *, detailed: bool) -> Iterator[Event]:
    """Yield the events by their begin."""
    for node in sorted(listed, key=lambda one: text(one, "StartTime")):
        start, end = (parse_moment(text(node, name)).replace(tzinfo=None) for name in ("StartTime", "EndTime"))
        status = text(node, "BusyType")
        if status not in STATUSES or start > end:
            raise BadDocument("The event is none.")
        yield Event(start, end, status, tuple(_details(node)) if detailed else ())


def _details(node: Element) -> Iterator[tuple[str, str]]:
    found = child(node, "CalendarEventDetails")
    for name in _DETAILS if found is not None else ():
        if found is not None and (value := text(found, name)):
            yield name, value[:_LONGEST]
