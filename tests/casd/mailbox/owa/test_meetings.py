"""Meetings by mail."""

from __future__ import annotations

from email import message_from_bytes
from typing import Any

import pytest

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


def received(world: World, method: str = "REQUEST", text: str = REQUEST) -> str:
    kind = f"text/calendar; method={method}; charset=utf-8"
    return world.run(world.alice.deliver, mail("Review", text.format(method=method), Content_Type=kind)).id


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
    assert (sender, recipients) == ("alice@example.org", ("bob@example.org", "carol@example.org"))
    method, text = calendar_of(mime)
    assert method == "REQUEST"
    assert "ORGANIZER;CN=Alice:mailto:alice@example.org" in text
    assert "METHOD:REQUEST" in text
    assert shown(browser)[0]["meeting"] is True


def test_a_meeting_that_is_cancelled_is_cancelled_for_all(browser: Browser) -> None:
    item = browser.act("SendInvitations", {**MONDAY, "attendees": [{"address": "bob@example.org"}]}).json["id"]
    browser.act("CancelMeeting", {"id": item})
    method, text = calendar_of(browser.sent[-1][2])
    assert method == "CANCEL"
    assert "STATUS:CANCELLED" in text
    assert shown(browser) == []


def test_an_invitation_is_shown_with_what_it_collides_with(browser: Browser, world: World) -> None:
    browser.act("SaveAppointment", {**MONDAY, "subject": "Dentist"})
    invited = browser.act("GetItem", {"id": received(world)}).json["invitation"]
    assert (invited["method"], invited["subject"], invited["location"]) == ("REQUEST", "Review", "Room 7")
    assert (invited["start"], invited["conflicts"]) == ("2026-03-02T08:00:00+00:00", ["Dentist"])
    assert [one["name"] for one in invited["who"]] == ["Alice", "Carol"]


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
    assert browser.act("GetItem", {"id": item}).json["invitation"]["answer"] == answer


def test_a_change_of_mind_leaves_one_appointment_or_none(browser: Browser, world: World) -> None:
    item = received(world)
    for answer in ("accept", "tentative"):
        browser.act("AnswerMeeting", {"id": item, "answer": answer})
    assert len(shown(browser)) == 1
    browser.act("AnswerMeeting", {"id": item, "answer": "decline"})
    assert shown(browser) == []


def test_a_meeting_that_was_changed_asks_again_and_what_it_replaces_no_more(browser: Browser, world: World) -> None:
    first = received(world)
    browser.act("AnswerMeeting", {"id": first, "answer": "accept"})
    second = received(world, text=REQUEST.replace("DTSTAMP", "SEQUENCE:1\r\nDTSTAMP").replace("Room 7", "Room 8"))
    shown_again = browser.act("GetItem", {"id": second}).json["invitation"]
    assert (shown_again["answer"], shown_again["known"], shown_again["outdated"]) == ("", True, False)
    browser.act("AnswerMeeting", {"id": second, "answer": "tentative"})
    assert [entry["location"] for entry in shown(browser)] == ["Room 8"]
    assert browser.act("GetItem", {"id": first}).json["invitation"]["outdated"] is True


def test_a_change_is_numbered(browser: Browser) -> None:
    people = [{"address": "bob@example.org"}]
    item = browser.act("SendInvitations", {**MONDAY, "attendees": people}).json["id"]
    browser.act("SendInvitations", {"id": item, "start": "2026-03-02T11:00", "end": "2026-03-02T12:00"})
    assert [text.count("SEQUENCE:1") for _, text in (calendar_of(sent[2]) for sent in browser.sent)] == [0, 1]


@pytest.mark.negative
def test_nobody_changes_or_cancels_a_meeting_of_another_organizer(browser: Browser, world: World) -> None:
    browser.act("AnswerMeeting", {"id": received(world), "answer": "accept"})
    forged = REQUEST.replace("bob@", "eve@").replace("Room 7", "Eve's").replace("CN=Bob", "CN=Eve")
    cancelled = received(world, "CANCEL", forged)
    assert browser.act("GetItem", {"id": cancelled}).json["invitation"]["known"] is False
    browser.act("RemoveCancelled", {"id": cancelled})
    browser.act("AnswerMeeting", {"id": received(world, text=forged), "answer": "decline"})
    assert [entry["location"] for entry in shown(browser)] == ["Room 7"]


def test_what_was_cancelled_is_taken_out_of_the_calendar(browser: Browser, world: World) -> None:
    browser.act("AnswerMeeting", {"id": received(world), "answer": "accept"})
    cancelled = received(world, "CANCEL")
    assert browser.act("GetItem", {"id": cancelled}).json["invitation"]["known"] is True
    browser.act("RemoveCancelled", {"id": cancelled})
    assert shown(browser) == []


@pytest.mark.parametrize("text", ["nonsense", "BEGIN:VCALENDAR\nEND:VCALENDAR\n", REQUEST.replace("DTSTART", "X-S")])
def test_an_invitation_that_cannot_be_read_is_a_message_like_others(browser: Browser, world: World, text: str) -> None:
    item = received(world, text=text)
    assert browser.act("GetItem", {"id": item}).json["invitation"] is None
    assert browser.act("AnswerMeeting", {"id": item, "answer": "accept"}).status == 400


@pytest.mark.parametrize("action", ["AnswerMeeting", "RemoveCancelled"])
def test_a_message_that_invites_to_nothing_is_not_answered(browser: Browser, world: World, action: str) -> None:
    item = world.run(world.alice.deliver, mail()).id
    assert browser.act(action, {"id": item, "answer": "accept"}).status == 400
