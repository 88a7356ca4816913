from __future__ import annotations

from datetime import UTC, datetime

import pytest

from casd.mailbox import rules
from casd.mailbox.call import Meant
from casd.mailbox.meetings import invitations, itip, replies
from casd.mailbox.store.values import Kind
from protocols.ews.markup import Element
from protocols.ews.values import Address
from tests.casd.mailbox.ews.conversation import change
from tests.casd.mailbox.meetings.conversation import Person, Town, attendee, id_of, responses, text
from tests.casd.mailbox.store.world import APPOINTMENT

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)

WEEKLY = (
    "<t:Recurrence><t:WeeklyRecurrence><t:Interval>1</t:Interval><t:DaysOfWeek>Monday</t:DaysOfWeek>"
    "</t:WeeklyRecurrence><t:NumberedRecurrence><t:StartDate>2027-03-15</t:StartDate>"
    "<t:NumberOfOccurrences>4</t:NumberOfOccurrences></t:NumberedRecurrence></t:Recurrence>"
)
"""Mondays from 15 March 2027; on the 28th the clocks of Berlin go forward."""


def meet(town: Town, *guests: str) -> str:
    return town.alice.meet("Plan", "2027-03-15T10:00:00+01:00", "2027-03-15T11:00:00+01:00", *guests or ("bob",))


def series(town: Town) -> str:
    return town.alice.meet("Jour fixe", "2027-03-15T10:00:00", "2027-03-15T11:00:00", "bob", more=WEEKLY)


def starts(town: Town, name: str) -> list[str]:
    return [text(one, "Start") for one in town.people[name].entries("2027-03-01", "2027-05-01")]


def subjects(town: Town, name: str) -> list[str]:
    return [text(one, "Subject") for one in town.people[name].entries("2027-03-01", "2027-05-01")]


def reply(town: Town, name: str, word: str, only: datetime | None = None) -> bytes:
    """Return what somebody answers, not sent yet."""
    who = Address(f"{name}@example.org")
    return replies.reply(town.world.run(entry, town.people[name]), who, word, NOON, only).mime


def cancellation(town: Town) -> Element:
    """Return the cancellation in Bob's inbox."""
    sent = [number for number, (name, _) in enumerate(town.bob.messages()) if name == "MeetingCancellation"]
    return town.bob.message(number=sent[0])


def test_an_invitation_stands_in_inbox_and_calendar_until_it_is_answered(town: Town) -> None:
    meet(town)
    request, entry = town.bob.message(), town.bob.entry()
    assert town.bob.messages() == [("MeetingRequest", "Plan")]
    shown = [text(request, name) for name in ("MeetingRequestType", "Start", "Location", "IntendedFreeBusyStatus")]
    assert shown == ["NewMeetingRequest", "2027-03-15T09:00:00Z", "Room 5", "Busy"]
    assert text(request, "ItemClass") == "IPM.Schedule.Meeting.Request"
    names = ("Subject", "LegacyFreeBusyStatus", "MyResponseType", "IsMeeting", "IsOrganizer", "AppointmentState")
    assert [text(entry, name) for name in names] == ["Plan", "Tentative", "NoResponseReceived", "true", "false", "3"]
    related = request.find("{*}AssociatedCalendarItemId")
    assert related is not None
    assert related.get("Id") in id_of(entry)
    assert town.alice.messages("sentitems") == [("MeetingRequest", "Plan")]
    assert text(town.alice.entry(), "MeetingRequestWasSent") == "true"


@pytest.mark.parametrize(
    ("element", "word", "busy", "subject"),
    [
        ("AcceptItem", "Accept", "Busy", "Accepted: Plan"),
        ("TentativelyAcceptItem", "Tentative", "Tentative", "Tentative: Plan"),
    ],
)
def test_an_answer_is_known_on_both_sides(town: Town, element: str, word: str, busy: str, subject: str) -> None:
    meet(town)
    note = "<t:Body BodyType='Text'>With pleasure</t:Body>"
    assert town.bob.answer(element, town.bob.message(), note).codes == ["NoError"]
    entry = town.bob.entry()
    assert [text(entry, name) for name in ("MyResponseType", "LegacyFreeBusyStatus")] == [word, busy]
    assert text(entry, "AppointmentReplyTime")
    assert (town.bob.messages(), town.bob.messages("deleteditems")) == ([], [("MeetingRequest", "Plan")])
    assert town.bob.messages("sentitems") == [("MeetingResponse", subject)]
    response = town.alice.message()
    assert town.alice.messages() == [("MeetingResponse", subject)]
    assert (text(response, "ResponseType"), text(response, "Body").strip()) == (word, "With pleasure")
    assert responses(town.alice.entry()) == {"bob": word}
    assert town.alice.entry().find("{*}RequiredAttendees/{*}Attendee/{*}LastResponseTime") is not None


