"""What servers of CalDAV are asked, and answer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from lxml import etree

from protocols.caldav import free_busy_query, schedule_response
from protocols.documents import BadXML

ANSWER = b"""<?xml version="1.0" encoding="utf-8"?>
<C:schedule-response xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">
<C:response><C:recipient><D:href>mailto:Bob@example.org</D:href></C:recipient>
<C:request-status>2.0;Success</C:request-status><C:calendar-data>BEGIN:VCALENDAR</C:calendar-data></C:response>
<C:response><C:recipient><D:href>mailto:eve@example.org</D:href></C:recipient>
<C:request-status>3.7;Invalid Calendar User</C:request-status></C:response>
</C:schedule-response>"""


def test_a_report_names_the_time_in_utc() -> None:
    """RFC 4791 section 7.10."""
    start = datetime(2027, 3, 1, tzinfo=UTC)
    node = etree.fromstring(free_busy_query(start, start.replace(day=2)))
    assert node.tag == "{urn:ietf:params:xml:ns:caldav}free-busy-query"
    assert dict(node[0].attrib) == {"start": "20270301T000000Z", "end": "20270302T000000Z"}


def test_an_outbox_answers_for_each_who_has_a_calendar() -> None:
    """RFC 6638 section 10.2; SOGo leaves the href out."""
    bob, plain = {"bob@example.org": b"BEGIN:VCALENDAR"}, ANSWER.replace(b"<D:href>", b"").replace(b"</D:href>", b"")
    assert schedule_response(ANSWER) == schedule_response(plain) == bob
    assert schedule_response(ANSWER.replace(b"recipient", b"other")) == {"": b"BEGIN:VCALENDAR"}


@pytest.mark.negative
@pytest.mark.parametrize(
    "document",
    [b"", b"<a", b'<!DOCTYPE a [<!ENTITY b "b">]><a>&b;</a>', b"<a>" * 1000, b"<a>" + b"<b/>" * 300_000 + b"</a>"],
)
def test_what_is_no_answer_is_refused(document: bytes) -> None:
    with pytest.raises(BadXML):
        schedule_response(document)
