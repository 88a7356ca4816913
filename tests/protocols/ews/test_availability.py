"""GetUserAvailability on the wire, section by section of the reference (07)."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.ews import availability, availability_client, described_zones, envelope, working_hours
from protocols.ews.availability import Event, Request, View
from protocols.ews.described_zones import Turn, Zone
from protocols.ews.errors import BadDocument, Fault, Refusal
from protocols.ews.markup import Element
from protocols.ews.merging import merged, seen
from protocols.ews.schema import grammar
from protocols.ews.working_hours import Period, WorkingHours, stretches
from tests.protocols.ews.soap import NAMES, node, shown, soap

BERLIN = (
    "<t:TimeZone><t:Bias>-60</t:Bias>"
    "<t:StandardTime><t:Bias>0</t:Bias><t:Time>03:00:00</t:Time><t:DayOrder>5</t:DayOrder><t:Month>10</t:Month>"
    "<t:DayOfWeek>Sunday</t:DayOfWeek></t:StandardTime>"
    "<t:DaylightTime><t:Bias>-60</t:Bias><t:Time>02:00:00</t:Time><t:DayOrder>5</t:DayOrder><t:Month>3</t:Month>"
    "<t:DayOfWeek>Sunday</t:DayOfWeek></t:DaylightTime></t:TimeZone>"
)


def at(day: int, hour: int = 0, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2027, month, day, hour, minute, tzinfo=UTC).replace(tzinfo=None)


def asked(
    *names: str,
    zone: str = BERLIN,
    start: str = "2027-03-01T00:00:00",
    end: str = "2027-03-02T00:00:00",
    interval: str = "30",
    view: str = "FreeBusyMerged",
    options: str | None = None,
    more: str = "",
) -> Element:
    """Return a request for the times of people of example.org."""
    people = "".join(
        f"<t:MailboxData><t:Email><t:Address>{name}@example.org</t:Address></t:Email>"
        "<t:AttendeeType>Required</t:AttendeeType></t:MailboxData>"
        for name in names
    )
    window = f"<t:TimeWindow><t:StartTime>{start}</t:StartTime><t:EndTime>{end}</t:EndTime></t:TimeWindow>"
    how = f"<t:MergedFreeBusyIntervalInMinutes>{interval}</t:MergedFreeBusyIntervalInMinutes>"
    wanted = f"<t:FreeBusyViewOptions>{window}{how}<t:RequestedView>{view}</t:RequestedView></t:FreeBusyViewOptions>"
    return node(
        f"<m:GetUserAvailabilityRequest>{zone}<m:MailboxDataArray>{people}</m:MailboxDataArray>"
        f"{wanted if options is None else options}{more}</m:GetUserAvailabilityRequest>"
    )


def request(**how: Any) -> Request:
    return availability.parse(asked("bob", **how))


SUGGESTED = (
    "<t:SuggestionsViewOptions><t:DetailedSuggestionsWindow><t:StartTime>2027-03-01T00:00:00</t:StartTime>"
    "<t:EndTime>2027-03-03T00:00:00</t:EndTime></t:DetailedSuggestionsWindow></t:SuggestionsViewOptions>"
)


# 7.1 Request


def test_7_1_a_request_says_whose_time_when_and_how() -> None:
    found = availability.parse(asked("bob", "carol", interval="15", view="Detailed"))
    assert found.addresses == ("bob@example.org", "carol@example.org")
    assert (found.start, found.end, found.interval, found.view) == (at(1), at(2), 15, "Detailed")
    assert found.in_utc("x").start == at(1) - timedelta(hours=1)


def turn(bias: int, hour: int, order: int, month: int) -> Turn:
    """Return a turn on a Sunday."""
    return Turn(bias, time(hour), order, month, 6)


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("Europe/Berlin", Zone(-60, turn(0, 3, 5, 10), turn(-60, 2, 5, 3))),
        ("America/Los_Angeles", Zone(480, turn(0, 2, 1, 11), turn(-60, 2, 2, 3))),
        ("Australia/Sydney", Zone(-600, turn(0, 3, 1, 4), turn(-60, 2, 1, 10))),
        ("Asia/Kolkata", Zone(-330)),
    ],
)
def test_7_1_at_any_time_of_a_year_it_is_as_late_as_the_clock_says(name: str, zone: Zone) -> None:
    for number in range(365 * 48):
        utc = at(1, month=1) + number * timedelta(minutes=30)
        clock = utc.replace(tzinfo=UTC).astimezone(ZoneInfo(name))
        local = clock.replace(tzinfo=None, fold=0)
        assert zone.local(utc) == local
        assert clock.fold or zone.utc(local) == utc


@pytest.mark.parametrize("kind", ["Organizer", "Required", "Optional", "Room", "Resource"])
def test_7_1_an_attendee_has_a_name_a_way_and_a_kind(kind: str) -> None:
    address = "<t:Name>Bob</t:Name><t:Address>bob@example.org</t:Address><t:RoutingType>SMTP</t:RoutingType>"
    bob = f"<t:MailboxData><t:Email>{address}</t:Email><t:AttendeeType>{kind}</t:AttendeeType>"
    people = (
        f"<m:MailboxDataArray>{bob}<t:ExcludeConflicts>true</t:ExcludeConflicts></t:MailboxData></m:MailboxDataArray>"
    )
    body = node(f"<m:GetUserAvailabilityRequest>{BERLIN}{people}{SUGGESTED}</m:GetUserAvailabilityRequest>")
    grammar.check(body)
    assert availability.parse(body).addresses == ("bob@example.org",)


def test_7_1_a_hundred_may_be_asked_for_at_once() -> None:
    assert len(availability.parse(asked(*["bob"] * 100)).addresses) == 100
    with pytest.raises(Fault, match="ErrorMailboxDataArrayTooBig"):
        availability.parse(asked(*["bob"] * 101))


def test_7_1_times_are_local_to_the_zone_that_is_described_with_its_turns() -> None:
    """Bias: local = UTC - Bias; 480 is US Pacific."""
    pacific = BERLIN.replace("<t:Bias>-60</t:Bias><t:StandardTime>", "<t:Bias>480</t:Bias><t:StandardTime>")
    assert request(zone=pacific).in_utc().start == at(1, 8)
    summer = request(start="2027-07-01T00:00:00", end="2027-07-02T00:00:00")
    assert summer.in_utc().start == at(30, 22, month=6)
    never = node(BERLIN.replace(">10<", ">0<").replace(">3<", ">0<").replace(">5<", ">0<"))
    assert described_zones.parse(never).utc(at(1, month=7)) == at(30, 23, month=6)


def test_7_1_a_turn_may_be_that_of_a_year() -> None:
    dated = BERLIN.replace("</t:DayOfWeek>", "</t:DayOfWeek><t:Year>2027</t:Year>")
    grammar.check(asked("bob", zone=dated))
    for month in (3, 7, 11):
        when = {"start": f"2027-{month:02}-10T00:00:00", "end": f"2027-{month:02}-11T00:00:00"}
        assert request(zone=dated, **when).in_utc() == request(**when).in_utc()


def test_7_1_without_an_interval_or_a_view_there_are_defaults() -> None:
    start, end = (f"<t:{name}>2027-03-0{day}T00:00:00</t:{name}>" for name, day in (("StartTime", 1), ("EndTime", 2)))
    found = request(options=f"<t:FreeBusyViewOptions><t:TimeWindow>{start}{end}</t:TimeWindow></t:FreeBusyViewOptions>")
    assert (found.interval, found.view) == (30, "FreeBusy")


def test_7_1_one_of_both_groups_of_options_is_enough_and_none_is_not() -> None:
    found = request(options=SUGGESTED)
    assert (found.view, found.start, found.end) == ("", at(1), at(3))
    with pytest.raises(Fault, match="ErrorInvalidFreeBusyViewType"):
        request(options="")


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"zone": ""}, "ErrorTimeZone"),
        ({"zone": BERLIN.replace("Sunday", "Someday")}, "ErrorTimeZone"),
        ({"zone": BERLIN.replace(">-60<", ">1440<")}, "ErrorTimeZone"),
        ({"zone": BERLIN.replace(">-60<", ">99999999999<")}, "ErrorSchemaValidation"),
        ({"view": "None"}, "ErrorInvalidFreeBusyViewType"),
        ({"view": "All"}, "ErrorSchemaValidation"),
        ({"interval": "4"}, "ErrorInvalidMergedFreeBusyInterval"),
        ({"interval": "1441"}, "ErrorInvalidMergedFreeBusyInterval"),
        ({"end": "2027-03-01T00:00:00"}, "ErrorInvalidTimeInterval"),
        ({"end": "2027-02-28T00:00:00"}, "ErrorInvalidTimeInterval"),
        ({"end": "2027-05-03T00:00:00"}, "ErrorTimeIntervalTooBig"),
        ({"start": "0001-01-01T00:00:00", "end": "0001-01-02T00:00:00"}, "ErrorInvalidTimeInterval"),
        ({"start": "9999-12-31T00:00:00Z", "end": "9999-12-31T23:59:59Z"}, "ErrorInvalidTimeInterval"),
        ({"start": "0001-02-01T00:00:00", "end": "0001-02-02T00:00:00"}, "ErrorInvalidTimeInterval"),
        ({"start": "9999-01-01T00:00:00", "end": "9999-01-02T00:00:00"}, "ErrorInvalidTimeInterval"),
        ({"options": SUGGESTED.replace("03-03", "06-03")}, "ErrorTimeIntervalTooBig"),
    ],
)
def test_7_1_a_request_beyond_the_rules_is_refused_whole(how: dict[str, str], code: str) -> None:
    with pytest.raises(Fault, match=code):
        request(**how)


@pytest.mark.parametrize("interval", ["5", "1440"])
def test_7_1_both_ends_of_the_interval_are_fine(interval: str) -> None:
    assert request(interval=interval).interval == int(interval)


def test_7_1_how_many_and_how_long_is_for_the_operator_to_say() -> None:
    days = timedelta(days=42)
    with pytest.raises(Fault, match=r"ErrorTimeIntervalTooBig.*42 days"):
        availability.parse(asked("bob", end="2027-04-13T00:00:00"), longest=days)
    assert availability.parse(asked("bob", end="2027-04-12T00:00:00"), longest=days).end == at(12, month=4)
    with pytest.raises(Fault, match="ErrorMailboxDataArrayTooBig"):
        availability.parse(asked("bob", "eve"), most=1)
    with pytest.raises(Fault, match="ErrorMailboxDataArrayEmpty"):
        availability.parse(asked())


# 7.2 Response


def busy(start: datetime, end: datetime, status: str = "Busy", *details: tuple[str, str]) -> Event:
    return Event(start, end, status, details)


def test_7_2_153_the_documented_merged_example() -> None:
    """Out of office, busy twice, free: 3220."""
    day = request(
        zone="<t:TimeZone><t:Bias>0</t:Bias></t:TimeZone>", start="2027-03-01T09:00:00", end="2027-03-01T11:00:00"
    )
    events = [busy(at(1, 9), at(1, 9, 30), "OOF"), busy(at(1, 9, 30), at(1, 10, 30))]
    assert merged(day, events) == "3220"


def test_7_2_the_highest_wins_and_a_part_of_a_step_counts_as_all_of_it() -> None:
    hour = evolve(request(), zone=Zone(0), start=at(1, 9), end=at(1, 10, 40), interval=30)
    assert merged(hour, []) == "0000"
    ranked = ["Free", "NoData", "WorkingElsewhere", "Tentative", "Busy", "OOF"]
    for lower, status in enumerate(ranked):
        events = [busy(at(1, 9, 29), at(1, 9, 31), one) for one in (status, *ranked[:lower])]
        assert (
            merged(hour, events)
            == {"Free": "0", "WorkingElsewhere": "5", "NoData": "4"}.get(status, str(lower - 2)) * 2 + "00"
        )
    assert merged(hour, [busy(at(1, 10, 39), at(1, 12))]) == "0002"
    assert merged(hour, [busy(at(1, 10, 40), at(1, 12)), busy(at(1, 9), at(1, 9))]) == "0000"


BERLIN_ZONE = described_zones.parse(node(BERLIN))
ZONES = st.sampled_from([Zone(0), Zone(480), Zone(-345), BERLIN_ZONE])
DAYS = st.sampled_from([at(27), at(28), at(30, month=10), at(31, month=10), at(1, month=7)])
STATUSES = ["Free", "NoData", "WorkingElsewhere", "Tentative", "Busy", "OOF"]
EVENTS = st.tuples(st.integers(-2000, 6000), st.integers(0, 3000), st.sampled_from(STATUSES))


@settings(max_examples=150, deadline=None)
@given(ZONES, DAYS, st.integers(0, 1439), st.integers(1, 4000), st.integers(5, 1440), st.lists(EVENTS, max_size=12))
def test_7_2_merging_is_what_a_look_at_each_minute_finds(
    zone: Zone, day: datetime, first: int, lasts: int, interval: int, events: list[tuple[int, int, str]]
) -> None:
    """Also on the days on which the clocks of Berlin change."""
    start = day + timedelta(minutes=first)
    window = Request(zone, ("bob",), start, start + timedelta(minutes=lasts), "MergedOnly", interval)
    begin, end = zone.utc(window.start), zone.utc(window.end)
    if end <= begin:
        return
    minutes = (end - begin) // timedelta(minutes=1)
    ranks = [0] * minutes
    for offset, length, status in events:
        for minute in range(max(0, offset), min(minutes, offset + length)):
            ranks[minute] = max(ranks[minute], STATUSES.index(status))
    digits = "045123"
    expected = "".join(digits[max(ranks[step : step + interval])] for step in range(0, minutes, interval))
    minute = timedelta(minutes=1)
    happening = [
        busy(begin + offset * minute, begin + (offset + length) * minute, how) for offset, length, how in events
    ]
    assert merged(window, happening) == expected


def test_a_last_sunday_of_the_last_year_is_found() -> None:
    turn = described_zones.Turn(0, at(1, 3).time(), 5, 12, 6)
    assert turn.moment(9999) == datetime(9999, 12, 26, 3)  # noqa: DTZ001 (by the clock on the wall)
    assert described_zones.Turn(0, at(1, 3).time(), 5, 2, 0).moment(2027) == at(22, 3, month=2)


def test_7_2_an_hour_that_comes_twice_has_its_digits_twice_and_one_that_is_left_out_has_none() -> None:
    autumn = evolve(request(), start=at(31, month=10), end=at(1, month=11), interval=60)
    assert len(merged(autumn, [])) == 25
    assert merged(autumn, [busy(at(31, 0, 30, 10), at(31, 1, 30, 10))])[2:5] == "220"
    spring = evolve(request(), start=at(28), end=at(29), interval=60)
    assert len(merged(spring, [])) == 23


def answered(wanted: Request, *views: View) -> Element:
    answer = availability.answer(wanted, views)
    grammar.check(answer)
    return answer


def texts(answer: Element, name: str) -> list[str]:
    return [found.text or "" for found in answer.iterfind(f".//{name}", NAMES)]


TOLD = (("ID", "00AB"), ("Subject", "Plan"), ("IsMeeting", "true"), ("IsRecurring", "false"), ("IsException", "false"),
        ("IsReminderSet", "false"), ("IsPrivate", "false"))  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "detailed", "kind", "digits", "events", "subjects"),
    [
        ("MergedOnly", True, "MergedOnly", 1, 0, 0),
        ("FreeBusy", True, "FreeBusy", 0, 1, 0),
        ("FreeBusyMerged", False, "FreeBusyMerged", 1, 1, 0),
        ("Detailed", True, "Detailed", 0, 1, 1),
        ("DetailedMerged", True, "DetailedMerged", 1, 1, 1),
        ("Detailed", False, "FreeBusy", 0, 1, 0),
        ("DetailedMerged", False, "FreeBusyMerged", 1, 1, 0),
    ],
)
def test_7_2_158_the_view_is_the_richest_that_may_be_seen_and_says_which_it_is(
    wanted: str, detailed: bool, kind: str, digits: int, events: int, subjects: int
) -> None:
    """DetailedMerged with availability alone is FreeBusyMerged without subjects."""
    how = request(view=wanted)
    happening = [busy(at(1, 8), at(1, 9), "Busy", *TOLD)]
    answer = answered(how, seen(how, happening, detailed=detailed and how.detailed))
    assert texts(answer, "t:FreeBusyViewType") == [kind]
    counts = [len(texts(answer, f"t:{name}")) for name in ("MergedFreeBusy", "CalendarEvent", "Subject")]
    assert counts == [digits, events, subjects]


def test_7_2_answers_stand_in_the_order_of_the_request_each_with_its_own_error() -> None:
    how = availability.parse(asked("bob", "eve"))
    answer = answered(how, View(Refusal("ErrorTimeoutExpired")), seen(how, [busy(at(1, 8), at(1, 9))]))
    assert texts(answer, "m:ResponseCode") == ["ErrorTimeoutExpired", "NoError"]
    assert texts(answer, "t:StartTime") == ["2027-03-01T09:00:00"]
    assert [one.get("ResponseClass") for one in answer.iterfind(".//m:ResponseMessage", NAMES)] == ["Error", "Success"]


def test_7_2_an_error_has_words_a_code_and_a_link() -> None:
    (response,) = answered(request(), View(Refusal("ErrorTimeoutExpired"))).iterfind(".//m:FreeBusyResponse", NAMES)
    assert shown(response) == (
        '<FreeBusyResponse><ResponseMessage ResponseClass="Error"><MessageText>The mailbox\'s server did not answer in '
        "time.</MessageText><ResponseCode>ErrorTimeoutExpired</ResponseCode><DescriptiveLinkKey>0</DescriptiveLinkKey>"
        "</ResponseMessage><FreeBusyView><FreeBusyViewType>None</FreeBusyViewType></FreeBusyView></FreeBusyResponse>"
    )


def test_7_2_an_appointment_that_straddles_the_edge_is_told_whole() -> None:
    how = request(start="2027-03-01T10:00:00", end="2027-03-01T11:00:00")
    answer = answered(how, seen(how, [busy(at(1, 7), at(1, 12))]))
    assert (texts(answer, "t:StartTime"), texts(answer, "t:EndTime")) == (
        ["2027-03-01T08:00:00"],
        ["2027-03-01T13:00:00"],
    )


def test_7_2_suggestions_are_told_only_when_they_are_asked_for() -> None:
    how = request()
    assert "SuggestionsResponse" not in shown(answered(how, View()))
    only = request(options=SUGGESTED)
    assert texts(availability.answer(only, [View()], node("<m:SuggestionsResponse/>")), "m:FreeBusyResponse") == []


def test_7_2_working_hours_are_told_where_they_are_known() -> None:
    how = request()
    hours = working_hours.usual(how.zone)
    answer = answered(how, seen(how, [], hours=hours), View())
    assert texts(answer, "t:StartTimeInMinutes") == ["480"]
    found = answer.find(".//t:WorkingHours", NAMES)
    assert found is not None
    assert working_hours.parse(found) == hours


# The other side


def reply(wanted: Request, *views: View) -> bytes:
    return envelope.answer(availability.answer(wanted, views))


UTC_DAY = evolve(request(view="DetailedMerged"), zone=Zone(0))


CODES = (
    *("ErrorMailRecipientNotFound", "ErrorMailboxDataArrayEmpty", "ErrorMailboxDataArrayTooBig", "ErrorTimeoutExpired"),
    *("ErrorIndividualMailboxLimitReached", "ErrorInvalidMergedFreeBusyInterval", "ErrorInvalidTimeInterval"),
    *("ErrorTimeIntervalTooBig", "ErrorNoFreeBusyAccess", "ErrorFreeBusyGenerationFailed", "ErrorServerBusy"),
    *("ErrorFreeBusyDLLimitReached", "ErrorInvalidFreeBusyViewType", "ErrorProxyRequestProcessingFailed"),
    *("ErrorProxyRequestNotAllowed", "ErrorServiceDiscoveryFailed", "ErrorAddressSpaceNotFound"),
    *("ErrorAutoDiscoverFailed", "ErrorInvalidCrossForestCredentials", "ErrorCrossSiteRequest"),
    *("ErrorInvalidOrganizationRelationshipForFreeBusy", "ErrorNoRespondingCASInDestinationSite"),
    *("ErrorMailboxFailover", "ErrorMailboxLogonFailed", "ErrorResultSetTooBig", "ErrorProxyGroupSidLimitExceeded"),
)


@pytest.mark.parametrize("code", CODES)
def test_7_3_what_another_server_says_of_a_mailbox_is_passed_on(code: str) -> None:
    (found,) = availability_client.read(UTC_DAY, reply(UTC_DAY, View(Refusal(code))))
    assert found.refusal is not None
    assert texts(answered(UTC_DAY, found), "m:ResponseCode") == [code]
    grammar.check(availability.answer(UTC_DAY, [found]))


def test_a_server_is_asked_in_utc_for_digits_beside_events() -> None:
    document = availability_client.write(request(view="Detailed").in_utc("bob@example.org", "eve@example.org"))
    body = envelope.parse(document).body
    grammar.check(body)
    found = availability.parse(body)
    assert (found.start, found.view, found.addresses[1]) == (at(28, 23, month=2), "DetailedMerged", "eve@example.org")
    assert envelope.parse(availability_client.write(UTC_DAY, "alice@example.org")).impersonated == "alice@example.org"


def test_what_a_server_tells_is_what_it_was_told() -> None:
    views = [
        seen(
            UTC_DAY, [busy(at(1, 8), at(1, 9), "Tentative", *TOLD)], detailed=True, hours=working_hours.usual(Zone(0))
        ),
    ]
    assert availability_client.read(UTC_DAY, reply(UTC_DAY, *views)) == views
    only = evolve(UTC_DAY, view="MergedOnly")
    (found,) = availability_client.read(UTC_DAY, reply(only, seen(only, [busy(at(1, 8), at(1, 9))])))
    assert (found.only_merged, found.merged[15:18]) == (True, "022")


@pytest.mark.negative
def test_details_that_were_not_asked_for_are_not_taken() -> None:
    plain = evolve(UTC_DAY, view="FreeBusyMerged")
    (found,) = availability_client.read(
        plain, reply(UTC_DAY, seen(UTC_DAY, [busy(at(1, 8), at(1, 9), "Busy", *TOLD)], detailed=True))
    )
    assert (found.detailed, found.events[0].details) == (False, ())


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (View(Refusal("ErrorNoFreeBusyAccess")), "ErrorNoFreeBusyAccess"),
        (seen(UTC_DAY, [busy(at(1, 8), at(1, 9))] * 1001), "ErrorResultSetTooBig"),
        (seen(UTC_DAY, [busy(at(1, 9), at(1, 8))]), "ErrorFreeBusyGenerationFailed"),
        (seen(UTC_DAY, [busy(at(1, 8), at(1, 9), "Asleep")]), "ErrorFreeBusyGenerationFailed"),
        (View(merged="7777", only_merged=True), "ErrorFreeBusyGenerationFailed"),
    ],
)
def test_7_3_what_cannot_be_read_of_one_costs_the_others_nothing(told: View, code: str) -> None:
    two = evolve(UTC_DAY, addresses=("bob", "eve"))
    first, second = availability_client.read(two, reply(two, told, View()))
    assert first.refusal is not None
    assert (first.refusal.code, second.refusal) == (code, None)


@pytest.mark.negative
@pytest.mark.parametrize(
    "document",
    [
        b"",
        soap("<m:GetItemResponse/>"),
        reply(UTC_DAY),
        reply(UTC_DAY, View(), View()),
        b'<!DOCTYPE x [<!ENTITY y "y">]>' + reply(UTC_DAY, View()),
        soap("<m:a>" * 200),
    ],
)
def test_an_answer_that_is_none_is_refused(document: bytes) -> None:
    with pytest.raises(Fault):
        availability_client.read(UTC_DAY, document)


def test_a_fault_says_why_if_it_is_one_of_ours() -> None:
    assert availability_client.refused(envelope.fault(Fault("ErrorServerBusy"))) == "ErrorServerBusy"
    odd = envelope.fault(Fault("ErrorServerBusy")).replace(b"ErrorServerBusy", b"ErrorOfMyOwn")
    assert [availability_client.refused(one) for one in (odd, b"<html/>", b"x")] == ["", "", ""]


NOBODYS_DAY = (
    f"<t:WorkingHours>{BERLIN}<t:WorkingPeriodArray><t:WorkingPeriod><t:DayOfWeek>Someday</t:DayOfWeek>"
    "<t:StartTimeInMinutes>0</t:StartTimeInMinutes><t:EndTimeInMinutes>9</t:EndTimeInMinutes></t:WorkingPeriod>"
    "</t:WorkingPeriodArray></t:WorkingHours>"
)
LONG_DAY = NOBODYS_DAY.replace("Someday", "Sunday").replace(">9<", ">1441<")
MANY_SUNDAYS = NOBODYS_DAY.replace("Someday", "Sunday " * 8)
MANY_DAYS = NOBODYS_DAY.replace("Someday", "Sunday").replace(
    "<t:WorkingPeriodArray>",
    "<t:WorkingPeriodArray>"
    + 50
    * (
        "<t:WorkingPeriod><t:DayOfWeek>Sunday</t:DayOfWeek><t:StartTimeInMinutes>0</t:StartTimeInMinutes>"
        "<t:EndTimeInMinutes>9</t:EndTimeInMinutes></t:WorkingPeriod>"
    ),
)


def test_hours_of_a_week_are_times_of_days_also_when_the_clock_changes() -> None:
    """Berlin goes forward on Sunday the 28th."""
    days = (Period(("Saturday", "Sunday"), 540, 600), Period(("Sunday",), 0, 60))
    berlin, start, end = WorkingHours(BERLIN_ZONE, days), at(26, 12), at(28, 7, 30)
    assert stretches(berlin, start, end) == [(at(27, 8), at(27, 9)), (at(27, 23), at(28)), (at(28, 7), at(28, 7, 30))]
    far = WorkingHours(Zone(-13 * 60), (Period(("Monday",), 0, 60),))
    assert stretches(far, at(28), at(29)) == [(at(28, 11), at(28, 12))]
    assert stretches(far, at(29), at(30)) == []


def test_at_either_end_of_all_years_nobody_works() -> None:
    usual = working_hours.usual(BERLIN_ZONE)
    for start, end in (("0001-01-01", "0001-01-08"), ("9999-12-24", "9999-12-31")):
        assert stretches(usual, datetime.fromisoformat(start), datetime.fromisoformat(end)) == []


@pytest.mark.negative
@pytest.mark.parametrize("hours", ["<t:WorkingHours/>", NOBODYS_DAY, LONG_DAY, MANY_DAYS, MANY_SUNDAYS])
def test_working_hours_that_are_none_are_refused(hours: str) -> None:
    with pytest.raises(BadDocument):
        working_hours.parse(node(hours))