def test_what_is_declined_leaves_the_calendar(town: Town) -> None:
    meet(town)
    assert town.bob.answer("DeclineItem", town.bob.entry()).codes == ["NoError"]
    assert town.bob.entries("2027-03-01", "2027-04-01") == []
    assert responses(town.alice.entry()) == {"bob": "Decline"}


def test_an_answer_may_be_kept_to_oneself(town: Town) -> None:
    meet(town)
    assert town.bob.answer("AcceptItem", town.bob.message(), disposition="SaveOnly").codes == ["NoError"]
    assert text(town.bob.entry(), "MyResponseType") == "Accept"
    assert (responses(town.alice.entry()), town.alice.messages()) == ({"bob": "Unknown"}, [])


def test_a_time_may_be_proposed(town: Town) -> None:
    meet(town)
    rest = "<t:ProposedStart>2027-03-15T12:00:00Z</t:ProposedStart><t:ProposedEnd>2027-03-15T13:00:00Z</t:ProposedEnd>"
    town.bob.answer("TentativelyAcceptItem", town.bob.message(), rest)
    response = town.alice.message()
    assert [text(response, name) for name in ("ResponseType", "ProposedStart", "ProposedEnd")] == [
        *("Tentative", "2027-03-15T12:00:00Z", "2027-03-15T13:00:00Z"),
    ]
    assert text(town.alice.entry(), "Start") == "2027-03-15T09:00:00Z"
    assert responses(town.alice.entry()) == {"bob": "Tentative"}


def test_another_time_must_be_answered_anew_another_room_need_not(town: Town) -> None:
    item = meet(town)
    town.bob.answer("AcceptItem", town.bob.message())
    room = change("Set", "calendar:Location", "<t:Location>Room 6</t:Location>", "CalendarItem")
    assert town.alice.change_entry(item, room).codes == ["NoError"]
    entry = town.bob.entry()
    assert [text(entry, name) for name in ("Location", "MyResponseType")] == ["Room 6", "Accept"]
    assert text(town.bob.message(), "MeetingRequestType") == "InformationalUpdate"
    assert responses(town.alice.entry()) == {"bob": "Accept"}
    start = change("Set", "calendar:Start", "<t:Start>2027-03-15T13:00:00Z</t:Start>", "CalendarItem")
    end = change("Set", "calendar:End", "<t:End>2027-03-15T14:00:00Z</t:End>", "CalendarItem")
    assert town.alice.change_entry(id_of(town.alice.entry()), start, end).codes == ["NoError"]
    entry = town.bob.entry()
    shown = [text(entry, name) for name in ("Start", "MyResponseType", "LegacyFreeBusyStatus")]
    assert shown == ["2027-03-15T13:00:00Z", "NoResponseReceived", "Tentative"]
    assert {text(town.bob.message(number=number), "MeetingRequestType") for number in (0, 1)} == {
        *("FullUpdate", "InformationalUpdate")
    }
    assert responses(town.alice.entry()) == {"bob": "Unknown"}


def test_who_is_added_is_invited_and_who_is_left_out_is_told(town: Town) -> None:
    item = meet(town, "bob")
    people = "<t:Attendee><t:Mailbox><t:EmailAddress>carol@example.org</t:EmailAddress></t:Mailbox></t:Attendee>"
    guests = f"<t:RequiredAttendees>{people}</t:RequiredAttendees>"
    update = change("Set", "calendar:RequiredAttendees", guests, "CalendarItem")
    assert town.alice.change_entry(item, update, to="SendToChangedAndSaveCopy").codes == ["NoError"]
    assert town.carol.messages() == [("MeetingRequest", "Plan")]
    assert town.bob.messages()[-1] == ("MeetingRequest", "Plan")
    assert ("MeetingCancellation", "Canceled: Plan") in town.bob.messages()
    assert text(town.bob.entry(), "IsCancelled") == "true"


def test_a_meeting_that_is_called_off_says_so_until_it_is_removed(town: Town) -> None:
    item = meet(town)
    assert town.alice.drop(item).codes == ["NoError"]
    assert town.alice.entries("2027-03-01", "2027-04-01") == []
    entry = town.bob.entry()
    names = ("Subject", "IsCancelled", "LegacyFreeBusyStatus", "AppointmentState")
    assert [text(entry, name) for name in names] == ["Canceled: Plan", "true", "Free", "7"]
    assert town.bob.answer("AcceptItem", entry).codes == ["ErrorCalendarIsCancelledForAccept"]
    assert town.bob.answer("RemoveItem", cancellation(town)).codes == ["NoError"]
    assert town.bob.entries("2027-03-01", "2027-04-01") == []


