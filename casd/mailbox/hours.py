"""Working hours: when the owner of a mailbox works, kept with the calendar, where clients of EWS keep it too."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from attrs import evolve

from casd.mailbox.ews import configuration, daylight, zones
from casd.mailbox.store.mailbox import MailboxStore
from protocols.ews import working_hours_stream
from protocols.ews.described_zones import Zone
from protocols.ews.errors import Fault
from protocols.ews.working_hours import USUAL, Period, WorkingHours
from protocols.ews.working_hours_stream import CONFIGURATION, Stream


def load(mailbox: MailboxStore) -> tuple[Period, tzinfo | None]:
    """Return when the owner works, and by the clock of which zone; the usual hours and None if he has not said it."""
    if (found := _kept(mailbox)) is None:
        return USUAL, None
    return found.period, zones.find(found.name) or _alike(found.zone)


def save(mailbox: MailboxStore, period: Period, zone: tzinfo) -> None:
    """Settle when the owner works, and by the clock of which zone."""
    stream = Stream(_clock(zone), _called(zone), period)
    folder = mailbox.folders.distinguished("calendar")
    configuration.keep_xml_data(mailbox, folder, CONFIGURATION, working_hours_stream.write(stream))


def told(mailbox: MailboxStore) -> WorkingHours | None:
    """Return what others are told, None if the owner has not said it.

    A zone that is known by its name has its clock of this year: what a client once wrote of it may have changed since.
    """
    if (found := _kept(mailbox)) is None:
        return None
    zone = zones.find(found.name)
    return found.hours if zone is None else evolve(found.hours, zone=_clock(zone))


def _kept(mailbox: MailboxStore) -> Stream | None:
    """Return what is kept; what a client keeps there that is none counts as nothing."""
    try:
        data = configuration.xml_data(mailbox.folders.distinguished("calendar"), CONFIGURATION)
        return working_hours_stream.parse(data) if data else None
    except Fault:
        return None


def _clock(zone: tzinfo) -> Zone:
    return daylight.described(zone, datetime.now(UTC).year)


def _alike(zone: Zone) -> tzinfo | None:
    """Return the first of the zones that Windows knows whose clock goes like this one."""
    known = filter(None, map(zones.find, zones.NAMES))
    return next((one for one in known if _clock(one) == zone), None)


def _called(zone: tzinfo) -> str:
    """Return the name that Windows has for a zone, if that means no other one as well."""
    name = zones.windows(zone)
    return name if zones.find(name) == zone else zones.key(zone)
