"""Meetings by mail."""

from __future__ import annotations

from email import message_from_bytes
from typing import Any

import pytest

from casd.mailbox.meetings import arriving
from tests.casd.mailbox.owa.conversation import Browser
from tests.casd.mailbox.owa.test_calendar import MONDAY, shown
from tests.casd.mailbox.store.world import World, mail

REQUEST = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//casd//test//EN\r
METHOD:{method}\r
BEGIN:VEVENT\r
UID:review\r
DTSTAMP:20260101T000000Z\r
DTSTART:20260302T080000Z\r
DTEND:20260302T090000Z\r
SUMMARY:Review\r
LOCATION:Room 7\r
ORGANIZER;CN=Bob:mailto:bob@example.org\r
ATTENDEE;CN=Alice:mailto:Alice@example.org\r
ATTENDEE;CN=Carol:mailto:carol@example.org\r
END:VEVENT\r
END:VCALENDAR\r
"""


BOB = [{"name": "Bob", "address": "bob@example.org"}]


def received(world: World, method: str = "REQUEST", text: str = REQUEST, sender: str = "bob@example.org") -> str:
    """Have a message come in as delivery does; return its id."""
    kind = f"text/calendar; method={method}; charset=utf-8"
    mime = mail("Review", text.format(method=method), Content_Type=kind)

    def deliver() -> str:
        return world.alice.deliver(mime, **arriving.arrived(world.alice, sender, mime, (), world.alice.now)).id

    return world.run(deliver)


def card(browser: Browser, item: str) -> Any:
    return browser.act("GetItem", {"id": item}).json["invitation"]


def numbered(number: int) -> str:
    return REQUEST.replace("DTSTAMP", f"SEQUENCE:{number}\r\nDTSTAMP")


def calendar_of(mime: bytes) -> tuple[str, str]:
    message: Any = message_from_bytes(mime)
    (part,) = [each for each in message.walk() if each.get_content_type() == "text/calendar"]
    return part.get_param("method"), part.get_payload(decode=True).decode()


def test_those_who_are_invited_are_told(browser: Browser) -> None:
    people = [{"name": "Bob", "address": "bob@example.org"}, {"address": "carol@example.org", "optional": True}]
    browser.unreachable = {"carol@example.org": "no such mailbox"}
    told = browser.act("SendInvitations", {**MONDAY, "attendees": people}).json
    assert told["failed"] == [{"address": "carol@example.org", "reason": "no such mailbox"}]
    ((sender, recipients, mime),) = browser.sent
    assert (sender, set(recipients)) == ("alice@example.org", {"bob@example.org", "carol@example.org"})
    method, text = calendar_of(mime)
    assert method == "REQUEST"
    assert "ORGANIZER;CN=Alice:mailto:alice@example.org" in text
    assert "METHOD:REQUEST" in text
    assert shown(browser)[0]["meeting"] is True


def test_a_meeting_that_is_cancelled_is_cancelled_for_all(browser: Browser) -> None:
    item = browser.act("SendInvitations", {**MONDAY, "attendees": BOB}).json["id"]
    browser.act("CancelMeeting", {"id": item})
    method, text = calendar_of(browser.sent[-1][2])
    assert method == "CANCEL"
    assert "STATUS:CANCELLED" in text
    assert shown(browser) == []


def test_one_of_a_series_is_moved_and_another_cancelled_for_all(browser: Browser) -> None:
    item = browser.act("SendInvitations", {**MONDAY, "attendees": BOB, "repeat": "DAILY"}).json["id"]
    second, third = (entry["original"] for entry in shown(browser)[1:3])
    times = {"start": "2026-03-03T15:00", "end": "2026-03-03T16:00", "zone": "Europe/Berlin"}
    browser.act("SendInvitations", {"id": item, "original": second, **times})
    browser.act("CancelMeeting", {"id": item, "original": third})
    (_, moved), (_, cancelled) = (calendar_of(sent[2]) for sent in browser.sent[1:])
    assert "RECURRENCE-ID;TZID=Europe/Berlin:20260303T090000" in moved
    assert "RECURRENCE-ID;TZID=Europe/Berlin:20260304T090000" in cancelled
    assert [entry["start"][8:13] for entry in shown(browser)[:3]] == ["02T08", "03T14", "05T08"]


def test_who_is_left_out_is_told_and_what_others_answered_stays(browser: Browser, world: World) -> None:
    both = [*BOB, {"address": "carol@example.org"}]
    item = browser.act("SendInvitations", {**MONDAY, "attendees": both}).json["id"]
    uid = world.run(world.alice.items.get, item).uid
    reply = REQUEST.replace("UID:review", f"UID:{uid}").replace("CN=Carol", "PARTSTAT=ACCEPTED")
    received(world, "REPLY", reply.replace("ATTENDEE;CN=Alice:mailto:Alice@example.org\r\n", ""), "carol@example.org")
    browser.act("SendInvitations", {"id": item, "attendees": both[1:], "location": "Room 6"})
    assert [(calendar_of(sent[2])[0], sent[1]) for sent in browser.sent[1:]] == [
        ("CANCEL", ("bob@example.org",)),
        ("REQUEST", ("carol@example.org",)),
    ]
    (person,) = browser.act("GetAppointment", {"id": item}).json["attendees"]
    assert (person["address"], person["response"]) == ("carol@example.org", "Accept")


def test_an_invitation_is_shown_with_what_it_collides_with(browser: Browser, world: World) -> None:
    browser.act("SaveAppointment", {**MONDAY, "subject": "Dentist"})
    browser.act("SaveAppointment", {**MONDAY, "subject": "Birthday", "busy": "free"})
    invited = card(browser, received(world))
    assert (invited["method"], invited["subject"], invited["location"]) == ("REQUEST", "Review", "Room 7")
    assert (invited["start"], invited["conflicts"]) == ("2026-03-02T08:00:00+00:00", ["Dentist"])
    assert [one["name"] for one in invited["who"]] == ["Alice", "Carol"]


def test_an_invitation_is_in_the_calendar_before_it_is_answered(browser: Browser, world: World) -> None:
    invited = card(browser, received(world))
    assert (invited["known"], invited["answer"], invited["outdated"], invited["cancelled"]) == (True, "", False, False)
    (entry,) = shown(browser)
    assert (entry["subject"], entry["answer"], entry["busy"]) == ("Review", "", "tentative")


@pytest.mark.parametrize(
    ("answer", "said", "busy"), [("accept", "ACCEPTED", "busy"), ("tentative", "TENTATIVE", "tentative")]
)
def test_what_is_accepted_is_in_the_calendar_and_its_organizer_told(
    browser: Browser, world: World, answer: str, said: str, busy: str
) -> None:
    item = received(world)
    assert browser.act("AnswerMeeting", {"id": item, "answer": answer, "comment": "Fine"}).json == {"failed": []}
    ((_, recipients, mime),) = browser.sent
    method, text = calendar_of(mime)
    assert (recipients, method) == (("bob@example.org",), "REPLY")
    assert f"PARTSTAT={said}" in text
    assert "carol" not in text
    (entry,) = shown(browser)
    assert (entry["subject"], entry["answer"], entry["busy"], entry["mine"]) == ("Review", answer, busy, False)
    assert card(browser, item)["answer"] == answer


def test_a_change_of_mind_leaves_one_appointment_or_none(browser: Browser, world: World) -> None:
    item = received(world)
    for answer in ("accept", "tentative"):
        browser.act("AnswerMeeting", {"id": item, "answer": answer})
    assert len(shown(browser)) == 1
    browser.act("AnswerMeeting", {"id": item, "answer": "decline"})
    assert (shown(browser), card(browser, item)["answer"]) == ([], "decline")
    browser.act("AnswerMeeting", {"id": item, "answer": "accept"})
    assert ([entry["answer"] for entry in shown(browser)], card(browser, item)["answer"]) == (["accept"], "accept")


def test_an_entry_of_the_calendar_is_answered_or_one_of_a_series(browser: Browser, world: World) -> None:
    received(world, text=REQUEST.replace("SUMMARY", "RRULE:FREQ=DAILY;COUNT=3\r\nSUMMARY"))
    first, second, _ = shown(browser)
    browser.act("AnswerMeeting", {"id": first["id"], "answer": "accept"})
    browser.act("AnswerMeeting", {"id": second["id"], "original": second["original"], "answer": "decline"})
    entries = [(entry["start"][8:10], entry["answer"]) for entry in shown(browser)]
    assert entries == [("02", "accept"), ("04", "accept")]
    assert ["PARTSTAT=DECLINED" in calendar_of(sent[2])[1] for sent in browser.sent] == [False, True]


def test_a_meeting_that_was_changed_asks_again_and_what_it_replaces_no_more(browser: Browser, world: World) -> None:
    first = received(world)
    browser.act("AnswerMeeting", {"id": first, "answer": "accept"})
    later = numbered(1).replace("T080000", "T083000").replace("Room 7", "Room 8")
    second = received(world, text=later)
    assert (card(browser, second)["answer"], card(browser, second)["outdated"]) == ("", False)
    assert card(browser, first)["outdated"] is True
    assert browser.act("AnswerMeeting", {"id": first, "answer": "accept"}).status == 400
    browser.act("AnswerMeeting", {"id": second, "answer": "tentative"})
    assert [(entry["location"], entry["answer"]) for entry in shown(browser)] == [("Room 8", "tentative")]


def test_another_time_is_numbered(browser: Browser) -> None:
    item = browser.act("SendInvitations", {**MONDAY, "attendees": BOB}).json["id"]
    browser.act("SendInvitations", {"id": item, "start": "2026-03-02T11:00", "end": "2026-03-02T12:00"})
    assert [text.count("SEQUENCE:1") for _, text in (calendar_of(sent[2]) for sent in browser.sent)] == [0, 1]


def test_a_proposal_of_another_time_is_shown_as_one(browser: Browser, world: World) -> None:
    counter = REQUEST.replace("CN=Alice:mailto:Alice", "PARTSTAT=TENTATIVE:mailto:bob")
    answer = card(browser, received(world, "COUNTER", counter))
    assert (answer["method"], answer["answered"], answer["proposed"]) == ("REPLY", "tentative", True)


@pytest.mark.negative
def test_nobody_changes_or_cancels_a_meeting_of_another_organizer(browser: Browser, world: World) -> None:
    browser.act("AnswerMeeting", {"id": received(world), "answer": "accept"})
    forged = numbered(1).replace("bob@", "eve@").replace("Room 7", "Eve's").replace("CN=Bob", "CN=Eve")
    cancelled, requested = (received(world, method, forged, "eve@example.org") for method in ("CANCEL", "REQUEST"))
    assert browser.act("RemoveCancelled", {"id": cancelled}).status == 400
    assert [(entry["location"], entry["answer"]) for entry in shown(browser)] == [("Room 7", "accept"), ("Eve's", "")]
    browser.act("AnswerMeeting", {"id": requested, "answer": "decline"})
    assert [(entry["location"], entry["answer"]) for entry in shown(browser)] == [("Room 7", "accept")]


@pytest.mark.negative
def test_what_another_cancels_in_the_organizers_name_stays(browser: Browser, world: World) -> None:
    received(world)
    cancelled = received(world, "CANCEL", sender="eve@example.org")
    assert card(browser, cancelled)["known"] is False
    assert browser.act("RemoveCancelled", {"id": cancelled}).status == 400
    assert len(shown(browser)) == 1


def test_only_the_organizer_sends_invitations_and_cancels(browser: Browser, world: World) -> None:
    received(world)
    (entry,) = shown(browser)
    assert browser.act("SendInvitations", {"id": entry["id"], "location": "Here"}).status == 400
    assert browser.act("CancelMeeting", {"id": entry["id"]}).status == 400
    assert (shown(browser)[0]["location"], browser.sent) == ("Room 7", [])


def test_what_was_cancelled_says_so_until_it_is_taken_out_of_the_calendar(browser: Browser, world: World) -> None:
    first = received(world)
    cancelled = received(world, "CANCEL", numbered(1))
    states = [(card(browser, item)["known"], card(browser, item)["cancelled"]) for item in (first, cancelled)]
    assert states == [(True, True), (True, True)]
    assert shown(browser)[0]["cancelled"] is True
    assert browser.act("AnswerMeeting", {"id": first, "answer": "accept"}).status == 400
    browser.act("RemoveCancelled", {"id": cancelled})
    assert (shown(browser), card(browser, cancelled)["known"]) == ([], False)


@pytest.mark.parametrize("text", ["nonsense", "BEGIN:VCALENDAR\nEND:VCALENDAR\n", REQUEST.replace("DTSTART", "X-S")])
def test_an_invitation_that_cannot_be_read_is_a_message_like_others(browser: Browser, world: World, text: str) -> None:
    item = received(world, text=text)
    assert browser.act("GetItem", {"id": item}).json["invitation"] is None
    assert browser.act("AnswerMeeting", {"id": item, "answer": "accept"}).status == 400


@pytest.mark.parametrize("action", ["AnswerMeeting", "RemoveCancelled"])
def test_a_message_that_invites_to_nothing_is_not_answered(browser: Browser, world: World, action: str) -> None:
    item = world.run(world.alice.deliver, mail()).id
    assert browser.act(action, {"id": item, "answer": "accept"}).status == 400