def test_the_organiser_cancels_with_a_word_of_his_own(town: Town) -> None:
    meet(town)
    word = '<t:NewBodyContent BodyType="Text">I am ill</t:NewBodyContent>'
    assert town.alice.answer("CancelCalendarItem", town.alice.entry(), word).codes == ["NoError"]
    assert "I am ill" in {text(town.bob.message(number=number), "Body").strip() for number in (0, 1)}
    assert town.bob.answer("CancelCalendarItem", town.bob.entry()).codes == ["ErrorCalendarIsNotOrganizer"]


def test_a_series_keeps_its_hour_when_the_clocks_change(town: Town) -> None:
    series(town)
    expected = ["2027-03-15T09:00:00Z", "2027-03-22T09:00:00Z", "2027-03-29T08:00:00Z", "2027-04-05T08:00:00Z"]
    assert starts(town, "alice") == starts(town, "bob") == expected


def test_one_occurrence_is_moved_and_another_called_off_on_both_sides(town: Town) -> None:
    series(town)
    town.bob.answer("AcceptItem", town.bob.message())
    third = town.alice.entries("2027-03-29", "2027-03-30")[0]
    start = change("Set", "calendar:Start", "<t:Start>2027-03-30T13:00:00Z</t:Start>", "CalendarItem")
    end = change("Set", "calendar:End", "<t:End>2027-03-30T14:00:00Z</t:End>", "CalendarItem")
    assert town.alice.change_entry(id_of(third), start, end).codes == ["NoError"]
    second = town.alice.entries("2027-03-22", "2027-03-23")[0]
    assert town.alice.drop(id_of(second)).codes == ["NoError"]
    assert starts(town, "alice") == ["2027-03-15T09:00:00Z", "2027-03-30T13:00:00Z", "2027-04-05T08:00:00Z"]
    assert starts(town, "bob") == [
        *("2027-03-15T09:00:00Z", "2027-03-22T09:00:00Z", "2027-03-30T13:00:00Z", "2027-04-05T08:00:00Z")
    ]
    assert subjects(town, "bob") == ["Jour fixe", "Canceled: Jour fixe", "Jour fixe", "Jour fixe"]
    moved = town.bob.entries("2027-03-30", "2027-03-31")[0]
    assert [text(moved, name) for name in ("CalendarItemType", "MyResponseType")] == ["Exception", "NoResponseReceived"]
    first = town.bob.entries("2027-03-15", "2027-03-16")[0]
    assert text(first, "MyResponseType") == "Accept"


def test_one_occurrence_is_declined(town: Town) -> None:
    series(town)
    second = town.bob.entries("2027-03-22", "2027-03-23")[0]
    assert town.bob.answer("DeclineItem", second).codes == ["NoError"]
    assert len(starts(town, "bob")) == 3
    declined = town.alice.entries("2027-03-22", "2027-03-23")[0]
    other = town.alice.entries("2027-03-15", "2027-03-16")[0]
    assert (responses(declined), responses(other)) == ({"bob": "Decline"}, {"bob": "Unknown"})
    assert town.alice.drop(id_of(declined)).codes == ["NoError"]
    assert len(starts(town, "bob")) == 3


def test_a_master_tells_of_its_occurrences(town: Town) -> None:
    item = series(town)
    town.alice.drop(id_of(town.alice.entries("2027-03-22", "2027-03-23")[0]))
    master = town.alice.get(item).one("t:CalendarItem")
    said = [master.findtext(path, "") for path in ("{*}FirstOccurrence/{*}Start", "{*}LastOccurrence/{*}Start")]
    assert said == ["2027-03-15T09:00:00Z", "2027-04-05T08:00:00Z"]
    gone = [node.text for node in master.iterfind("{*}DeletedOccurrences/{*}DeletedOccurrence/{*}Start")]
    assert gone == ["2027-03-22T09:00:00Z"]


def test_nobody_is_told_without_the_clients_saying_so(town: Town) -> None:
    item = town.alice.meet(
        "Plan", "2027-03-15T10:00:00Z", "2027-03-15T11:00:00Z", "bob", SendMeetingInvitations="SendToNone"
    )
    room = change("Set", "calendar:Location", "<t:Location>Room 6</t:Location>", "CalendarItem")
    town.alice.change_entry(item, room, to="SendToNone")
    town.alice.drop(id_of(town.alice.entry()), to="SendToNone")
    assert (town.bob.messages(), town.alice.sent) == ([], [])


