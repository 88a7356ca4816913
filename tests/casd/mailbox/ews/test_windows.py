from __future__ import annotations

import pytest

from casd.mailbox.ews import identifiers
from casd.mailbox.store.values import Kind
from tests.casd.mailbox.ews.conversation import Answer, Client, properties
from tests.casd.mailbox.store.world import World
from tests.protocols.ews.soap import NAMES

SERIES = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//casd//test//EN\r
BEGIN:VEVENT\r
UID:1\r
DTSTAMP:20260101T000000Z\r
DTSTART;TZID=Europe/Berlin:20260323T100000\r
DTEND;TZID=Europe/Berlin:20260323T110000\r
SUMMARY:Series\r
LOCATION:Room\r
RRULE:{rule}\r
EXDATE;TZID=Europe/Berlin:20260325T100000\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:1\r
DTSTAMP:20260101T000000Z\r
RECURRENCE-ID;TZID=Europe/Berlin:20260330T100000\r
DTSTART;TZID=Europe/Berlin:20260330T150000\r
DTEND;TZID=Europe/Berlin:20260330T153000\r
SUMMARY:Later\r
END:VEVENT\r
END:VCALENDAR\r
"""


def view(client: Client, start: str, end: str, more: str = "") -> Answer:
    window = f'<m:CalendarView StartDate="{start}" EndDate="{end}" {more}/>'
    uris = ("item:Subject", "calendar:Start", "calendar:CalendarItemType", "calendar:Recurrence", "calendar:Location")
    uris += ("calendar:IsRecurring",)
    return client.find("calendar", rest=window, more=properties(*uris))


def put(world: World, rule: str) -> None:
    content = SERIES.format(rule=rule).encode()
    world.run(world.alice.items.create, world.folder("calendar"), Kind.APPOINTMENT, content)


def test_a_series_is_shown_as_its_occurrences_by_the_clock_on_the_wall(client: Client, world: World) -> None:
    put(world, "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=5")
    found = view(client, "2026-03-23T00:00:00+01:00", "2026-04-20T00:00:00+02:00")
    assert list(zip(found.texts("t:Start"), found.texts("t:Subject"), strict=True)) == [
        ("2026-03-23T09:00:00Z", "Series"),
        ("2026-03-30T13:00:00Z", "Later"),
        ("2026-04-01T08:00:00Z", "Series"),
        ("2026-04-06T08:00:00Z", "Series"),
    ]
    assert found.texts("t:CalendarItemType") == ["Occurrence", "Exception", "Occurrence", "Occurrence"]
    assert found.texts("t:IsRecurring") == ["true"] * 4
    assert client.find("calendar", more=properties("calendar:IsRecurring")).texts("t:IsRecurring") == ["false"]
    assert found.all("t:Recurrence") == []
    assert found.texts("t:Location") == ["Room", "", "Room", "Room"]


@pytest.mark.parametrize(
    ("rule", "count"),
    [
        ("FREQ=DAILY;UNTIL=20260326T090000Z", 3),
        ("FREQ=DAILY;UNTIL=20260326", 3),
        ("FREQ=DAILY;UNTIL=20260326T085959Z", 2),
        ("FREQ=SECONDLY", 1),
    ],
)
def test_a_series_ends_when_its_rule_says_and_counts_no_seconds(
    client: Client, world: World, rule: str, count: int
) -> None:
    put(world, rule)
    assert len(view(client, "2026-03-20T00:00:00Z", "2026-03-29T00:00:00Z").all("t:Start")) == count


def test_an_occurrence_that_was_moved_to_an_earlier_week_is_shown_there(client: Client, world: World) -> None:
    content = SERIES.format(rule="FREQ=WEEKLY;BYDAY=MO;COUNT=5").replace(":20260330T15", ":20260327T15")
    world.run(world.alice.items.create, world.folder("calendar"), Kind.APPOINTMENT, content.encode())
    found = view(client, "2026-03-23T00:00:00+01:00", "2026-03-30T00:00:00+02:00")
    assert found.texts("t:Subject") == ["Series", "Later"]


def test_a_day_is_shown_on_its_day_in_its_zone(client: Client) -> None:
    times = "<t:Start>2026-03-11T23:00:00Z</t:Start><t:End>2026-03-12T23:00:00Z</t:End>"
    times += "<t:IsAllDayEvent>true</t:IsAllDayEvent>"
    zone = '<t:StartTimeZone Id="W. Europe Standard Time"/><t:EndTimeZone Id="W. Europe Standard Time"/>'
    made = client.create(f"<t:CalendarItem><t:Subject>Day</t:Subject>{times}{zone}</t:CalendarItem>", "calendar")
    shown = client.get(made.id())
    assert (shown.text("t:Start"), shown.text("t:End")) == ("2026-03-11T23:00:00Z", "2026-03-12T23:00:00Z")
    assert shown.one("t:StartTimeZone").get("Id") == "W. Europe Standard Time"
    assert len(view(client, "2026-03-11T23:00:00Z", "2026-03-12T23:00:00Z").all("t:Start")) == 1
    assert len(view(client, "2026-03-12T23:00:01Z", "2026-03-13T23:00:00Z").all("t:Start")) == 0


def test_what_begins_when_the_window_ends_is_not_in_it_but_what_ends_when_it_begins_is(client: Client) -> None:
    times = "<t:Start>2026-03-11T10:00:00Z</t:Start><t:End>2026-03-11T11:00:00Z</t:End>"
    client.create(f"<t:CalendarItem>{times}</t:CalendarItem>", "calendar")
    for start, end, count in (("09", "10", 0), ("09", "11", 1), ("11", "12", 1), ("12", "13", 0)):
        found = view(client, f"2026-03-11T{start}:00:00Z", f"2026-03-11T{end}:00:00Z")
        assert len(found.all("t:ItemId")) == count


def test_a_window_shows_as_many_as_asked_for(client: Client, world: World) -> None:
    put(world, "FREQ=DAILY")
    found = view(client, "2026-03-23T00:00:00Z", "2026-04-20T00:00:00Z", 'MaxEntriesReturned="2"')
    assert (len(found.all("t:ItemId")), found.one("m:RootFolder").get("IncludesLastItemInRange")) == (2, "false")


def test_a_window_has_its_bounds(client: Client) -> None:
    assert view(client, "2026-03-02T00:00:00Z", "2026-03-01T00:00:00Z").codes == [
        "ErrorCalendarEndDateIsEarlierThanStartDate"
    ]
    assert view(client, "2020-03-02T00:00:00Z", "2026-03-01T00:00:00Z").codes == ["ErrorCalendarViewRangeTooBig"]
    window = '<m:CalendarView StartDate="2026-03-01T00:00:00Z" EndDate="2026-03-02T00:00:00Z"/>'
    test = '<m:Restriction><t:Exists><t:FieldURI FieldURI="item:Subject"/></t:Exists></m:Restriction>'
    assert client.find("calendar", rest=window + test).codes == ["ErrorInvalidOperation"]


def test_one_occurrence_is_got_by_its_id_or_its_number_and_deleted(client: Client, world: World) -> None:
    put(world, "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=5")
    series = client.find("calendar").one("t:ItemId").get("Id")
    first = view(client, "2026-03-23T00:00:00Z", "2026-03-24T00:00:00Z").one("t:ItemId").get("Id")
    got = client.get(
        f'<t:ItemId Id="{first}"/>',
        f'<t:OccurrenceItemId RecurringMasterId="{series}" InstanceIndex="3"/>',
        f'<t:RecurringMasterItemId OccurrenceId="{first}"/>',
        f'<t:OccurrenceItemId RecurringMasterId="{series}" InstanceIndex="2"/>',
    )
    assert got.codes == ["NoError"] * 3 + ["ErrorCalendarOccurrenceIsDeletedFromRecurrence"]
    assert got.texts("t:CalendarItemType") == ["Occurrence", "Exception", "RecurringMaster"]
    shown = [item.findtext("t:OriginalStart", "", NAMES) for item in got.all("t:CalendarItem")]
    assert shown == ["2026-03-23T09:00:00Z", "2026-03-30T08:00:00Z", ""]
    for index in (1, 3):
        one = f'<t:OccurrenceItemId RecurringMasterId="{series}" InstanceIndex="{index}"/>'
        how = 'DeleteType="HardDelete" SendMeetingCancellations="SendToNone"'
        ask = f"<m:DeleteItem {how}><m:ItemIds>{one}</m:ItemIds></m:DeleteItem>"
        assert client.ask(ask).codes == ["NoError"]
    left = view(client, "2026-03-23T00:00:00Z", "2026-04-20T00:00:00Z")
    assert left.texts("t:Start") == ["2026-04-01T08:00:00Z", "2026-04-06T08:00:00Z"]


@pytest.mark.parametrize("made_up", ["", "/", "/x", "/1e5", "/" + "9" * 5000])
def test_an_id_of_an_occurrence_that_is_made_up_is_malformed(client: Client, world: World, made_up: str) -> None:
    put(world, "FREQ=DAILY")
    (series,) = client.mailbox.items.find([client.mailbox.folders.distinguished("calendar").id]).items
    one = identifiers.encode(identifiers.Kind.OCCURRENCE, client.mailbox, series.id + made_up)
    got = client.get(f'<t:ItemId Id="{one}"/>', f'<t:RecurringMasterItemId OccurrenceId="{one}"/>')
    assert got.codes == ["ErrorInvalidIdMalformed"] * 2
    other = identifiers.encode(identifiers.Kind.OCCURRENCE, client.mailbox, f"{series.id}/1")
    assert client.get(f'<t:ItemId Id="{other}"/>').codes == ["ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange"]


def test_an_occurrence_is_not_moved_alone(client: Client, world: World) -> None:
    put(world, "FREQ=DAILY")
    one = view(client, "2026-03-23T00:00:00Z", "2026-03-24T00:00:00Z").id()
    to = '<m:ToFolderId><t:DistinguishedFolderId Id="inbox"/></m:ToFolderId>'
    assert client.ask(f"<m:MoveItem>{to}<m:ItemIds>{one}</m:ItemIds></m:MoveItem>").codes == ["ErrorInvalidOperation"]


def test_an_appointment_may_say_that_nothing_is_known_of_its_time(client: Client) -> None:
    times = "<t:Start>2026-03-11T10:00:00Z</t:Start><t:End>2026-03-11T11:00:00Z</t:End>"
    status = "<t:LegacyFreeBusyStatus>NoData</t:LegacyFreeBusyStatus>"
    client.create(f"<t:CalendarItem>{times}{status}</t:CalendarItem>", "calendar")
    found = client.find("calendar", more=properties("calendar:LegacyFreeBusyStatus"))
    assert found.texts("t:LegacyFreeBusyStatus") == ["NoData"]
