"""Rules of recurrence that never end."""

from __future__ import annotations

import pytest

from casd.mailbox.ews import ical
from casd.mailbox.store.errors import BadContent

_ZONE = (
    "BEGIN:VTIMEZONE\r\nTZID:Z\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0200\r\n"
    "TZOFFSETTO:+0100\r\nRRULE:{}\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
)


def _calendar(zone: str, rule: str) -> bytes:
    event = f"BEGIN:VEVENT\r\nUID:1\r\nDTSTART;TZID=Z:20260101T100000\r\nRRULE:{rule}\r\nEND:VEVENT\r\n"
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{_ZONE.format(zone)}{event}END:VCALENDAR\r\n".encode()


@pytest.mark.negative
@pytest.mark.parametrize(
    ("zone", "rule"),
    [
        ("FREQ=SECONDLY", "FREQ=DAILY"),
        ("FREQ=SECO\r\n NDLY", "FREQ=DAILY"),
        ("FREQ=YEARLY;INTERVAL=0;BYMONTH=2", "FREQ=DAILY"),
        ("FREQ=YEARLY", "FREQ=DAILY;INTERVAL=0;BYMONTH=2"),
        ("FREQ=YEARLY", "FREQ=DAILY;\u0131NTERVAL=0;BYMONTH=2"),
        ("FREQ=YEARLY", "freq=daily;interval=00;BYMONTH=2"),
    ],
)
def test_a_rule_that_would_be_followed_for_ever_is_not_read(zone: str, rule: str) -> None:
    with pytest.raises(BadContent):
        ical.parse(_calendar(zone, rule))


def test_rules_of_every_day_are_read() -> None:
    rule = "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"
    assert ical.parse(_calendar("FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", rule)).walk("VEVENT")