def test_a_client_must_say_whether_others_are_told(town: Town) -> None:
    plain = "<t:CalendarItem><t:Start>2027-03-15T10:00:00Z</t:Start></t:CalendarItem>"
    assert town.alice.ask(f"<m:CreateItem><m:Items>{plain}</m:Items></m:CreateItem>").codes == [
        "ErrorSendMeetingInvitationsRequired"
    ]
    assert town.alice.find("calendar").all("t:ItemId") == []
    item = town.alice.create(plain, "calendar").id()
    room = change("Set", "calendar:Location", "<t:Location>Room 6</t:Location>", "CalendarItem")
    asked = f"<t:ItemChange>{item}<t:Updates>{room}</t:Updates></t:ItemChange>"
    update = f'<m:UpdateItem ConflictResolution="AlwaysOverwrite"><m:ItemChanges>{asked}</m:ItemChanges></m:UpdateItem>'
    assert town.alice.ask(update).codes == ["ErrorSendMeetingInvitationsOrCancellationsRequired"]
    delete = f'<m:DeleteItem DeleteType="HardDelete"><m:ItemIds>{item}</m:ItemIds></m:DeleteItem>'
    assert town.alice.ask(delete).codes == ["ErrorSendMeetingCancellationsRequired"]


def test_an_invitation_that_comes_back_leaves_the_organisers_entry_as_it_is(town: Town) -> None:
    meet(town)
    ((_, _, sent),) = town.alice.sent
    said = itip.read(sent)
    assert said is not None
    later = said.content.replace(b"20270315T", b"20270316T")
    assert later != said.content
    before = town.alice.entry()
    head = b"From: alice@example.org\r\nContent-Type: text/calendar; method=REQUEST\r\n\r\n"
    town.post("alice@example.org", "alice@example.org", head + later)
    after = town.alice.entry()
    for name in ("Start", "MyResponseType", "IsOrganizer"):
        assert text(after, name) == text(before, name)


def test_the_organiser_does_not_answer_himself(town: Town) -> None:
    meet(town)
    for element, word in (
        *(("AcceptItem", "Accept"), ("DeclineItem", "Decline"), ("TentativelyAcceptItem", "Tentative")),
        ("RemoveItem", "Remove"),
    ):
        assert town.alice.answer(element, town.alice.entry()).codes == [f"ErrorCalendarIsOrganizerFor{word}"]


def test_an_invitation_that_has_been_overtaken_is_not_accepted(town: Town) -> None:
    item = meet(town)
    old = town.bob.message()
    start = change("Set", "calendar:Start", "<t:Start>2027-03-16T13:00:00Z</t:Start>", "CalendarItem")
    end = change("Set", "calendar:End", "<t:End>2027-03-16T14:00:00Z</t:End>", "CalendarItem")
    town.alice.change_entry(item, start, end)
    assert town.bob.answer("AcceptItem", old).codes == ["ErrorCalendarMeetingRequestIsOutOfDate"]


def test_only_a_meeting_can_be_answered(town: Town) -> None:
    town.bob.create("<t:Message><t:Subject>Hello</t:Subject></t:Message>")
    assert town.bob.answer("AcceptItem", town.bob.message()).codes == ["ErrorInvalidReferenceItem"]
    nothing = town.bob.ask("<m:CreateItem><m:Items><t:AcceptItem/></m:Items></m:CreateItem>")
    assert nothing.codes == ["ErrorMissingInformationReferenceItemId"]


@pytest.mark.negative
def test_nobody_invites_in_anothers_name(town: Town) -> None:
    meet(town, "carol")
    ((_, _, request),) = town.alice.sent
    town.post("carol@example.org", "bob@example.org", request)
    assert town.bob.messages() == [("MeetingRequest", "Plan")]
    assert (town.bob.entries("2027-03-01", "2027-04-01"), text(town.bob.message(), "HasBeenProcessed")) == ([], "false")
    assert town.bob.answer("AcceptItem", town.bob.message()).codes == ["NoError"]
    assert text(town.bob.entry(), "MyResponseType") == "Accept"


@pytest.mark.negative
def test_nobody_calls_off_in_anothers_name(town: Town) -> None:
    meet(town)
    forged = invitations.cancel(town.world.run(entry, town.alice), Address("alice@example.org"), NOON)
    town.post("carol@example.org", "bob@example.org", forged.mime)
    assert text(town.bob.entry(), "IsCancelled") == "false"
    town.post("alice@example.org", "bob@example.org", forged.mime)
    assert text(town.bob.entry(), "IsCancelled") == "true"


@pytest.mark.negative
def test_nobody_answers_for_another(town: Town) -> None:
    item = meet(town, "bob", "carol")
    reply = replies.reply(town.world.run(entry, town.bob), Address("bob@example.org"), "Accept", NOON)
    town.post("carol@example.org", "alice@example.org", reply.mime)
    assert responses(town.alice.get(item).one("t:CalendarItem")) == {"bob": "Unknown", "carol": "Unknown"}
    town.post("bob@example.org", "alice@example.org", reply.mime)
    assert responses(town.alice.get(item).one("t:CalendarItem")) == {"bob": "Accept", "carol": "Unknown"}


