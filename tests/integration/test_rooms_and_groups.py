"""Groups and rooms as exchangelib and web mail find them: lists of rooms, members, mail to all of them, absences."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from exchangelib import Attendee, CalendarItem, EWSDateTime, EWSTimeZone, Message, OofSettings
from exchangelib.errors import ErrorNameResolutionNoResults
from exchangelib.properties import Mailbox, SendingAs
from exchangelib.services import GetMailTips

from tests.integration.clients import ExchangelibTestCase

NINE = EWSDateTime(2027, 3, 29, 9, 0, tzinfo=EWSTimeZone("Europe/Berlin"))


class RoomsAndGroups(ExchangelibTestCase):
    """Alice and Bob are on one server, Carol on the other; the rooms on both."""

    def setUp(self) -> None:
        super().setUp()
        for room, database in (("blue", "DB01"), ("green", "DB02")):
            self._casctl("mailbox", room, "--database", database, "--name", f"Room {room}", "--kind", "room")
        self._group("floor", "--name", "Second floor", "--rooms", "blue", "annex", "alice")
        self._group("annex", "--name", "Annex", "--rooms", "green")
        self._group("team", "--name", "Team", "bob", "carol", "few")
        self._group("few", "--name", "A few", "--hidden", "carol", "alice", "team")

    def _casctl(self, noun: str, name: str, *options: str) -> None:
        self.estate.casctl(noun, "add", f"{name}@example.org", *options, ini=self.front.ini)

    def _group(self, name: str, *given: str) -> None:
        """Add a group; what follows its options are its members."""
        number = next(at for at, each in enumerate(given) if not each.startswith("--") and given[at - 1] != "--name")
        members = (word for member in given[number:] for word in ("--member", _address(member)))
        self._casctl("group", name, *given[:number], *members)

    def test_rooms_are_chosen_from_their_lists(self) -> None:
        protocol = self.account("alice").protocol
        lists = protocol.get_roomlists()
        assert [(one.name, one.email_address) for one in lists] == [
            ("Annex", "annex@example.org"),
            ("Second floor", "floor@example.org"),
        ]
        rooms = list(protocol.get_rooms("floor@example.org"))
        assert {(one.name, one.email_address) for one in rooms} == {
            ("Room blue", "blue@example.org"),
            ("Room green", "green@example.org"),
        }
        with pytest.raises(ErrorNameResolutionNoResults):
            list(protocol.get_rooms("team@example.org"))
        assert self.front.metric("casd_requests_total", door="http", status="200", vdir="ews") >= 3

    def test_a_group_is_found_and_expanded(self) -> None:
        alice = self.account("alice")
        assert alice.protocol.version  # which exchangelib finds out first
        (found,) = alice.protocol.resolve_names(["team"])
        assert (found.name, found.email_address, found.mailbox_type) == ("Team", "team@example.org", "PublicDL")
        members = list(alice.protocol.expand_dl("team@example.org"))
        assert [(one.email_address, one.mailbox_type) for one in members] == [
            ("bob@example.org", "Mailbox"),
            ("carol@example.org", "Mailbox"),
            ("few@example.org", "PublicDL"),
        ]
        (room,) = alice.protocol.resolve_names(["blue"])
        assert (room.name, room.mailbox_type) == ("Room blue", "Mailbox")
        few = alice.protocol.expand_dl(members[2].email_address)
        assert [one.email_address for one in few][-1] == "team@example.org"
        with pytest.raises(ErrorNameResolutionNoResults):
            list(alice.protocol.expand_dl("bob@example.org"))

    def test_web_mail_suggests_groups_and_rooms(self) -> None:
        session = self.estate.session()
        form = {"username": "alice@example.org", "password": self.estate.password, "destination": "/owa/"}
        session.post(f"{self.front.url}/owa/auth.owa", data=form, timeout=30)
        canary = session.cookies["__Host-X-OWA-Canary"]
        for words, found in (("tea", "team@example.org"), ("green", "green@example.org")):
            action = f"{self.front.url}/owa/service.svc?action=FindPeople"
            answer = session.post(action, json={"query": words}, headers={"X-OWA-Canary": canary}, timeout=30)
            assert [one["address"] for one in answer.json()["people"]] == [found]

    def test_mail_to_a_group_reaches_each_member_once_and_nobody_answers_that_he_is_away(self) -> None:
        alice, bob, carol = (self.account(name) for name in ("alice", "bob", "carol"))
        bob.oof_settings = OofSettings(
            state=OofSettings.ENABLED, external_audience="None", internal_reply="Gone", external_reply="Gone"
        )
        Message(account=alice, subject="To all", body="!", to_recipients=["team@example.org"]).send()
        for account in (alice, bob, carol):
            assert [each.subject for each in account.inbox.all()] == ["To all"]

    def test_a_member_elsewhere_is_named_to_the_sender(self) -> None:
        self._group("mixed", "bob", "eve@there.example")
        alice, bob = self.account("alice"), self.account("bob")
        Message(account=alice, subject="To some", body="!", to_recipients=["mixed@example.org"]).send()
        assert bob.inbox.all().count() == 1
        (report,) = alice.inbox.all()
        assert report.subject == "Undeliverable: To some"
        assert "eve@there.example (a member of mixed@example.org)" in (report.text_body or "").replace("\n", " ")

    def test_tips_tell_how_many_will_read_it(self) -> None:
        self._group("mixed", "team", "eve@there.example")
        alice = self.account("alice")
        (tips,) = GetMailTips(protocol=alice.protocol).call(
            sending_as=SendingAs(email_address="alice@example.org"),
            recipients=[Mailbox(email_address="mixed@example.org")],
            mail_tips_requested="All",
        )
        assert (tips.total_member_count, tips.external_member_count) == (4, 1)

    def test_an_absence_is_kept_where_its_mailbox_is(self) -> None:
        """Reference 13.10, case 163; exchangelib says nothing of a mailbox but in the body."""
        for name in ("alice", "carol"):
            account = self.account(name)
            account.oof_settings = OofSettings(
                state=OofSettings.ENABLED, external_audience="All", internal_reply=f"{name} in", external_reply="out"
            )
            kept = account.oof_settings
            assert (kept.state, kept.internal_reply, kept.external_reply) == ("Enabled", f"{name} in", "out")

    def test_a_room_is_invited_like_anybody(self) -> None:
        alice = self.account("alice")
        meeting = CalendarItem(
            account=alice, folder=alice.calendar, subject="Plan", start=NINE, end=NINE + timedelta(hours=1)
        )
        meeting.required_attendees = ["carol@example.org"]
        meeting.resources = ["green@example.org"]
        meeting.save(send_meeting_invitations="SendToAllAndSaveCopy")
        busy = self._busy(alice, "green@example.org")
        assert busy == ["Tentative"]

    def test_who_is_invited_with_a_group_answers_for_himself(self) -> None:
        alice, bob, carol = (self.account(name) for name in ("alice", "bob", "carol"))
        meeting = CalendarItem(
            account=alice, folder=alice.calendar, subject="Plan", start=NINE, end=NINE + timedelta(hours=1)
        )
        team = Mailbox(email_address="team@example.org")
        meeting.required_attendees = [Attendee(mailbox=team, response_type="Unknown")]
        meeting.save(send_meeting_invitations="SendToAllAndSaveCopy")
        for account, answer in ((carol, "accept"), (bob, "decline")):
            (request,) = account.inbox.filter(subject="Plan")
            getattr(request, answer)()
        (seen,) = alice.calendar.all()
        answers = {one.mailbox.email_address: one.response_type for one in seen.required_attendees}
        assert answers == {"team@example.org": "Unknown", "carol@example.org": "Accept", "bob@example.org": "Decline"}

    def _busy(self, account: Any, address: str) -> list[str]:
        (view,) = account.protocol.get_free_busy_info(
            [(address, "Room", False)], NINE.replace(hour=8), NINE.replace(hour=12)
        )
        return [event.busy_type for event in view.calendar_events]


def _address(name: str) -> str:
    return name if "@" in name else f"{name}@example.org"
