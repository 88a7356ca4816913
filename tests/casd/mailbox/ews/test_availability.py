"""When the owner of a mailbox is busy, as a front end asks for whoever wants to know."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from casd.mailbox import delegation, permissions
from casd.mailbox.delegation import Delegate
from casd.mailbox.ews import availability
from casd.mailbox.meetings import freebusy
from casd.mailbox.store.mailbox import MailboxStore
from tests.casd.mailbox.ews.conversation import Answer, change
from tests.casd.mailbox.meetings.conversation import Person, Town
from tests.protocols.ews.test_availability import asked

DAY = {"start": "2027-03-26T00:00:00", "end": "2027-03-27T00:00:00", "interval": "60"}
SECRET = "<t:Sensitivity>Private</t:Sensitivity>"


def ask(owner: Person, *names: str, who: str = "alice", **how: Any) -> Answer:
    """Have somebody ask the server of a mailbox."""
    owner.user = f"{who}@example.org"
    question = asked(*(names or (owner.address.partition("@")[0],)), **{**DAY, "view": "DetailedMerged", **how})
    try:
        return owner.ask(etree.tostring(question, encoding="unicode"))
    finally:
        owner.user = owner.address


def let_in(owner: Person, name: str, level: str, *, private: bool = False) -> None:
    one = Delegate(f"{name}@example.org", levels={"calendar": level}, private=private)
    delegation.save(owner.mailbox, [one], "NoForward")


def test_7_2_others_are_told_when_somebody_is_busy_and_the_owner_with_what(town: Town) -> None:
    town.bob.meet("Plan", "2027-03-26T10:00:00", "2027-03-26T12:00:00", "carol")
    answer = ask(town.bob)
    assert (answer.codes, answer.texts("t:FreeBusyViewType")) == (["NoError"], ["FreeBusyMerged"])
    assert (answer.text("t:CalendarEvent/t:StartTime"), answer.texts("t:Subject")) == ("2027-03-26T10:00:00", [])
    assert answer.text("t:MergedFreeBusy") == "0" * 10 + "22" + "0" * 12
    own = ask(town.bob, who="bob")
    assert own.text("t:FreeBusyViewType") == "DetailedMerged"
    shown = [own.text(f"t:{name}") for name in ("Subject", "Location", "IsMeeting", "IsPrivate")]
    assert shown == ["Plan", "Room 5", "true", "false"]
    assert ask(town.bob, who="bob", view="FreeBusy").texts("t:CalendarEventDetails") == []


@pytest.mark.parametrize("level", ["Reviewer", "Author", "Editor"])
def test_7_2_a_delegate_who_may_read_the_calendar_is_told_with_what(town: Town, level: str) -> None:
    town.bob.meet("Plan", "2027-03-26T10:00:00", "2027-03-26T12:00:00")
    let_in(town.bob, "alice", level)
    answer = ask(town.bob)
    assert (answer.text("t:FreeBusyViewType"), answer.text("t:Subject")) == ("DetailedMerged", "Plan")
    assert ask(town.bob, who="carol").text("t:FreeBusyViewType") == "FreeBusyMerged"


def test_7_2_whoever_is_let_in_by_the_calendars_own_list_is_told_with_what(town: Town) -> None:
    town.bob.meet("Plan", "2027-03-26T10:00:00", "2027-03-26T12:00:00")
    calendar = town.bob.mailbox.folders.distinguished("calendar")
    for listed, subjects in (
        ({"alice@example.org": "Reviewer"}, ["Plan"]),
        ({"default": "Reviewer"}, ["Plan"]),
        ({}, []),
    ):
        town.bob.mailbox.folders.update(calendar.id, properties={permissions.NAME: listed or None})
        assert ask(town.bob).texts("t:Subject") == subjects


@pytest.mark.negative
def test_7_2_who_is_let_see_nothing_has_no_access(town: Town) -> None:
    town.bob.meet("Plan", "2027-03-26T10:00:00", "2027-03-26T12:00:00")
    calendar = town.bob.mailbox.folders.distinguished("calendar")
    town.bob.mailbox.folders.update(
        calendar.id, properties={permissions.NAME: {"default": "None", "carol@example.org": "FreeBusyTimeOnly"}}
    )
    for view in ("MergedOnly", "FreeBusy", "DetailedMerged"):
        assert ask(town.bob, view=view).codes == ["ErrorNoFreeBusyAccess"]
    assert ask(town.bob, who="carol").text("t:FreeBusyViewType") == "FreeBusyMerged"
    assert ask(town.bob, who="bob").text("t:Subject") == "Plan"


def test_7_2_limited_details_are_subject_and_place_without_an_id(town: Town) -> None:
    town.bob.meet("Plan", "2027-03-26T10:00:00", "2027-03-26T12:00:00")
    calendar = town.bob.mailbox.folders.distinguished("calendar")
    limited = {permissions.NAME: {"alice@example.org": "FreeBusyTimeAndSubjectAndLocation"}}
    town.bob.mailbox.folders.update(calendar.id, properties=limited)
    answer = ask(town.bob)
    assert (answer.text("t:FreeBusyViewType"), answer.text("t:Subject")) == ("DetailedMerged", "Plan")
    assert (answer.text("t:Location"), answer.texts("t:ID")) == ("Room 5", [])
    assert ask(town.bob, who="carol").text("t:FreeBusyViewType") == "FreeBusyMerged"


@pytest.mark.negative
def test_7_2_what_is_private_has_no_subject_unless_the_delegate_may_see_it(town: Town) -> None:
    town.bob.meet("Plan", "2027-03-26T10:00:00", "2027-03-26T12:00:00")
    secret = town.bob.create(
        f"<t:CalendarItem><t:Subject>Doctor</t:Subject>{SECRET}<t:Start>2027-03-26T15:00:00Z</t:Start>"
        "<t:End>2027-03-26T16:00:00Z</t:End><t:Location>Clinic</t:Location></t:CalendarItem>",
        "calendar",
    )
    assert secret.codes == ["NoError"]
    for private, subjects in ((False, ["Plan"]), (True, ["Plan", "Doctor"])):
        let_in(town.bob, "alice", "Reviewer", private=private)
        answer = ask(town.bob)
        assert answer.texts("t:Subject") == subjects
        assert len(answer.texts("t:ID")) == len(subjects)
        assert answer.texts("t:IsPrivate") == ["false", "true"]
    let_in(town.bob, "alice", "None", private=True)
    assert ask(town.bob).texts("t:Subject") == []
    assert ask(town.bob, who="bob").texts("t:Subject") == ["Plan", "Doctor"]


DAILY = (
    "<t:Recurrence><t:DailyRecurrence><t:Interval>1</t:Interval></t:DailyRecurrence><t:NumberedRecurrence>"
    "<t:StartDate>2027-03-25</t:StartDate><t:NumberOfOccurrences>9</t:NumberOfOccurrences></t:NumberedRecurrence>"
    "</t:Recurrence>"
)


def test_7_2_details_say_what_kind_of_event_it_is(town: Town) -> None:
    reminds = "<t:ReminderIsSet>true</t:ReminderIsSet><t:ReminderMinutesBeforeStart>5</t:ReminderMinutesBeforeStart>"
    town.bob.create(
        f"<t:CalendarItem><t:Subject>Alone</t:Subject>{reminds}<t:Start>2027-03-26T07:00:00Z</t:Start>"
        "<t:End>2027-03-26T07:30:00Z</t:End></t:CalendarItem>",
        "calendar",
    )
    series = town.bob.meet("Standup", "2027-03-25T09:00:00", "2027-03-25T09:30:00", "carol", more=DAILY)
    master = series.partition('Id="')[2].partition('"')[0]
    third = f'<t:OccurrenceItemId RecurringMasterId="{master}" InstanceIndex="3"/>'
    assert town.bob.update(
        third, change("Set", "item:Subject", "<t:Subject>Long</t:Subject>", "CalendarItem")
    ).codes == ["NoError"]
    answer = ask(town.bob, who="bob", end="2027-03-28T00:00:00")
    flags = [answer.texts(f"t:{name}") for name in ("IsMeeting", "IsRecurring", "IsException", "IsReminderSet")]
    assert list(zip(answer.texts("t:Subject"), *flags, strict=True)) == [
        ("Alone", "false", "false", "false", "true"),
        ("Standup", "true", "true", "false", "false"),
        ("Long", "true", "true", "true", "false"),
    ]
    assert len(set(answer.texts("t:ID"))) == 2


def test_7_2_each_occurrence_is_told_for_itself(town: Town) -> None:
    town.bob.meet("Standup", "2027-03-25T09:00:00", "2027-03-25T09:30:00", more=DAILY)
    answer = ask(town.bob, end="2027-03-29T00:00:00")
    starts = [f"2027-03-{day}T09:00:00" for day in (26, 27, 28)]
    assert answer.texts("t:CalendarEvent/t:StartTime") == starts  # by the clock of Berlin, which changes on the 28th


def test_7_2_a_whole_day_is_one_in_its_own_time_zone(town: Town) -> None:
    whole = "<t:IsAllDayEvent>true</t:IsAllDayEvent>"
    town.bob.create(
        f"<t:CalendarItem><t:Subject>Fair</t:Subject><t:Start>2027-03-26T00:00:00</t:Start><t:End>2027-03-27T00:00:00"
        f"</t:End>{whole}<t:LegacyFreeBusyStatus>OOF</t:LegacyFreeBusyStatus>"
        '<t:StartTimeZone Id="W. Europe Standard Time"/></t:CalendarItem>',
        "calendar",
    )
    answer = ask(town.bob)
    assert (answer.text("t:MergedFreeBusy"), answer.text("t:CalendarEvent/t:EndTime")) == (
        "3" * 24,
        "2027-03-27T00:00:00",
    )


@pytest.mark.negative
def test_7_4_a_mailbox_server_asks_no_other(town: Town) -> None:
    answer = ask(town.bob, "carol", "bob")
    assert answer.codes == ["ErrorProxyRequestNotAllowed", "NoError"]


def test_7_4_a_mailbox_server_tells_of_all_mailboxes_of_its_request(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    for owner, hour in ((town.bob, 10), (town.carol, 12)):
        owner.meet("Plan", f"2027-03-26T{hour}:00:00", f"2027-03-26T{hour + 1}:00:00")
    let_in(town.bob, "alice", "Reviewer")
    town.bob.beside = [town.carol.mailbox]
    answer = ask(town.bob, "carol", "alice", "bob")
    assert answer.codes == ["NoError", "ErrorProxyRequestNotAllowed", "NoError"]
    assert answer.texts("t:MergedFreeBusy") == ["0" * 12 + "2" + "0" * 11, "0" * 10 + "2" + "0" * 13]
    assert answer.texts("t:FreeBusyViewType") == ["FreeBusyMerged", "None", "DetailedMerged"]

    def events(mailbox: MailboxStore, *_: Any) -> list[Any]:
        if mailbox.address.startswith("bob@"):
            raise RuntimeError("what nobody expected")
        return []

    monkeypatch.setattr(freebusy, "events", events)
    answer = ask(town.bob, "carol", "bob")
    assert answer.codes == ["NoError", "ErrorFreeBusyGenerationFailed"]


def test_7_3_how_long_a_time_may_be_is_for_the_front_end_to_say(town: Town) -> None:
    town.bob.meet("Plan", "2027-09-26T10:00:00", "2027-09-26T12:00:00")
    answer = ask(town.bob, view="MergedOnly", interval="1440", end="2027-11-01T00:00:00")
    assert answer.text("t:MergedFreeBusy").count("2") == 1


def test_7_3_more_events_than_may_be_told_are_told_of_as_such(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.bob.meet("Plan", "2027-03-26T10:00:00", "2027-03-26T12:00:00")
    monkeypatch.setattr(availability, "MOST_EVENTS", 0)
    assert ask(town.bob).codes == ["ErrorResultSetTooBig"]


def test_7_3_a_request_beyond_the_rules_is_refused_whole(town: Town) -> None:
    assert ask(town.bob, view="None").fault == "ErrorInvalidFreeBusyViewType"