def test_an_answer_to_an_earlier_time_changes_nothing(town: Town) -> None:
    item = meet(town)
    reply = replies.reply(town.world.run(entry, town.bob), Address("bob@example.org"), "Accept", NOON)
    start = change("Set", "calendar:Start", "<t:Start>2027-03-16T13:00:00Z</t:Start>", "CalendarItem")
    end = change("Set", "calendar:End", "<t:End>2027-03-16T14:00:00Z</t:End>", "CalendarItem")
    town.alice.change_entry(item, start, end)
    town.post("bob@example.org", "alice@example.org", reply.mime)
    assert responses(town.alice.entry()) == {"bob": "Unknown"}
    assert text(town.alice.message(), "IsOutOfDate") == "true"


def test_an_older_invitation_does_not_undo_a_newer_one(town: Town) -> None:
    item = meet(town)
    ((_, _, first),) = town.alice.sent
    start = change("Set", "calendar:Start", "<t:Start>2027-03-16T13:00:00Z</t:Start>", "CalendarItem")
    end = change("Set", "calendar:End", "<t:End>2027-03-16T14:00:00Z</t:End>", "CalendarItem")
    town.alice.change_entry(item, start, end)
    town.post("alice@example.org", "bob@example.org", first)
    assert text(town.bob.entry(), "Start") == "2027-03-16T13:00:00Z"
    kinds = {text(town.bob.message(number=number), "MeetingRequestType") for number in range(3)}
    assert kinds == {"NewMeetingRequest", "FullUpdate", "Outdated"}


@pytest.mark.negative
def test_who_was_not_invited_does_not_join_by_answering(town: Town) -> None:
    item = meet(town)
    ((_, _, request),) = town.alice.sent
    town.post("bob@example.org", "carol@example.org", request)
    town.carol.answer("AcceptItem", town.carol.message())
    assert responses(town.alice.get(item).one("t:CalendarItem")) == {"bob": "Unknown"}
    answer = town.alice.message()
    assert [text(answer, name) for name in ("ResponseType", "HasBeenProcessed")] == ["Accept", "false"]


def test_a_member_of_a_group_that_is_invited_is_listed_with_his_answer(town: Town) -> None:
    town.groups["team"] = {"bob", "carol"}
    meet(town, "team", "dave")
    assert town.bob.answer("AcceptItem", town.bob.message()).codes == ["NoError"]
    assert responses(town.alice.entry()) == {"team": "Unknown", "dave": "Unknown", "Bob": "Accept"}
    answer = town.alice.message()
    assert [text(answer, name) for name in ("ResponseType", "HasBeenProcessed")] == ["Accept", "true"]
    town.book_is_shut = True  # he is known now
    town.post("bob@example.org", "alice@example.org", reply(town, "bob", "Decline"))
    assert responses(town.alice.entry()) == {"team": "Unknown", "dave": "Unknown", "Bob": "Decline"}


def test_a_member_of_a_group_answers_for_one_day_of_a_series(town: Town) -> None:
    town.groups["team"] = {"bob"}
    town.alice.meet("Jour fixe", "2027-03-15T10:00:00", "2027-03-15T11:00:00", "team", more=WEEKLY)
    day = datetime(2027, 3, 22, 9, tzinfo=UTC)
    town.post("bob@example.org", "alice@example.org", reply(town, "bob", "Decline", day))
    told = [
        responses(town.alice.get(id_of(one)).one("t:CalendarItem"))
        for one in town.alice.entries("2027-03-01", "2027-04-01")
    ]
    assert told == [{"team": "Unknown"}, {"team": "Unknown", "Bob": "Decline"}, {"team": "Unknown"}]


def test_who_is_invited_by_another_of_his_addresses_answers_by_it(town: Town) -> None:
    town.aliases["office"] = "bob"
    meet(town, "office")
    assert town.bob.answer("AcceptItem", town.bob.message()).codes == ["NoError"]
    assert responses(town.alice.entry()) == {"office": "Accept"}
    stored = town.world.run(entry, town.bob)
    said = replies.reply(stored, Address("office@example.org"), "Decline", NOON)  # as some programs do
    town.post("bob@example.org", "alice@example.org", said.mime)
    assert responses(town.alice.entry()) == {"office": "Decline"}


@pytest.mark.negative
def test_who_belongs_to_no_group_that_is_invited_does_not_join(town: Town) -> None:
    town.groups |= {"team": {"bob"}, "others": {"carol"}}
    town.aliases["office"] = "carol"
    meet(town, "team")
    ((_, _, request),) = town.alice.sent
    town.post("alice@example.org", "carol@example.org", request)
    town.carol.answer("AcceptItem", town.carol.message())
    assert responses(town.alice.entry()) == {"team": "Unknown"}
    for claimed in ("team@example.org", "bob@example.org"):
        said = replies.reply(town.world.run(entry, town.carol), Address(claimed), "Accept", NOON)
        town.post("carol@example.org", "alice@example.org", said.mime)
        assert responses(town.alice.entry()) == {"team": "Unknown"}
    assert text(town.alice.message(), "HasBeenProcessed") == "false"


