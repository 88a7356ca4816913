from __future__ import annotations

import pytest

from casd.mailbox.ews import mail
from casd.mailbox.store.values import Kind
from protocols.ews.paths import Property
from protocols.ews.values import Body
from tests.casd.mailbox.ews.conversation import Client, change, properties
from tests.casd.mailbox.store.world import APPOINTMENT, World
from tests.casd.mailbox.store.world import mail as message

_WINDOW = '<m:CalendarView StartDate="2024-07-01T00:00:00Z" EndDate="2024-07-09T00:00:00Z"/>'


@pytest.fixture
def broken(world: World) -> str:
    """A series that the store took and that icalendar stumbles over when it is looked into."""

    def put() -> None:
        content = APPOINTMENT.replace(b"DURATION:PT1H", b"DURATION:PT1H\r\nDTSTAMP:soon\r\nEXDATE:never")
        twice = content.replace(b"SUMMARY", b"ATTENDEE;PARTSTAT=;CN:\r\nX-ALT-DESC:\r\nSUMMARY")
        for each in (content, twice):
            world.alice.items.create(world.folder("calendar"), Kind.APPOINTMENT, each)

    world.run(put)
    return "calendar"


def test_a_broken_series_hides_no_other(client: Client, broken: str) -> None:
    whole = "<t:Start>2024-07-02T10:00:00Z</t:Start><t:End>2024-07-02T11:00:00Z</t:End>"
    client.create(f"<t:CalendarItem><t:Subject>whole</t:Subject>{whole}</t:CalendarItem>", broken)
    seen = client.find(broken, rest=_WINDOW, more=properties("item:Subject"))
    assert (seen.codes, "whole" in seen.texts("t:Subject")) == (["NoError"], True)
    listed = client.find(broken, more=properties("item:Body"))
    assert (listed.codes, len(listed.all("t:ItemId"))) == (["NoError"], 3)


def test_an_item_that_cannot_be_read_is_said_to_be_corrupt(client: Client, world: World) -> None:
    client.create("<t:CalendarItem><t:Start>2024-07-02T10:00:00Z</t:Start></t:CalendarItem>", "calendar")
    item = client.find("calendar").id()
    world.run(lambda: world.alice.items._connection.execute("UPDATE content SET bytes = x'00'"))
    assert client.get(item).codes == ["ErrorItemCorrupt"]
    body = '<t:Body BodyType="Text">x</t:Body>'
    assert client.update(item, change("Set", "item:Body", body, "CalendarItem")).codes == ["ErrorMimeContentInvalid"]
    assert client.find("calendar", more=properties("item:Body")).codes == ["NoError"]


def test_bytes_beyond_ascii_in_old_headers_stay_as_they_are() -> None:
    received = b"Subject: caf\xe9\r\nX-Odd: \xff\xfe\r\nTo: group:;, caf\xe9 <a@x.org>\r\n" + message("x", "text")
    changed = mail.write(received, {Property("item:Body"): Body("Text", "new")})
    assert b"X-Odd: \xff\xfe\r\nTo: group:;, caf\xe9 <a@x.org>\r\n" in changed


def test_a_multipart_without_parts_gets_a_body() -> None:
    broken = message("x", "stray", Content_Type='multipart/mixed; boundary="b"')
    changed = mail.write(broken, {Property("item:Body"): Body("Text", "new")})
    assert (mail.read(changed)[Property("item:Body")], b"stray" in changed) == (Body("Text", "new"), True)
