"""Meetings with exchangelib through the front door: Alice and Bob are on one server, Carol on the other."""

from __future__ import annotations

from datetime import timedelta
from time import monotonic
from typing import Any

from exchangelib import Account, CalendarItem, EWSDateTime, EWSTimeZone
from exchangelib.fields import MONDAY
from exchangelib.items import MeetingCancellation, MeetingRequest, MeetingResponse
from exchangelib.properties import Attendee, Mailbox
from exchangelib.recurrence import Recurrence, WeeklyPattern

from tests.integration.clients import ExchangelibTestCase

BERLIN = EWSTimeZone("Europe/Berlin")
FIRST = EWSDateTime(2027, 3, 15, 10, 0, tzinfo=BERLIN)
"""A Monday; the clocks of Berlin go forward on the 28th."""


class Meetings(ExchangelibTestCase):
    """One front end before both mailbox servers."""

    def test_a_meeting_of_both_servers_is_accepted_moved_and_called_off(self) -> None:
        begun = monotonic()
        alice, bob, carol = map(self.account, ("alice", "bob", "carol"))
        self._invite(alice, "bob", "carol")
        for guest in (bob, carol):
            (request,) = guest.inbox.all()
            assert isinstance(request, MeetingRequest)
            request.accept(body="I shall be there")
        answers = {one.mailbox.email_address: one.response_type for one in self._master(alice).required_attendees}
        assert answers == {"bob@example.org": "Accept", "carol@example.org": "Accept"}
        assert sum(isinstance(each, MeetingResponse) for each in alice.inbox.all()) == 2
        every = [9, 9, 8, 8]
        assert self._hours(alice) == self._hours(bob) == self._hours(carol) == every

        third = self._view(alice)[2]
        third.start += timedelta(hours=3)
        third.end += timedelta(hours=3)
        third.save(update_fields=["start", "end"], send_meeting_invitations="SendToAllAndSaveCopy")
        self._view(alice)[1].delete(send_meeting_cancellations="SendToAllAndSaveCopy")
        assert self._hours(alice) == [9, 11, 8]
        for guest in (bob, carol):
            assert self._hours(guest) == [9, 9, 11, 8]
            assert [each.is_cancelled for each in self._view(guest)] == [False, True, False, False]
            assert [each.my_response_type for each in self._view(guest)][::2] == ["Accept", "NoResponseReceived"]
            assert sum(isinstance(each, MeetingCancellation) for each in guest.inbox.all()) == 1

        self._master(alice).cancel(new_body="No more of this")
        assert self._view(alice) == []
        assert all(each.is_cancelled for each in self._view(carol))
        self.report(f"a series of three people on two servers in {monotonic() - begun:.1f} s")

    def test_a_meeting_is_declined_from_the_other_server(self) -> None:
        alice, carol = self.account("alice"), self.account("carol")
        self._invite(alice, "carol")
        (entry,) = carol.calendar.all()
        entry.decline(body="Never on Mondays")
        assert (carol.calendar.all().count(), self._view(carol)) == (0, [])
        (attendee,) = self._master(alice).required_attendees
        assert (attendee.response_type, attendee.last_response_time is not None) == ("Decline", True)

    def _invite(self, organizer: Account, *guests: str) -> None:
        people = [Attendee(mailbox=Mailbox(email_address=f"{guest}@example.org")) for guest in guests]
        CalendarItem(
            account=organizer,
            folder=organizer.calendar,
            subject="Jour fixe",
            body="Bring coffee",
            start=FIRST,
            end=FIRST + timedelta(hours=1),
            required_attendees=people,
            recurrence=Recurrence(pattern=WeeklyPattern(interval=1, weekdays=[MONDAY]), start=FIRST.date(), number=4),
        ).save(send_meeting_invitations="SendToAllAndSaveCopy")

    def _master(self, account: Account) -> Any:
        return account.calendar.get(subject="Jour fixe")

    def _view(self, account: Account) -> list[Any]:
        return list(account.calendar.view(start=FIRST - timedelta(days=7), end=FIRST + timedelta(days=42)))

    def _hours(self, account: Account) -> list[int]:
        """Return the hours, by the clock of Greenwich, at which occurrences begin."""
        return [each.start.hour for each in self._view(account)]