@pytest.mark.negative
def test_a_member_of_a_group_answers_for_himself_only(town: Town) -> None:
    town.groups["team"] = {"bob", "carol"}
    meet(town, "team")
    said = reply(town, "bob", "Accept")
    town.post("carol@example.org", "alice@example.org", said)
    forged = replies.reply(town.world.run(entry, town.bob), Address("team@example.org"), "Accept", NOON)
    town.post("bob@example.org", "alice@example.org", forged.mime)
    assert responses(town.alice.entry()) == {"team": "Unknown"}


@pytest.mark.negative
def test_a_group_that_is_no_longer_invited_lets_nobody_in(town: Town) -> None:
    meet(town, "dave")
    ((_, _, request),) = town.alice.sent
    town.post("alice@example.org", "bob@example.org", request)

    async def meant(_who: str, _addresses: object) -> Meant:
        return Meant("team@example.org", "Bob", group=True)  # as it was when it was asked

    town.meant = meant  # type: ignore[method-assign]
    town.post("bob@example.org", "alice@example.org", reply(town, "bob", "Accept"))
    assert responses(town.alice.entry()) == {"dave": "Unknown"}


def test_an_answer_of_whom_the_address_book_says_nothing_is_a_message(town: Town) -> None:
    town.groups["team"] = {"bob"}
    town.book_is_shut = True
    meet(town, "team")
    assert town.bob.answer("AcceptItem", town.bob.message()).codes == ["NoError"]
    assert responses(town.alice.entry()) == {"team": "Unknown"}
    assert town.alice.messages() == [("MeetingResponse", "Accepted: Plan")]


def test_an_answer_that_a_rule_deletes_counts_all_the_same(town: Town) -> None:
    town.groups["team"] = {"bob"}
    meet(town, "team")
    rule = rules.Rule("1", "on", 1, actions={"PermanentDelete": True})
    town.world.run(rules.save, town.alice.mailbox, [rule])
    assert town.bob.answer("AcceptItem", town.bob.message()).codes == ["NoError"]
    assert town.alice.messages() == []
    assert responses(town.alice.entry()) == {"team": "Unknown", "Bob": "Accept"}


@pytest.mark.negative
def test_the_uid_of_anothers_meeting_takes_nothing_over_and_keeps_nobody_out(town: Town) -> None:
    meet(town)
    ((_, _, request),) = town.alice.sent
    said = itip.read(request)
    assert said is not None
    squatted = said.content.replace(b"alice@", b"carol@").replace(b"Plan", b"Trap")
    head = b"From: carol@example.org\r\nContent-Type: text/calendar; method=REQUEST\r\n\r\n"
    for guest in ("bob@example.org", "dave@example.org"):
        town.post("carol@example.org", guest, head + squatted)
    town.post("alice@example.org", "dave@example.org", request)
    assert subjects(town, "bob") == ["Plan", "Trap"]
    assert subjects(town, "dave") == ["Trap", "Plan"]
    trap, plan = (town.dave.message(number=number) for number in (1, 0))
    assert town.dave.answer("DeclineItem", trap).codes == ["NoError"]
    assert town.dave.answer("AcceptItem", plan).codes == ["NoError"]
    assert (subjects(town, "dave"), text(town.dave.entry(), "MyResponseType")) == (["Plan"], "Accept")


def test_a_cancellation_that_has_been_overtaken_cancels_nothing(town: Town) -> None:
    item = meet(town)
    old = invitations.cancel(town.world.run(entry, town.alice), Address("alice@example.org"), NOON)
    for hour in (13, 15):
        start = change("Set", "calendar:Start", f"<t:Start>2027-03-16T{hour}:00:00Z</t:Start>", "CalendarItem")
        end = change("Set", "calendar:End", f"<t:End>2027-03-16T{hour + 1}:00:00Z</t:End>", "CalendarItem")
        town.alice.change_entry(item, start, end)
        item = id_of(town.alice.entry())
    town.post("alice@example.org", "bob@example.org", old.mime)
    assert [text(town.bob.entry(), name) for name in ("Subject", "IsCancelled")] == ["Plan", "false"]
    assert text(cancellation(town), "IsOutOfDate") == "true"


