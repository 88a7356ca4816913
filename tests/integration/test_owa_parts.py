"""Calendar, people, tasks and settings of web mail in Chromium, one method a story."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Locator, Route, expect
from twisted.internet.defer import Deferred

from tests.integration.webmail import PHONE, Stories, User

MONDAY = "2026-03-02"


def event(user: User, text: str) -> Locator:
    """Return an entry in any view of the calendar."""
    return user.page.locator(".event:not(.new), .chip-event", has_text=text)


def at(user: User, view: str, day: str = MONDAY) -> None:
    """Go to a view of the calendar."""
    user.page.goto(f"{user.casd.url}/owa/#/calendar/{view}/{day}")
    expect(user.page.locator(f".segments [data-view={view}]")).to_have_attribute("aria-pressed", "true")


def column(user: User, day: int) -> Locator:
    return user.page.locator(".column").nth(day)


def made(user: User, title: str, start: str = "09:00", end: str = "10:00", day: str = MONDAY, **more: str) -> None:
    """Make an event by its form; `more` names a repeat, or whether it takes whole days."""
    user.page.keyboard.press("n")
    form = user.page.get_by_role("dialog", name="New event")
    form.get_by_label("Title").fill(title)
    form.get_by_label("First day").fill(day)
    form.get_by_label("Last day").fill(more.get("last", day))
    form.get_by_label("Start time").fill(start)
    form.get_by_label("End time").fill(end)
    if "repeat" in more:
        form.get_by_label("Repeat").select_option(label=more["repeat"])
    if "whole" in more:
        form.get_by_label("All day").check()
    form.get_by_role("button", name="Save").click()
    expect(form).to_be_hidden()


def made_rule(user: User, name: str, words: dict[str, str], *, check: list[str], folder: str = "") -> None:
    """Make a rule by its form."""
    user.button("New rule").click()
    form = user.page.get_by_role("dialog", name="New rule")
    form.get_by_label("Name").fill(name)
    for label, text in words.items():
        form.get_by_label(label).fill(text)
    if folder:
        form.get_by_label("Move to").select_option(label=folder)
    for label in check:
        form.get_by_label(label, exact=True).check()
    form.get_by_role("button", name="Save").click()
    expect(form).to_be_hidden()


class Calendar(Stories):
    """Events, series, meetings."""

    def test_an_event_is_made_by_a_click_and_seen_in_every_view(self) -> Deferred[None]:
        def story() -> None:
            with self.user(self.alice) as alice:
                at(alice, "week")
                column(alice, 2).click(position={"x": 40, "y": 480 + 4})
                form = alice.page.get_by_role("dialog", name="New event")
                expect(form.get_by_label("First day")).to_have_value("2026-03-04")
                expect(form.get_by_label("Start time")).to_have_value("10:00")
                form.get_by_label("Title").fill("Dentist")
                form.get_by_label("Location").fill("Main street")
                form.get_by_label("Reminder").select_option(label="1 hour before")
                form.get_by_role("button", name="Save").click()
                expect(event(alice, "Dentist")).to_contain_text("Main street")
                alice.page.keyboard.press("m")
                expect(event(alice, "Dentist")).to_contain_text("10:00")
                at(alice, "day", "2026-03-04")
                event(alice, "Dentist").click()
                card = alice.page.get_by_role("dialog", name="Dentist")
                expect(card).to_contain_text("Main street")
                card.get_by_role("button", name="Edit").click()
                expect(alice.page.get_by_role("dialog").get_by_label("Reminder")).to_have_value("60")

        return self.told(story)

    def test_an_event_is_moved_by_dragging_and_put_back(self) -> Deferred[None]:
        def story() -> None:
            with self.user(self.alice) as alice:
                at(alice, "week")
                made(alice, "Standup")
                target = column(alice, 3)
                alice.page.locator(".day-scroll").evaluate("(element) => { element.scrollTop = 300; }")
                alice.settle()  # what is drawn anew cannot be held
                event(alice, "Standup").hover(position={"x": 20, "y": 10})
                begin, end = event(alice, "Standup").bounding_box(), target.bounding_box()
                assert begin is not None
                assert end is not None
                alice.page.mouse.down()
                alice.page.mouse.move(end["x"] + 20, begin["y"] + 10 + 96, steps=5)
                alice.page.mouse.up()
                expect(target.locator(".event")).to_contain_text("11:00")
                alice.button("Undo").click()
                expect(column(alice, 0).locator(".event")).to_contain_text("9:00")

        return self.told(story)

    def test_one_of_a_series_is_changed_and_another_deleted(self) -> Deferred[None]:
        def story() -> None:
            with self.user(self.alice) as alice:
                at(alice, "week")
                made(alice, "Gym", repeat="Every day")
                expect(event(alice, "Gym")).to_have_count(7)
                event(alice, "Gym").nth(1).click()
                alice.page.get_by_role("dialog").get_by_role("button", name="Edit this one").click()
                form = alice.page.get_by_role("dialog", name="Edit event")
                form.get_by_label("Title").fill("Swimming")
                form.get_by_role("button", name="Save").click()
                expect(event(alice, "Swimming")).to_have_count(1)
                expect(event(alice, "Gym")).to_have_count(6)
                event(alice, "Gym").nth(2).click()
                alice.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
                alice.page.get_by_role("dialog").get_by_role("button", name="Only this one").click()
                expect(event(alice, "Gym")).to_have_count(5)
                event(alice, "Gym").first.click()
                alice.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
                alice.page.get_by_role("dialog").get_by_role("button", name="Whole series").click()
                expect(event(alice, "Gym")).to_have_count(0)

        return self.told(story)

    def test_whole_days_stand_above_the_hours_and_are_dragged_in_the_month(self) -> Deferred[None]:
        def story() -> None:
            with self.user(self.alice) as alice:
                at(alice, "week")
                made(alice, "Fair", whole="yes", last="2026-03-03")
                expect(alice.page.locator(".whole-days .chip-event")).to_have_count(2)
                at(alice, "month")
                fair = event(alice, "Fair").first
                fair.drag_to(alice.page.locator("[data-date='2026-03-11']"))
                expect(alice.page.locator("[data-date='2026-03-12'] .chip-event")).to_contain_text("Fair")
                expect(alice.page.locator("[data-date='2026-03-02'] .chip-event")).to_have_count(0)

        return self.told(story)

    def test_going_back_leaves_the_card_of_an_event(self) -> Deferred[None]:
        def story() -> None:
            with self.user(self.alice) as alice:
                at(alice, "week")
                made(alice, "Dentist")
                at(alice, "day")
                event(alice, "Dentist").click()
                card = alice.page.get_by_role("dialog", name="Dentist")
                expect(card).to_be_visible()
                alice.page.go_back()
                expect(card).to_be_hidden()
                expect(alice.page.locator(".segments [data-view=week]")).to_have_attribute("aria-pressed", "true")

        return self.told(story)

    def test_a_calendar_that_loads_slowly_is_shown_once(self) -> Deferred[None]:
        def story() -> None:
            with self.slow(["calendar/week", "calendar/day"]) as alice:
                expect(alice.page.locator(".segments [data-view=day]")).to_have_attribute("aria-pressed", "true")

        return self.told(story)

    def test_a_calendar_that_loads_slowly_is_not_shown_to_who_went_elsewhere(self) -> Deferred[None]:
        def story() -> None:
            with self.slow(["calendar/week", "inbox"]) as alice:
                alice.settle()
                expect(alice.page.locator("body")).to_have_attribute("data-module", "mail")

        return self.told(story)

    @contextmanager
    def slow(self, places: list[str]) -> Iterator[User]:
        """Have Alice go to all these places before the calendar's own module has come."""
        held: list[Route] = []
        with self.user() as alice:
            alice.page.route("**/calendar.js", lambda route: held.append(route))  # noqa: PLW0108 (it marks what it is given)
            alice.sign_in(self.alice)
            with alice.page.expect_request("**/calendar.js"):
                alice.page.evaluate("(place) => { location.hash = `#/${place}`; }", places[0])
            for place in places[1:]:
                alice.page.evaluate("(place) => { location.hash = `#/${place}`; }", place)
                alice.page.wait_for_timeout(100)
            held[0].continue_()
            yield alice
            assert alice.errors == []

    def test_a_meeting_is_proposed_when_all_are_free_accepted_and_answered(self) -> Deferred[None]:
        def story() -> None:
            tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
            with self.user(self.alice) as alice, self.user(self.bob) as bob:
                at(bob, "day", tomorrow)
                made(bob, "Private matter", "09:00", "10:30", day=tomorrow)
                at(alice, "day", tomorrow)
                alice.page.keyboard.press("n")
                form = alice.page.get_by_role("dialog", name="New event")
                form.get_by_label("Title").fill("Budget")
                form.get_by_label("Start time").fill("09:00")
                form.get_by_role("combobox", name="Invite").fill(self.bob + ",")
                form.get_by_role("combobox", name="Invite").fill(self.carol + ",")
                expect(form.locator(".busy-lane").nth(1)).to_have_attribute("title", re.compile("busy 9:00 . 10:30"))
                form.get_by_role("button", name="Everybody is free").click()
                expect(form.get_by_label("Start time")).to_have_value("10:30")
                form.get_by_role("button", name="Send").click()
                expect(alice.toasts).to_contain_text("The invitations have been sent.")
                bob.go("mail")
                bob.read("Budget")
                card = bob.page.locator(".meeting")
                expect(card).to_contain_text("10:30")
                card.get_by_role("button", name="Accept").click()
                expect(card.get_by_role("button", name="Accept")).to_have_attribute("aria-pressed", "true")
                card.get_by_role("link", name="See calendar").click()
                expect(event(bob, "Budget")).to_be_visible()
                alice.go("mail")
                expect(alice.row("Accepted: Budget")).to_be_visible()
                alice.row("Accepted: Budget").click()
                expect(alice.page.locator(".meeting")).to_contain_text("has accepted: Budget")

        return self.told(story)

    def test_a_cancelled_meeting_leaves_the_calendars(self) -> Deferred[None]:
        def story() -> None:
            with self.user(self.alice) as alice, self.user(self.carol) as carol:
                at(alice, "week")
                alice.page.keyboard.press("n")
                form = alice.page.get_by_role("dialog", name="New event")
                form.get_by_label("Title").fill("Review")
                form.get_by_label("First day").fill(MONDAY)
                form.get_by_role("combobox", name="Invite").fill(self.carol + ",")
                form.get_by_role("button", name="Send").click()
                carol.read("Review")
                expect(carol.page.locator(".meeting")).to_contain_text("You have not answered yet.")
                carol.button("Tentative").click()
                expect(carol.toasts).to_contain_text("You have accepted tentatively")
                event(alice, "Review").click()
                alice.page.get_by_role("dialog").get_by_role("button", name="Cancel the meeting").click()
                alice.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
                expect(event(alice, "Review")).to_have_count(0)
                carol.row("Canceled: Review").click()
                carol.button("Remove from the calendar").click()
                at(carol, "week")
                expect(event(carol, "Review")).to_have_count(0)

        return self.told(story)

    def test_an_invitation_is_answered_in_the_calendar(self) -> Deferred[None]:
        def story() -> None:
            with self.user(self.alice) as alice, self.user(self.bob) as bob:
                at(alice, "week")
                alice.page.keyboard.press("n")
                form = alice.page.get_by_role("dialog", name="New event")
                form.get_by_label("Title").fill("Retrospective")
                form.get_by_label("First day").fill(MONDAY)
                form.get_by_role("combobox", name="Invite").fill(self.bob + ",")
                form.get_by_role("button", name="Send").click()
                expect(alice.toasts).to_contain_text("The invitations have been sent.")
                at(bob, "week")
                event(bob, "Retrospective").click()
                bob.page.get_by_role("dialog").get_by_role("button", name="Accept").click()
                expect(bob.toasts).to_contain_text("You have accepted.")
                event(bob, "Retrospective").click()
                accept = bob.page.get_by_role("dialog").get_by_role("button", name="Accept")
                expect(accept).to_have_attribute("aria-pressed", "true")
                event(alice, "Retrospective").click()
                expect(alice.page.get_by_role("dialog")).to_contain_text(f"{self.bob} ✓")

        return self.told(story)

    def test_one_is_reminded_of_what_begins_wherever_one_is(self) -> Deferred[None]:
        def story() -> None:
            soon = datetime.now(UTC) + timedelta(minutes=9)
            start, end = (f"{time:%H:%M}" for time in (soon, soon + timedelta(minutes=1)))
            with self.user(self.alice) as alice:
                at(alice, "day", soon.date().isoformat())
                made(alice, "Catch the train", start, end, day=soon.date().isoformat())
                expect(alice.toasts).to_contain_text("Catch the train: ")
                alice.go("mail")
                alice.page.locator("#toasts").get_by_role("button", name="Open").click()
                expect(event(alice, "Catch the train")).to_be_visible()

        return self.told(story)

    def test_another_browser_sees_an_event_as_it_is_made(self) -> Deferred[None]:
        def story() -> None:
            with self.user(self.alice) as desk, self.user(self.alice, **PHONE) as phone:
                at(phone, "day")
                at(desk, "week")
                made(desk, "Call")
                expect(event(phone, "Call")).to_be_visible()

        return self.told(story)


