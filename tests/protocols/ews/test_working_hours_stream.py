"""The working hours stream of a calendar, [MS-OXOCFG] section 2.2.5.2.1."""

from __future__ import annotations

from datetime import time

import pytest

from protocols.ews import working_hours_stream
from protocols.ews.described_zones import UTC, Turn, Zone
from protocols.ews.errors import Fault
from protocols.ews.working_hours import USUAL, Period
from protocols.ews.working_hours_stream import Stream

PACIFIC = Zone(480, Turn(0, time(2), 1, 11, 6), Turn(-60, time(2), 2, 3, 6))
MORNINGS = Period(("Monday", "Saturday"), 390, 750)
OFFICE = b"""<?xml version="1.0"?>
<Root xmlns="WorkingHours.xsd">
  <WorkHoursVersion1>
    <TimeZone>
      <Bias>480</Bias>
      <Standard>
        <Bias>0</Bias>
        <ChangeDate><Time>02:00:00</Time><Date>0000/11/01</Date><DayOfWeek>0</DayOfWeek></ChangeDate>
      </Standard>
      <DaylightSavings>
        <Bias>-60</Bias>
        <ChangeDate><Time>02:00:00</Time><Date>0000/03/02</Date><DayOfWeek>0</DayOfWeek></ChangeDate>
      </DaylightSavings>
      <Name>Pacific Standard Time</Name>
    </TimeZone>
    <TimeSlot><Start>06:30:00</Start><End>12:30:00</End></TimeSlot>
    <WorkDays>Monday Saturday</WorkDays>
  </WorkHoursVersion1>
</Root>"""


def test_days_hours_and_the_turns_of_a_clock_are_read() -> None:
    found = working_hours_stream.parse(OFFICE)
    assert found == Stream(PACIFIC, "Pacific Standard Time", MORNINGS)
    assert found.hours.periods == (MORNINGS,)


@pytest.mark.parametrize("zone", [PACIFIC, UTC])
@pytest.mark.parametrize("name", ["Pacific Standard Time", "", "<Zone> & more"])
def test_what_is_written_is_read_again(zone: Zone, name: str) -> None:
    stream = Stream(zone, name, USUAL)
    assert working_hours_stream.parse(working_hours_stream.write(stream)) == stream


def test_who_works_on_no_day_has_no_period() -> None:
    found = working_hours_stream.parse(OFFICE.replace(b"Monday Saturday", b""))
    assert found.hours.periods == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<Bias>480</Bias>", b""),
        (b">480<", b">1440<"),
        (b">480<", b">west<"),
        (b"0000/11/01", b"November"),
        (b"0000/11/01", b"0000/13/01"),
        (b"0000/11/01", b"0000/11/06"),
        (b"06:30:00", b"half past six"),
        (b"06:30:00", b"13:00:00"),
        (b"Monday Saturday", b"Someday"),
        (b"WorkHoursVersion1", b"WorkHoursVersion2"),
        (b"</Root>", b""),
        (b"</Root>", b" " * working_hours_stream.MAX_SIZE + b"</Root>"),
        (b'<?xml version="1.0"?>', b'<!DOCTYPE Root [<!ENTITY x "y">]>'),
    ],
)
def test_what_is_none_is_refused(old: bytes, new: bytes) -> None:
    with pytest.raises(Fault):
        working_hours_stream.parse(OFFICE.replace(old, new))