def test_a_cancellation_of_one_that_has_been_overtaken_cancels_nothing(town: Town) -> None:
    series(town)
    second = town.alice.entries("2027-03-22", "2027-03-23")[0]
    only = datetime(2027, 3, 22, 9, tzinfo=UTC)
    old = invitations.cancel(town.world.run(entry, town.alice), Address("alice@example.org"), NOON, only)
    for hour in (13, 15):
        start = change("Set", "calendar:Start", f"<t:Start>2027-03-23T{hour}:00:00Z</t:Start>", "CalendarItem")
        end = change("Set", "calendar:End", f"<t:End>2027-03-23T{hour + 1}:00:00Z</t:End>", "CalendarItem")
        assert town.alice.change_entry(id_of(second), start, end).codes == ["NoError"]
        second = town.alice.entries("2027-03-23", "2027-03-24")[0]
    town.post("alice@example.org", "bob@example.org", old.mime)
    assert subjects(town, "bob") == ["Jour fixe"] * 4


def test_an_invitation_to_one_that_the_whole_series_has_overtaken_changes_nothing(town: Town) -> None:
    item = series(town)
    only = datetime(2027, 3, 22, 9, tzinfo=UTC)
    old = invitations.request(town.world.run(entry, town.alice), Address("alice@example.org"), NOON, only)
    end = change("Set", "calendar:End", "<t:End>2027-03-15T13:00:00Z</t:End>", "CalendarItem")
    assert town.alice.change_entry(item, end).codes == ["NoError"]
    town.post("alice@example.org", "bob@example.org", old.mime)
    assert text(town.bob.entries("2027-03-22", "2027-03-23")[0], "End") == "2027-03-22T13:00:00Z"


def test_who_was_left_out_may_be_invited_again(town: Town) -> None:
    item = meet(town, "bob", "carol")
    town.bob.answer("AcceptItem", town.bob.message())
    for people in (("carol",), ("bob", "carol")):
        guests = f"<t:RequiredAttendees>{''.join(map(attendee, people))}</t:RequiredAttendees>"
        update = change("Set", "calendar:RequiredAttendees", guests, "CalendarItem")
        assert town.alice.change_entry(item, update).codes == ["NoError"]
        item = id_of(town.alice.entry())
    names = ("Subject", "IsCancelled", "MyResponseType", "LegacyFreeBusyStatus")
    assert [text(town.bob.entry(), name) for name in names] == ["Plan", "false", "NoResponseReceived", "Tentative"]


def test_what_was_moved_at_one_occurrence_is_forgotten_when_the_series_moves(town: Town) -> None:
    item = series(town)
    third = town.alice.entries("2027-03-29", "2027-03-30")[0]
    start = change("Set", "calendar:Start", "<t:Start>2027-03-30T13:00:00Z</t:Start>", "CalendarItem")
    end = change("Set", "calendar:End", "<t:End>2027-03-30T14:00:00Z</t:End>", "CalendarItem")
    town.alice.change_entry(id_of(third), start, end)
    start = change("Set", "calendar:Start", "<t:Start>2027-03-15T13:00:00Z</t:Start>", "CalendarItem")
    end = change("Set", "calendar:End", "<t:End>2027-03-15T14:00:00Z</t:End>", "CalendarItem")
    assert town.alice.change_entry(item.split(" ChangeKey")[0] + "/>", start, end).codes == ["NoError"]
    expected = ["2027-03-15T13:00:00Z", "2027-03-22T13:00:00Z", "2027-03-29T12:00:00Z", "2027-04-05T12:00:00Z"]
    assert starts(town, "alice") == starts(town, "bob") == expected


def test_one_occurrence_follows_its_series_in_all_in_which_it_does_not_differ(town: Town) -> None:
    item = series(town)
    room = "<t:Location>Room {}</t:Location>"
    for day, uri, value in (
        ("22", "calendar:Location", room.format(7)),
        ("29", "calendar:End", f"<t:End>{'2027-03-29T10:00:00Z'}</t:End>"),
    ):
        one = town.alice.entries(f"2027-03-{day}", f"2027-03-{int(day) + 1}")[0]
        assert town.alice.change_entry(id_of(one), change("Set", uri, value, "CalendarItem")).codes == ["NoError"]
    guests = f"<t:RequiredAttendees>{attendee('carol')}</t:RequiredAttendees>"
    changes = [
        change("Set", "item:Subject", "<t:Subject>Round</t:Subject>", "CalendarItem"),
        change("Set", "calendar:Location", room.format(6), "CalendarItem"),
        change("Set", "calendar:RequiredAttendees", guests, "CalendarItem"),
    ]
    assert town.alice.change_entry(item.split(" ChangeKey")[0] + "/>", *changes).codes == ["NoError"]
    for person in (town.alice, town.carol):
        shown = person.entries("2027-03-01", "2027-05-01")
        assert [text(one, "Subject") for one in shown] == ["Round"] * 4
        assert [text(one, "Location")[-1] for one in shown] == ["6", "7", "6", "6"]
        assert [set(responses(one)) for one in shown] == [{"carol"}] * 4
    assert set(subjects(town, "bob")) == {"Canceled: Jour fixe"}


