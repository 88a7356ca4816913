"""A series of meetings, from web mail to exchangelib and back: on both mailbox servers, across a change of clocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from exchangelib import EWSDateTime, EWSTimeZone
from exchangelib.items import MeetingCancellation, MeetingRequest
from playwright.sync_api import Locator, expect
from twisted.internet.defer import Deferred

from tests.integration.test_owa_parts import at, column, event
from tests.integration.webmail import Stories, User

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
MONDAYS = ("2027-03-15", "2027-03-22", "2027-03-29", "2027-04-05")
"""The clocks of Berlin go forward on 28 March 2027; those of New York have done so before."""

MON, TUE = 0, 1


class Meeting(Stories):
    """Alice, on the one server, invites Bob on the same and Carol on the other to four Mondays at ten in Berlin."""

    def test_all_see_a_series_alike_of_which_one_is_moved_and_one_cancelled(self) -> Deferred[None]:
        def story() -> None:
            carol = self.casd.account(self.carol)
            with self._users() as (alice, bob):
                invite(alice, self.bob, self.carol)
                assert utc(carol) == ["03-15 09:00", "03-22 09:00", "03-29 08:00", "04-05 08:00"]
                self._all_accept(carol, alice, bob)

                at(alice, "week", MONDAYS[2])
                drag(alice, TUE, hours=3)
                expect(alice.toasts).to_contain_text("Jour fixe has been moved.")
                at(alice, "week", MONDAYS[1])
                card(alice).get_by_role("button", name="Cancel the meeting").click()
                alice.button("Only this one").click()
                expect(alice.toasts).to_contain_text("The meeting has been cancelled")

                for week, (day, time) in ((0, (MON, "10:00 AM")), (2, (TUE, "1:00 PM")), (3, (MON, "10:00 AM"))):
                    shows(alice, MONDAYS[week], day, time)
                shows_nothing(alice, MONDAYS[1])

                cancelled = next(each for each in view(carol) if each.is_cancelled)
                assert (cancelled.subject, cancelled.start.day) == ("Canceled: Jour fixe", 22)
                assert sum(isinstance(each, MeetingCancellation) for each in carol.inbox.all()) == 1
                cancelled.delete()
                assert utc(carol) == ["03-15 09:00", "03-30 11:00", "04-05 08:00"]
                assert [each.my_response_type for each in view(carol)] == ["Accept", "NoResponseReceived", "Accept"]
                view(carol)[1].accept(body="Then as well")
                at(alice, "week", MONDAYS[2])
                expect(card(alice)).to_contain_text(f"{self.bob}, {self.carol} ✓")
                alice.button("Close").click()

                bob.go("mail")
                bob.read("Canceled: Jour fixe")
                bob.button("Remove from the calendar").click()
                expect(bob.button("Remove from the calendar")).to_have_count(0)
                for week, (day, time) in ((0, (MON, "5:00 AM")), (2, (TUE, "7:00 AM")), (3, (MON, "4:00 AM"))):
                    shows(bob, MONDAYS[week], day, time)
                shows_nothing(bob, MONDAYS[1])
            with self.user(self.carol, timezone_id=BERLIN) as at_web_mail:
                shows(at_web_mail, MONDAYS[2], TUE, "1:00 PM")
                shows_nothing(at_web_mail, MONDAYS[1])

        return self.told(story)

    def test_all_see_a_series_alike_that_is_moved_as_a_whole(self) -> Deferred[None]:
        def story() -> None:
            carol = self.casd.account(self.carol)
            with self._users() as (alice, bob):
                invite(alice, self.bob, self.carol)
                self._all_accept(carol, alice, bob)

                at(alice, "week", MONDAYS[2])
                card(alice).get_by_role("button", name="Edit series").click()
                form = alice.page.get_by_role("dialog", name="Edit event")
                form.get_by_label("Start time").fill("15:30")
                expect(form.get_by_label("End time")).to_have_value("16:30")
                form.get_by_role("button", name="Send").click()
                expect(form).to_be_hidden()

                for monday in MONDAYS:
                    shows(alice, monday, MON, "3:30 PM")
                for monday, time in zip(MONDAYS, ("10:30 AM", "10:30 AM", "9:30 AM", "9:30 AM"), strict=True):
                    shows(bob, monday, MON, time)
                assert utc(carol) == ["03-15 14:30", "03-22 14:30", "03-29 13:30", "04-05 13:30"]
                assert {each.my_response_type for each in view(carol)} == {"NoResponseReceived"}
                expect(card(alice)).to_contain_text(f"{self.bob}, {self.carol}")

        return self.told(story)

    def test_a_series_goes_by_the_clock_of_its_place_wherever_its_organizer_is(self) -> Deferred[None]:
        def story() -> None:
            carol = self.casd.account(self.carol)
            with self._users() as (alice, bob):
                invite(alice, self.bob, self.carol)
                self._all_accept(carol, alice, bob)
            with self.user(self.alice, timezone_id=NEW_YORK) as alice:
                at(alice, "week", MONDAYS[1])
                drag(alice, MON, hours=1)
                expect(alice.toasts).to_contain_text("Jour fixe has been moved.")
                card(alice).get_by_role("button", name="Edit series").click()
                form = alice.page.get_by_role("dialog", name="Edit event")
                form.get_by_label("Title").fill("Jour fixe in Berlin")
                form.get_by_role("button", name="Send").click()
                expect(form).to_be_hidden()
                shows(alice, MONDAYS[3], MON, "4:00 AM")

            assert {each.subject for each in view(carol)} == {"Jour fixe in Berlin"}
            assert utc(carol) == ["03-15 09:00", "03-22 10:00", "03-29 08:00", "04-05 08:00"]
            answers = [each.my_response_type for each in view(carol)]
            assert answers == ["Accept", "NoResponseReceived", "Accept", "Accept"]

        return self.told(story)

    @contextmanager
    def _users(self) -> Iterator[tuple[User, User]]:
        """Alice in Berlin and Bob in New York, at web mail."""
        with self.user(self.alice, timezone_id=BERLIN) as alice, self.user(self.bob, timezone_id=NEW_YORK) as bob:
            yield alice, bob

    def _all_accept(self, carol: Any, alice: User, bob: User) -> None:
        (request,) = carol.inbox.all()
        assert isinstance(request, MeetingRequest)
        request.accept(body="I shall be there")
        bob.read("Jour fixe")
        bob.button("Accept").click()
        expect(bob.toasts).to_contain_text("You have accepted.")
        at(alice, "week", MONDAYS[2])
        expect(card(alice)).to_contain_text(f"{self.bob} ✓, {self.carol} ✓")
        alice.button("Close").click()


def invite(organizer: User, *guests: str) -> None:
    at(organizer, "week", MONDAYS[0])
    organizer.page.keyboard.press("n")
    form = organizer.page.get_by_role("dialog", name="New event")
    form.get_by_label("Title").fill("Jour fixe")
    form.get_by_label("First day").fill(MONDAYS[0])
    form.get_by_label("Start time").fill("10:00")
    form.get_by_label("End time").fill("11:00")
    form.get_by_label("Repeat").select_option(label="Every week")
    form.get_by_label("Until").fill(MONDAYS[-1])
    for guest in guests:
        form.get_by_role("combobox", name="Invite").fill(guest + ",")
    form.get_by_role("button", name="Send").click()
    expect(organizer.toasts).to_contain_text("The invitations have been sent.")


def card(user: User) -> Locator:
    """Open the event that is shown."""
    event(user, "Jour fixe").click()
    return user.page.get_by_role("dialog", name="Jour fixe")


def drag(user: User, day: int, hours: int) -> None:
    """Drag the event that is shown to another day, by so many hours."""
    user.page.locator(".day-scroll").evaluate("(element) => { element.scrollTop = 300; }")
    user.settle()  # what is drawn anew cannot be held
    event(user, "Jour fixe").hover(position={"x": 20, "y": 10})
    begin, end = event(user, "Jour fixe").bounding_box(), column(user, day).bounding_box()
    assert begin is not None
    assert end is not None
    user.page.mouse.down()
    user.page.mouse.move(end["x"] + 20, begin["y"] + 10 + 48 * hours, steps=5)
    user.page.mouse.up()


def shows(user: User, monday: str, day: int, time: str) -> None:
    """Have a week show the meeting once, on this day from this time on, which has AM or PM after it."""
    at(user, "week", monday)
    start, half = time.split()
    expect(column(user, day).locator(".event")).to_have_text(re.compile(rf"^Jour fixe\D*{start} .*{half}$"))
    expect(event(user, "Jour fixe")).to_have_count(1)


def shows_nothing(user: User, monday: str) -> None:
    at(user, "week", monday)
    user.settle()
    expect(event(user, "Jour fixe")).to_have_count(0)


def view(account: Any) -> list[Any]:
    """Return what exchangelib sees of the calendar."""
    zone = EWSTimeZone(BERLIN)
    return list(
        account.calendar.view(start=EWSDateTime(2027, 3, 1, tzinfo=zone), end=EWSDateTime(2027, 5, 1, tzinfo=zone))
    )


def utc(account: Any) -> list[str]:
    """Return when exchangelib sees meetings begin, by the clock of Greenwich."""
    return [f"{each.start.astimezone(EWSTimeZone('UTC')):%m-%d %H:%M}" for each in view(account)]