class People(Stories):
    """Contacts."""

    def test_what_is_still_missing_is_said_for_a_moment(self) -> Deferred[None]:
        def story() -> None:
            with self.user(self.alice) as alice:
                alice.page.clock.install()
                alice.go("people")
                alice.button("New contact").click()
                alice.button("Save").click()
                expect(alice.toasts).to_contain_text("Fill in a name or an address.")
                alice.page.clock.fast_forward(10_000)
                expect(alice.toasts).to_be_empty()

        return self.told(story)

    def test_a_contact_is_made_changed_and_written_to(self) -> Deferred[None]:
        def story() -> None:
            with self.user(self.alice) as alice:
                alice.go("people")
                alice.button("New contact").click()
                form = alice.page.get_by_role("form", name="New contact")
                form.get_by_label("First name").fill("Zoë")
                form.get_by_label("Last name").fill("Zimmer")
                form.get_by_label("E-mail", exact=True).fill(self.bob)
                form.get_by_label("Mobile").fill("+49 170 1234567")
                form.get_by_role("button", name="Save").click()
                expect(alice.page.locator(".contact h2")).to_have_text("Zoë Zimmer")
                alice.button("Edit").click()
                alice.page.get_by_label("Company").fill("Example Ltd")
                alice.button("Save").click()
                expect(alice.page.locator(".contact")).to_contain_text("Example Ltd")
                alice.page.get_by_label("Search people").fill("zimm")
                expect(alice.page.locator("#people .plain-list a")).to_have_count(1)
                alice.button("Write a message").click()
                expect(alice.page.locator(".compose .chip")).to_have_text("Zoë Zimmer")

        return self.told(story)

    def test_a_contact_is_suggested_deleted_and_brought_back(self) -> Deferred[None]:
        def story() -> None:
            with self.user(self.alice) as alice:
                alice.go("people")
                alice.page.keyboard.press("n")
                alice.page.get_by_label("First name").fill("Quentin")
                alice.page.get_by_label("E-mail", exact=True).fill("quentin@example.org")
                alice.button("Save").click()
                expect(alice.page.locator(".contact h2")).to_have_text("Quentin")
                alice.button("Delete").click()
                alice.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
                expect(alice.page.get_by_text("There are no contacts yet.")).to_be_visible()
                alice.button("Undo").click()
                expect(alice.page.locator("#people .plain-list a")).to_contain_text("Quentin")
                alice.go("mail")
                alice.page.keyboard.press("n")
                alice.page.get_by_role("combobox", name="To").press_sequentially("quen")
                expect(alice.page.locator(".compose").get_by_role("option")).to_contain_text("quentin@example.org")

        return self.told(story)


