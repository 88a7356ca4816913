"""Meeting messages: mail whose properties are also in the iTIP object that it carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from icalendar import Component

from casd.mailbox.ews import appointments, ical, mail
from casd.mailbox.ews.columns import BUSY
from casd.mailbox.meetings import attendance, itip
from protocols.ews.paths import Path, Property

_STATUSES = {status.upper(): word for word, status in BUSY.items()}


def read(content: bytes) -> dict[Path, Any]:
    """Return the properties in a meeting message. Raises `BadContent`."""
    found, said = mail.read(content), itip.read(content)
    if said is None:
        return found
    of_meeting = appointments.read(said.content)
    found |= {path: value for path, value in of_meeting.items() if str(path).startswith("calendar:")}
    found |= {Property(uri): reader(said.main) for uri, reader in _READERS.items()}
    if said.method == "COUNTER":
        proposed = {"meeting:ProposedStart": "calendar:Start", "meeting:ProposedEnd": "calendar:End"}
        found |= {Property(uri): found.get(Property(source)) for uri, source in proposed.items()}
    found[Property("calendar:UID")] = said.uid
    return {path: value for path, value in found.items() if value not in (None, "")}


def _whole_days(event: Component) -> bool:
    return not isinstance(ical.value(event, "DTSTART"), datetime)


def _intended(event: Component) -> str:
    return _STATUSES.get(attendance.intended(event), "Busy")


_READERS: Mapping[str, Callable[[Component], Any]] = {
    "meetingRequest:IntendedFreeBusyStatus": _intended,
    "calendar:Location": lambda event: ical.string(event, "LOCATION"),
    "calendar:IsAllDayEvent": _whole_days,
    "calendar:IsRecurring": lambda event: "RRULE" in event,
    "calendar:LegacyFreeBusyStatus": lambda _event: "Tentative",
    "calendar:RecurrenceId": lambda event: ical.moment(event, "RECURRENCE-ID"),
}

READS = (
    frozenset({*mail.READS, *_READERS, "calendar:UID", "meeting:ProposedStart", "meeting:ProposedEnd"})
    | {uri for uri in appointments.READS if uri.startswith("calendar:")}
)  # fmt: skip
"""Properties that `read` knows."""