def test_a_reminder_and_categories_stay_the_owners(town: Town) -> None:
    item = meet(town)
    town.bob.answer("AcceptItem", town.bob.message())
    minutes = "<t:ReminderMinutesBeforeStart>5</t:ReminderMinutesBeforeStart>"
    remind = change("Set", "item:ReminderMinutesBeforeStart", minutes, "CalendarItem")
    is_set = change("Set", "item:ReminderIsSet", "<t:ReminderIsSet>true</t:ReminderIsSet>", "CalendarItem")
    town.bob.change_entry(id_of(town.bob.entry()), is_set, remind, to="SendToNone")
    room = change("Set", "calendar:Location", "<t:Location>Room 6</t:Location>", "CalendarItem")
    town.alice.change_entry(item, room)
    assert [text(town.bob.entry(), name) for name in ("Location", "ReminderMinutesBeforeStart")] == ["Room 6", "5"]


def entry(person: Person) -> bytes:
    """Return the content of somebody's only appointment."""
    mailbox = person.mailbox
    (item,) = mailbox.items.find([mailbox.folders.distinguished("calendar").id]).items
    return mailbox.items.content(item.id)


def test_what_is_attached_to_a_meeting_goes_with_it(town: Town) -> None:
    file = "<t:FileAttachment><t:Name>plan.txt</t:Name><t:Content>cGxhbg==</t:Content></t:FileAttachment>"
    item = (
        f"<t:CalendarItem><t:Subject>Plan</t:Subject><t:Attachments>{file}</t:Attachments>"
        f"<t:Start>2027-03-15T10:00:00Z</t:Start><t:RequiredAttendees>{attendee('bob')}</t:RequiredAttendees>"
        "</t:CalendarItem>"
    )
    made = town.alice.create(item, "calendar", SendMeetingInvitations="SendOnlyToAll")
    for shown in (town.bob.message(), town.bob.entry()):
        assert [node.text for node in shown.iterfind(".//{*}Attachments//{*}Name")] == ["plan.txt"]
    room = change("Set", "calendar:Location", "<t:Location>Room 6</t:Location>", "CalendarItem")
    assert town.alice.change_entry(made.id(), room).codes == ["NoError"]
    assert len(town.bob.entry().findall(".//{*}FileAttachment")) == 1


def test_one_occurrence_keeps_what_a_client_repeats_and_refuses_what_a_series_has(town: Town) -> None:
    series(town)
    third = id_of(town.alice.entries("2027-03-29", "2027-03-30")[0])
    culture = change("Set", "item:Culture", "<t:Culture>{}</t:Culture>", "CalendarItem")
    subject = change("Set", "item:Subject", "<t:Subject>Special</t:Subject>", "CalendarItem")
    assert town.alice.change_entry(third, culture.format("en-US"), subject).codes == ["NoError"]
    assert subjects(town, "bob") == ["Jour fixe", "Jour fixe", "Special", "Jour fixe"]
    third = id_of(town.alice.entries("2027-03-29", "2027-03-30")[0])
    assert town.alice.change_entry(third, culture.format("de-DE")).codes == ["ErrorInvalidPropertySet"]
    recurrence = change("Set", "calendar:Recurrence", WEEKLY, "CalendarItem")
    assert town.alice.change_entry(third, recurrence).codes == ["ErrorInvalidPropertySet"]


def test_an_invitation_that_came_as_a_file_is_answered_too(town: Town) -> None:
    mailbox = town.bob.mailbox
    home = mailbox.folders.distinguished("calendar").id
    content = APPOINTMENT.replace(b"CN=Bob:", b"CN=Bob;PARTSTAT=TENTATIVE:")
    town.world.run(mailbox.items.create, home, Kind.APPOINTMENT, content)
    entry = town.bob.entry()
    assert [text(entry, name) for name in ("MyResponseType", "IsOrganizer")] == ["Tentative", "false"]
    assert town.bob.answer("AcceptItem", entry).codes == ["NoError"]
    assert text(town.bob.entry(), "MyResponseType") == "Accept"
    assert town.bob.messages("sentitems") == [("MeetingResponse", "Accepted: Planning")]


def test_time_counts_as_another_program_wants_it_to(town: Town) -> None:
    meet(town)
    ((_, _, request),) = town.alice.sent
    said = itip.read(request)
    assert said is not None
    plain = said.content.replace(b"X-MICROSOFT-CDO-INTENDEDSTATUS:BUSY", b"X-MICROSOFT-CDO-BUSYSTATUS:OOF")
    head = b"From: alice@example.org\r\nContent-Type: text/calendar; method=REQUEST\r\n\r\n"
    town.post("alice@example.org", "carol@example.org", head + plain)
    assert text(town.carol.entry(), "LegacyFreeBusyStatus") == "Tentative"
    town.carol.answer("AcceptItem", town.carol.entry())
    assert text(town.carol.entry(), "LegacyFreeBusyStatus") == "OOF"