class Tasks(Stories):
    """What is to be done."""

    def test_a_task_is_added_dated_done_and_seen_elsewhere(self) -> Deferred[None]:
        def story() -> None:
            with self.user(self.alice) as alice, self.user(self.alice, **PHONE) as phone:
                phone.go("tasks")
                alice.go("tasks")
                for subject in ("Buy milk", "Write report"):
                    alice.page.get_by_label("Add a task").fill(subject)
                    alice.page.keyboard.press("Enter")
                alice.page.get_by_role("link", name="Write report").click()
                alice.page.get_by_label("Due").fill("2026-12-24")
                alice.page.get_by_label("Due").blur()
                expect(alice.page.locator(".task").first).to_contain_text("Due Thu, December 24")
                alice.page.get_by_role("checkbox", name="Buy milk is done").click()
                expect(alice.page.locator(".task:not(.is-done)")).to_have_count(1)
                expect(alice.page.get_by_text("Done (1)")).to_be_visible()
                expect(phone.page.locator(".task").first).to_contain_text("Write report")

        return self.told(story)


class Settings(Stories):
    """What one may choose."""

    def test_a_language_and_a_time_zone_are_chosen(self) -> Deferred[None]:
        def story() -> None:
            with self.user(self.alice) as alice:
                at(alice, "day")
                made(alice, "Noon", "12:00", "13:00")
                alice.button("Settings").click()
                alice.page.get_by_label("Time zone").select_option("Asia/Tokyo")
                expect(alice.page.get_by_label("Time zone")).to_have_value("Asia/Tokyo")
                alice.page.get_by_label("Language").select_option("Deutsch")
                expect(alice.page.locator("#settings h1")).to_have_text("Einstellungen")
                alice.page.locator("#modules [data-module=mail]").click()
                expect(alice.page.locator("#list-title")).to_have_text("Posteingang")
                expect(alice.page.locator("#compose")).to_have_text("Neue Nachricht")
                at(alice, "day")
                expect(event(alice, "Noon")).to_contain_text("21:00")

        return self.told(story)

    def test_the_browser_s_own_language_is_spoken_unasked(self) -> Deferred[None]:
        def story() -> None:
            self.told_to(self.alice, "Bonjour")
            with self.user(self.alice, locale="fr-FR") as alice:
                expect(alice.page.locator("#list-title")).to_have_text("Boîte de réception")
                alice.row("Bonjour").click()
                alice.page.get_by_role("button", name="Répondre (r)").click()
                expect(alice.editor).to_contain_text("a écrit :")

        return self.told(story)

    def test_who_is_away_has_others_told(self) -> Deferred[None]:
        def story() -> None:
            with self.user(self.bob) as bob, self.user(self.alice) as alice:
                bob.button("Settings").click()
                form = bob.page.get_by_role("region", name="Automatic replies")
                expect(form.get_by_label("Reply to colleagues")).to_be_hidden()
                expect(bob.page.locator(".storage")).to_have_text(re.compile(r"^\d+(\.\d)? (byte|kB|MB)$"))
                form.get_by_label("Reply automatically").select_option("Yes, during this time")
                today = datetime.now(UTC).date()
                form.get_by_label("First day").fill((today - timedelta(days=2)).isoformat())
                form.get_by_label("Last day").fill((today + timedelta(days=2)).isoformat())
                form.get_by_label("Reply to colleagues").fill("I am at sea.")
                form.get_by_role("button", name="Save").click()
                expect(bob.toasts).to_contain_text("Saved")
                bob.page.reload()
                expect(form.get_by_label("Reply to colleagues")).to_have_value("I am at sea.")
                alice.page.locator("#compose").click()
                alice.page.get_by_role("combobox", name="To").fill(self.bob + ",")
                alice.page.get_by_label("Subject").fill("Boat")
                alice.page.locator(".compose").get_by_role("button", name="Send").click()
                expect(alice.row("Automatic reply: Boat")).to_contain_text("I am at sea.")

        return self.told(story)

    def test_working_hours_are_settled_and_the_calendar_shades_the_rest(self) -> Deferred[None]:
        def story() -> None:
            zone = {"timezone_id": "Europe/Berlin"}
            with self.user(self.alice, **zone) as alice, self.user(self.alice, **zone, **PHONE) as phone:
                at(phone, "day")
                off = phone.page.locator(".off")
                expect(off).to_have_count(2)
                at(alice, "week")
                expect(alice.page.locator(".off")).to_have_count(5 * 2 + 2)
                alice.button("Settings").click()
                form = alice.page.get_by_role("region", name="Working hours")
                expect(form.get_by_label("Monday")).to_be_checked()
                for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"):
                    form.get_by_label(day).uncheck()
                form.get_by_role("button", name="Save").click()
                expect(form.get_by_role("alert")).to_have_text("Choose one day at least.")
                form.get_by_label("Monday").check()
                form.get_by_label("Start time").fill("18:00")
                form.get_by_role("button", name="Save").click()
                expect(form.get_by_role("alert")).to_have_text("The end is before the start.")
                form.get_by_label("End time").fill("23:00")
                form.get_by_label("By the clock of").select_option("America/New_York")
                form.get_by_role("button", name="Save").click()
                expect(alice.toasts).to_contain_text("Saved")
                expect(off).to_have_count(1)  # all of that Monday: it is Tuesday in Berlin by then
                alice.page.reload()
                expect(form.get_by_label("By the clock of")).to_have_value("America/New_York")
                expect(form.get_by_label("Tuesday")).not_to_be_checked()
                at(alice, "week")
                expect(alice.page.locator(".column").nth(1).locator(".off")).to_have_count(1)  # from 5 on

        return self.told(story)

    def test_who_plans_a_meeting_is_shown_when_others_work(self) -> Deferred[None]:
        def story() -> None:
            zone = {"timezone_id": "Europe/Berlin"}
            with self.user(self.carol, **zone) as carol, self.user(self.alice, **zone) as alice:
                carol.button("Settings").click()
                hours = carol.page.get_by_role("region", name="Working hours")
                hours.get_by_label("Start time").fill("13:00")
                hours.get_by_label("End time").fill("16:00")
                hours.get_by_role("button", name="Save").click()
                expect(carol.toasts).to_contain_text("Saved")
                at(carol, "day")
                made(carol, "Breakfast", "09:00", "10:00")
                at(alice, "day")
                alice.page.keyboard.press("n")
                form = alice.page.get_by_role("dialog", name="New event")
                form.get_by_label("First day").fill(MONDAY)
                form.get_by_label("Start time").fill("09:00")
                form.get_by_role("combobox", name="Invite").fill(self.carol + ",")
                lane = form.locator(".busy-lane").nth(1)
                expect(lane).to_have_attribute("title", re.compile(r"busy 9:00 . 10:00.*; works 1:00 . 4:00"))
                expect(lane.locator(".away")).to_have_count(2)
                expect(form.locator(".busy-lane").first.locator(".away")).to_have_count(0)  # nobody knows
                form.get_by_role("button", name="Everybody is free").click()
                expect(form.get_by_label("Start time")).to_have_value("13:00")

        return self.told(story)

    def test_rules_file_what_arrives_in_the_order_that_is_chosen(self) -> Deferred[None]:
        def story() -> None:
            with self.user(self.alice) as alice:
                alice.page.locator("#new-folder").click()
                alice.page.get_by_label("Name").fill("Offers")
                alice.button("Create").click()
                alice.button("Settings").click()
                rules = alice.page.get_by_role("region", name="Rules")
                expect(rules).to_contain_text("There are no rules.")
                made_rule(alice, "Shops", {"Subject contains": "offer, sale"}, folder="Offers", check=["Mark as read"])
                made_rule(alice, "Dave", {"From contains": "dave@"}, check=["Red", "Apply no more rules"])
                names = rules.locator("li b")
                expect(names).to_have_text(["Shops", "Dave"])
                expect(rules.locator("li").first).to_contain_text("Subject contains: offer, sale → Move to: Offers")
                self.told_to(self.alice, "A great offer")
                alice.go("mail")
                alice.folder("Offers")
                expect(alice.row("A great offer")).to_be_visible()
                expect(alice.page.locator(".row.unread")).to_have_count(0)

                alice.button("Settings").click()
                alice.button("Move Dave up").press("Enter")
                expect(names).to_have_text(["Dave", "Shops"])
                expect(alice.button("Move Dave down")).to_be_focused()
                self.told_to(self.alice, "Another offer")
                alice.go("mail")
                alice.folder("Inbox")
                expect(alice.row("Another offer").locator(".colour-red")).to_be_visible()

                alice.button("Settings").click()
                alice.page.get_by_label("Dave is on").press("Space")
                expect(alice.toasts).to_contain_text("Saved")
                expect(alice.page.get_by_label("Dave is on")).to_be_focused()
                alice.button("Edit Shops").press("Enter")
                form = alice.page.get_by_role("dialog", name="Edit Shops")
                expect(form.get_by_label("Subject contains")).to_have_value("offer, sale")
                form.get_by_label("Mark as read").uncheck()
                form.get_by_role("combobox", name="Forward to").fill(self.bob + ",")
                form.get_by_label("Name").press("Enter")
                expect(form).to_be_hidden()
                with self.user(self.bob) as bob:
                    self.told_to(self.alice, "Summer sale")
                    expect(bob.row("FW: Summer sale")).to_be_visible()
                alice.button("Remove Shops").click()
                alice.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
                expect(names).to_have_text(["Dave"])

        return self.told(story)

    def test_a_rule_that_does_nothing_is_not_saved(self) -> Deferred[None]:
        def story() -> None:
            with self.user(self.alice, **PHONE) as alice:
                alice.page.goto(f"{self.casd.url}/owa/#/settings/rules")
                alice.button("New rule").click()
                form = alice.page.get_by_role("dialog", name="New rule")
                form.get_by_label("Name").fill("Nothing")
                form.get_by_role("button", name="Save").click()
                expect(form.get_by_role("alert")).to_have_text("Choose what is to be done.")
                form.get_by_role("combobox", name="Forward to").fill("nobody,")
                form.get_by_role("button", name="Save").click()
                expect(form.get_by_role("alert")).to_have_text("One of the recipients has no mail address.")
                form.get_by_role("button", name="Cancel").click()
                expect(form).to_be_hidden()

        return self.told(story)

    def test_a_signature_stands_under_what_one_writes(self) -> Deferred[None]:
        def story() -> None:
            self.told_to(self.alice, "Question")
            with self.user(self.alice) as alice:
                alice.button("Settings").click()
                signature = alice.page.frame_locator("#settings iframe").locator("[contenteditable=true]")
                signature.fill("Alice, Example Ltd")
                expect(alice.toasts).to_contain_text("Saved")
                alice.go("mail")
                alice.page.locator("#compose").click()
                expect(alice.editor).to_contain_text("-- \nAlice, Example Ltd", use_inner_text=True)
                alice.button("Close; the message is kept in Drafts").click()
                alice.row("Question").click()
                alice.button("Reply (r)").click()
                expect(alice.editor).to_contain_text("Alice, Example Ltd")

        return self.told(story)

    def test_single_messages_and_dark_colours_are_chosen(self) -> Deferred[None]:
        def story() -> None:
            self.told_to(self.alice, "Thread", Message_ID="<t@example.org>")
            self.told_to(self.alice, "Re: Thread", References="<t@example.org>")
            with self.user(self.alice) as alice:
                expect(alice.page.locator(".row")).to_have_count(1)
                alice.button("Settings").click()
                alice.page.get_by_label("Show messages by conversation").uncheck()
                alice.page.get_by_label("Colours").select_option("Dark")
                alice.go("mail")
                expect(alice.page.locator(".row")).to_have_count(2)
                dark = "getComputedStyle(document.body).colorScheme"
                alice.page.wait_for_function(f"() => {dark} === 'dark'")

        return self.told(story)

    def test_a_category_is_named_anew(self) -> Deferred[None]:
        def story() -> None:
            self.told_to(self.alice, "Bill")
            with self.user(self.alice) as alice:
                alice.row("Bill").click(button="right")
                alice.page.get_by_role("menuitem", name="Categorise").click()
                alice.page.get_by_role("menuitem", name="Edit categories").click()
                alice.button("New category").click()
                row = alice.page.locator(".category-list li").last
                row.get_by_label("Name").fill("Money")
                row.get_by_label("Colour").select_option("Teal")
                expect(alice.toasts).to_contain_text("Saved")
                alice.go("mail")
                alice.row("Bill").click(button="right")
                alice.page.get_by_role("menuitem", name="Categorise").click()
                alice.page.get_by_role("menuitemcheckbox", name="Money").click()
                expect(alice.row("Bill").locator(".colour-teal")).to_be_visible()

        return self.told(story)
