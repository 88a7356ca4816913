"""When the owner of a mailbox works: what he settles, what a client of EWS keeps, what others are told."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from casd.mailbox import hours, permissions
from casd.mailbox.ews import daylight
from protocols.ews.working_hours import USUAL, Period
from tests.casd.mailbox.ews.conversation import Answer, distinguished
from tests.casd.mailbox.ews.test_availability import ask
from tests.casd.mailbox.meetings.conversation import Person, Town
from tests.protocols.ews.test_working_hours_stream import MORNINGS, OFFICE, PACIFIC

LATE = Period(("Tuesday", "Friday"), 13 * 60, 21 * 60)


def kept(person: Person, xml: bytes | None = None, operation: str = "Create") -> Answer:
    """Have a client keep a stream with the calendar, or get it."""
    name = f'UserConfigurationName Name="WorkHours">{distinguished("calendar")}</'
    if xml is None:
        wanted = "<m:UserConfigurationProperties>XmlData</m:UserConfigurationProperties>"
        named = f"<m:{name}m:UserConfigurationName>"
        return person.ask(f"<m:GetUserConfiguration>{named}{wanted}</m:GetUserConfiguration>")
    held = f"<t:{name}t:UserConfigurationName><t:XmlData>{b64encode(xml).decode()}</t:XmlData>"
    value = f"<m:UserConfiguration>{held}</m:UserConfiguration>"
    return person.ask(f"<m:{operation}UserConfiguration>{value}</m:{operation}UserConfiguration>")


def told(answer: Answer) -> list[str]:
    names = ("DayOfWeek", "StartTimeInMinutes", "EndTimeInMinutes")
    return [answer.text(f"t:WorkingPeriod/t:{name}") for name in names]


def test_who_has_said_nothing_works_when_most_do_and_nothing_is_told(town: Town) -> None:
    assert hours.load(town.bob.mailbox) == (USUAL, None)
    assert ask(town.bob).all("t:WorkingHours") == []


def test_7_2_hours_are_told_with_the_clock_of_their_zone(town: Town) -> None:
    hours.save(town.bob.mailbox, LATE, ZoneInfo("America/New_York"))
    answer = ask(town.bob)
    assert told(answer) == ["Tuesday Friday", "780", "1260"]
    zone = "t:WorkingHours/t:TimeZone"
    assert answer.text(f"{zone}/t:Bias") == "300"
    for turn, expected in (
        ("StandardTime", ["0", "02:00:00", "1", "11"]),
        ("DaylightTime", ["-60", "02:00:00", "2", "3"]),
    ):
        assert [answer.text(f"{zone}/t:{turn}/t:{name}") for name in ("Bias", "Time", "DayOrder", "Month")] == expected


@pytest.mark.negative
def test_7_2_whoever_is_told_no_times_is_told_no_hours(town: Town) -> None:
    hours.save(town.bob.mailbox, LATE, ZoneInfo("Europe/Berlin"))
    calendar = town.bob.mailbox.folders.distinguished("calendar")
    listed = {"default": "None", "carol@example.org": "FreeBusyTimeOnly"}
    town.bob.mailbox.folders.update(calendar.id, properties={permissions.NAME: listed})
    assert ask(town.bob).all("t:WorkingHours") == []
    assert told(ask(town.bob, who="carol")) == ["Tuesday Friday", "780", "1260"]


def test_a_client_finds_and_changes_them_as_configuration_of_the_calendar(town: Town) -> None:
    assert kept(town.bob).codes == ["ErrorItemNotFound"]
    hours.save(town.bob.mailbox, USUAL, ZoneInfo("Europe/Berlin"))
    assert kept(town.bob).codes == ["NoError"]
    assert kept(town.bob, OFFICE, "Update").codes == ["NoError"]
    assert hours.load(town.bob.mailbox) == (MORNINGS, ZoneInfo("America/Los_Angeles"))
    assert told(ask(town.bob)) == ["Monday Saturday", "390", "750"]


def test_what_else_a_client_keeps_there_stays(town: Town) -> None:
    entry = "<t:BinaryData>YQ==</t:BinaryData>"
    name = f'<t:UserConfigurationName Name="WorkHours">{distinguished("calendar")}</t:UserConfigurationName>'
    value = f"<m:UserConfiguration>{name}{entry}</m:UserConfiguration>"
    assert town.bob.ask(f"<m:CreateUserConfiguration>{value}</m:CreateUserConfiguration>").codes == ["NoError"]
    assert hours.load(town.bob.mailbox) == (USUAL, None)
    hours.save(town.bob.mailbox, LATE, ZoneInfo("Europe/Berlin"))
    folder = town.bob.mailbox.folders.distinguished("calendar")
    assert folder.properties["configuration/WorkHours"]["BinaryData"] == "YQ=="


def test_a_zone_that_has_no_name_is_known_by_its_clock(town: Town) -> None:
    kept(town.bob, OFFICE.replace(b"<Name>Pacific Standard Time</Name>", b""))
    _, zone = hours.load(town.bob.mailbox)
    assert zone is not None
    assert daylight.described(zone, datetime.now(UTC).year) == PACIFIC
    kept(town.bob, OFFICE.replace(b"<Name>Pacific Standard Time</Name>", b"").replace(b">480<", b">481<"), "Update")
    assert hours.load(town.bob.mailbox) == (MORNINGS, None)
    assert ask(town.bob).text("t:WorkingHours/t:TimeZone/t:Bias") == "481"


def test_a_zone_is_named_so_that_it_comes_back_as_itself(town: Town) -> None:
    for name in ("Europe/Berlin", "Europe/Vienna", "Asia/Kolkata", "Asia/Calcutta", "America/New_York"):
        hours.save(town.bob.mailbox, USUAL, ZoneInfo(name))
        assert hours.load(town.bob.mailbox) == (USUAL, ZoneInfo(name))


@pytest.mark.negative
@pytest.mark.parametrize("xml", [b"<no", b"<Root/>", OFFICE.replace(b"Monday", b"Someday")])
def test_what_is_kept_there_and_is_none_costs_nothing_else(town: Town, xml: bytes) -> None:
    kept(town.bob, xml)
    answer = ask(town.bob)
    assert (answer.codes, answer.all("t:WorkingHours")) == (["NoError"], [])
    assert hours.load(town.bob.mailbox) == (USUAL, None)
