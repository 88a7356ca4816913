"""The half of GetUserAvailability that suggests when to meet: what is asked for, and what is suggested, on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from attrs import frozen

from protocols.ews.availability import LONGEST, window_of
from protocols.ews.codecs import choice, parse_boolean, parse_integer, parse_moment, show_boolean, show_moment
from protocols.ews.described_zones import Zone
from protocols.ews.errors import Fault
from protocols.ews.markup import Element, child, children, m, t, text

QUALITIES = ("Excellent", "Good", "Fair", "Poor")
"""The best first."""

STEP = timedelta(minutes=30)
"""Between two times that may be suggested, and what a digit of free/busy times must stand for."""

_QUALITY = choice(*QUALITIES)


@frozen
class Options:
    """What is asked for (SuggestionsViewOptions). Times are without offset, in the zone of the request.

    `good`: a time is Good if so many percent and fifty can come. At most `most` times a day are told, of them
    `most_outside` beyond working hours, none worse than `least`; but `current`, when the meeting is planned for, is.
    """

    start: datetime
    end: datetime
    good: int = 25
    most: int = 10
    most_outside: int = 0
    minutes: int = 60
    least: str = "Fair"
    current: datetime | None = None


@frozen
class Conflict:
    """How one attendee is placed at a time: the `status` of one, or how many of a group's `members` are free.

    Without a status and without members he is not known; `too_big` is a group of more than are asked.
    """

    status: str = ""
    members: int = 0
    free: int = 0
    busy: int = 0
    too_big: bool = False


@frozen
class Suggestion:
    """One time, in the zone of the request, with each attendee's conflict in the order of the request."""

    start: datetime
    working: bool
    quality: str
    conflicts: tuple[Conflict, ...]


@frozen
class Day:
    """What is suggested for a day; its quality is that of its best time."""

    date: datetime
    quality: str
    suggestions: tuple[Suggestion, ...]


def parse(body: Element, zone: Zone, *, longest: timedelta = LONGEST) -> Options | None:
    """Return what is asked for in a GetUserAvailabilityRequest, if anything. Raises `BadDocument`, `Fault`."""
    node = child(body, "SuggestionsViewOptions")
    if node is None:
        return None
    start, end = window_of(node, "DetailedSuggestionsWindow", zone, longest)
    current = text(node, "CurrentMeetingTime")
    return Options(
        start=start,
        end=end,
        good=_number(node, "GoodThreshold", 25, 0, 50),
        most=_number(node, "MaximumResultsByDay", 10, 0, 48),
        most_outside=_number(node, "MaximumNonWorkHourResultsByDay", 0, 0, 48),
        minutes=_number(node, "MeetingDurationInMinutes", 60, 30, 1440),
        least=_QUALITY.constant(text(node, "MinimumSuggestionQuality", "Fair")),
        current=_local(current, zone) if current else None,
    )


def _number(node: Element, name: str, default: int, least: int, most: int) -> int:
    number = parse_integer(text(node, name, str(default)))
    if not least <= number <= most:
        raise Fault("ErrorInvalidParameter", f"{name} must be from {least} to {most}.")
    return number


def _local(said: str, zone: Zone) -> datetime:
    moment = parse_moment(said)
    try:
        local = zone.local(moment.replace(tzinfo=None)) if moment.tzinfo else moment
        zone.utc(local)
    except (OverflowError, ValueError):  # at either end of all years
        raise Fault("ErrorInvalidTimeInterval") from None
    return local


def excluding(body: Element) -> tuple[bool, ...]:
    """Return for each mailbox of a request whether no time is to be suggested at which it is taken."""
    said = (text(node, "ExcludeConflicts", "false") for node in children(body, "MailboxDataArray"))
    return tuple(map(parse_boolean, said))


def write(days: Sequence[Day]) -> Element:
    """Return the SuggestionsResponse of an answer."""
    message = m("ResponseMessage", m("ResponseCode", "NoError"), ResponseClass="Success")
    return m("SuggestionsResponse", message, m("SuggestionDayResultArray", map(_day, days)))


def _day(day: Day) -> Element:
    return t(
        "SuggestionDayResult",
        t("Date", show_moment(day.date)),
        t("DayQuality", day.quality),
        t("SuggestionArray", map(_suggestion, day.suggestions)),
    )


def _suggestion(one: Suggestion) -> Element:
    return t(
        "Suggestion",
        t("MeetingTime", show_moment(one.start)),
        t("IsWorkTime", show_boolean(one.working)),
        t("SuggestionQuality", one.quality),
        t("AttendeeConflictDataArray", map(_conflict, one.conflicts)),
    )


def _conflict(one: Conflict) -> Element:
    if one.too_big:
        return t("TooBigGroupAttendeeConflictData")
    if one.status:
        return t("IndividualAttendeeConflictData", t("BusyType", one.status))
    if not one.members:
        return t("UnknownAttendeeConflictData")
    unknown = one.members - one.free - one.busy
    counts = {"": one.members, "Available": one.free, "WithConflict": one.busy, "WithNoData": unknown}
    return t("GroupAttendeeConflictData", (t(f"NumberOfMembers{name}", str(count)) for name, count in counts.items()))
