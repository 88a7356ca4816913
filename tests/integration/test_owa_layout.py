"""Web mail at the widths of a phone, a laptop and a large screen, light and dark: nothing overflows or is cut off, and
axe-core finds nothing serious. With CASD_SCREENSHOTS=FOLDER each view is kept there as a picture, to be looked at."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import expect
from twisted.internet.defer import Deferred

from tests.integration.webmail import Stories, User, message, serious

HTML = (
    '<table bgcolor="#eef2ff" width="600"><tr><td><h1 style="color:#223">Autumn news</h1>'
    '<p>Our <b>new</b> things. <a href="https://example.org">Read more</a></p>'
    '<img src="https://tracker.example/p.png" width="200" height="40"></td></tr></table>'
)
CALL = """async ([action, values]) => {
    const { call } = await import(document.querySelector("script[type=module]").src.replace("app.js", "api.js"));
    return call(action, values);
}"""

OVERFLOWING = """() => {
    const wide = [document.documentElement, ...document.querySelectorAll("dialog[open]")];
    const cut = document.querySelectorAll("#modules span, #folders .name, .primary, dialog[open] h2");
    const buttons = [...document.querySelectorAll("dialog[open] button")];
    const outside = (each) => each.getBoundingClientRect().left < each.closest("dialog").getBoundingClientRect().left;
    const over = (each) => each.scrollWidth > each.clientWidth || each.scrollHeight > each.clientHeight;
    return [
        ...wide.filter((each) => each.scrollWidth > each.clientWidth).map((each) => `${each.tagName} is too wide`),
        ...buttons.filter(outside).map((each) => `outside its dialog: ${each.textContent}`),
        ...[...cut].filter((each) => each.clientWidth && over(each)).map((each) => `cut off: ${each.textContent}`),
    ];
}"""


class Layout(Stories):
    """One method a width; every view light and dark."""

    timeout = 240
    filled = False

    def test_on_a_phone(self) -> Deferred[None]:
        return self.told(lambda: self.sweep(390, 844, has_touch=True, is_mobile=True))

    def test_on_a_laptop(self) -> Deferred[None]:
        return self.told(lambda: self.sweep(1280, 800))

    def test_on_a_large_screen(self) -> Deferred[None]:
        return self.told(lambda: self.sweep(1920, 1080))

    def test_in_longer_languages(self) -> Deferred[None]:
        def sweeps() -> None:
            for locale in ("de-DE", "fr-FR"):
                self.sweep(390, 844, WORDY, locale=locale, has_touch=True, is_mobile=True)
                self.sweep(1280, 800, WORDY, locale=locale)

        return self.told(sweeps)

    def test_the_buttons_that_appear_in_a_row_leave_its_subject_whole(self) -> Deferred[None]:
        def story() -> None:
            self.told_to(self.alice, "A subject that is so long that no line of any list has room for all of it")
            with self.user(self.alice) as alice:
                row = alice.page.locator(".row").first
                row.hover()
                buttons, subject = row.locator(".hover").bounding_box(), row.locator(".subject").bounding_box()
                assert buttons is not None
                assert subject is not None
                assert buttons["y"] + buttons["height"] <= subject["y"] + 1

        return self.told(story)

    def sweep(self, width: int, height: int, views: Collection[str] = (), **options: Any) -> None:
        """Look at some views, or at all that are no different at another width."""
        if not self.filled:
            self.fill_mailbox()
        found = []
        place = f"{options['locale'][:2]}-{width}" if "locale" in options else str(width)
        with self.user(viewport={"width": width, "height": height}, **options) as alice:
            alice.page.goto(self.casd.url + "/owa/")
            found += self.look(alice, f"{place}-sign-in")
            alice.sign_in(self.alice)
            if not self.filled:
                fill(alice, self.bob)
            self.filled = True
            for name, view in VIEWS.items():
                if name in views or (not views and ONCE.get(name, width) == width):
                    view(alice)
                    found += self.look(alice, f"{place}-{name}")
            assert alice.errors == [], alice.errors
        assert found == [], "\n".join(found)

    def look(self, user: User, name: str) -> list[str]:
        """Return what is wrong with what is seen, light and dark."""
        page = user.page
        found: list[str] = page.evaluate(OVERFLOWING)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            if folder := os.environ.get("CASD_SCREENSHOTS"):
                page.screenshot(path=Path(folder) / f"{name}-{scheme}.png")
            found += [f"{scheme}: {each}" for each in serious(page, *(["color-contrast"] if scheme == "dark" else []))]
        page.emulate_media(color_scheme="light")
        return [f"{name}: {each}" for each in found]

    def fill_mailbox(self) -> None:
        first, second = "<launch-1@example.org>", "<launch-2@example.org>"
        invoice = message(self.alice, "Invoice 2026-118", "Please find it attached.", From="Carol <carol@example.org>")
        invoice.add_attachment(b"%PDF-1.4 " * 20_000, "application", "pdf", filename="Invoice 2026-118.pdf")
        self.deliver(
            message(self.alice, "Lunch on Friday?", "Shall we try the new place by the river?"),
            invoice,
            message(self.alice, "Autumn newsletter", "x", HTML),
            message(
                self.alice, "A subject that is so long that no line of any list has room for the whole of it at once"
            ),
            message(self.alice, "Launch", "Who prepares the demo?", Message_ID=first),
            message(
                self.alice, "Re: Launch", "I do.", From="Bob <bob@example.org>", Message_ID=second, References=first
            ),
            message(self.alice, "Re: Launch", "You get the build on Monday.\n\n> I do.", References=first),
        )


def fill(user: User, other: str) -> None:
    """Put things into calendar, contacts and tasks by the page's own calls."""
    day = (datetime.now(UTC) - timedelta(days=datetime.now(UTC).weekday())).date()

    def call(action: str, **values: object) -> None:
        user.page.evaluate(CALL, [action, values])

    def event(subject: str, days: int, start: str, end: str, **values: object) -> None:
        date = (day + timedelta(days=days)).isoformat()
        call("SaveAppointment", subject=subject, start=f"{date}T{start}", end=f"{date}T{end}", zone="UTC", **values)

    guests = [{"name": "Bob", "address": other}]
    event("Standup", 0, "09:00", "09:30", repeat="DAILY", location="Room 5", attendees=guests)
    event("Budget", 1, "10:00", "12:00", busy="tentative")
    event("Interview", 1, "11:00", "12:30", attendees=guests)
    event("Dentist", 2, "14:00", "15:00", busy="oof")
    call("SaveAppointment", subject="Trade fair", start=str(day), end=str(day + timedelta(days=2)), allDay=True)
    for given, family in (("Zoë", "Zimmer"), ("Dave", "Müller"), ("Anna", "Albrecht")):
        mail = f"{given.lower()}@example.org"
        call("SaveContact", givenName=given, surname=family, email=mail, mobile="+49 170 1", company="Example Ltd")
    call("SaveTask", subject="Write the report", due=str(day), importance=2, body="With figures")
    call("SaveTask", subject="Buy milk")
    done = user.page.evaluate(CALL, ["SaveTask", {"subject": "Book the room"}])
    call("SaveTask", id=done["id"], done=True)
    call("SaveInboxRule", name="Shops and newsletters", subject=["offer", "newsletter"], read=True, categories=["Blue"])
    long = "Donaudampfschifffahrtsgesellschaftskapitänsmützenverordnung"
    call("SaveInboxRule", name=long, subject=[long], forward=[other], stop=True)
    call("SaveInboxRule", name="Carol", **{"from": ["carol@example.org"]}, important=True, enabled=False)
    (row,) = user.page.evaluate(CALL, ["FindItem", {"query": "subject:lunch"}])["items"]
    call("UpdateItem", ids=row["ids"], flagged=True, addCategories=["Green", "Purple"])


def _hash(user: User, where: str) -> None:
    user.page.goto(f"{user.casd.url}/owa/#/{where}")


def _inbox(user: User) -> None:
    _hash(user, "inbox")
    expect(user.row("Launch")).to_be_visible()


def _conversation(user: User) -> None:
    _inbox(user)
    user.row("Launch").click()
    expect(user.page.frame_locator("article iframe >> nth=-1").locator("body")).to_contain_text("Monday")


def _newsletter(user: User) -> None:
    _inbox(user)
    user.row("Autumn newsletter").click()
    expect(user.body).to_contain_text("Autumn news")
    expect(user.button("Show images")).to_be_visible()


def _compose(user: User) -> None:
    _inbox(user)
    user.row("Invoice").click()
    user.button("Reply all").click()
    expect(user.editor.locator("blockquote")).to_be_visible()


def _chosen(user: User) -> None:
    _inbox(user)
    user.page.locator(".row").first.focus()
    user.page.keyboard.press("x")
    expect(user.page.locator(".selected")).to_be_visible()


def _help(user: User) -> None:
    user.page.keyboard.press("Escape")
    user.page.keyboard.press("?")
    expect(user.page.get_by_role("dialog")).to_be_visible()


def _calendar(view: str) -> Callable[[User], None]:
    def go(user: User) -> None:
        user.page.keyboard.press("Escape")
        _hash(user, f"calendar/{view}")
        expect(user.page.locator(f".segments [data-view={view}]")).to_have_attribute("aria-pressed", "true")
        expect(user.page.locator(".event, .chip-event").first).to_be_visible()

    return go


def _form(user: User) -> None:
    user.page.keyboard.press("n")
    form = user.page.get_by_role("dialog", name="New event")
    form.get_by_role("combobox", name="Invite").fill("bob@example.org,")
    form.get_by_label("Title").fill("Planning")
    expect(form.locator(".busy-lane").first).to_be_visible()


def _card(user: User) -> None:
    user.page.keyboard.press("Escape")
    _hash(user, "calendar/week")
    user.page.locator(".event", has_text="Interview").click()
    expect(user.page.get_by_role("dialog")).to_be_visible()


def _series(user: User) -> None:
    user.page.keyboard.press("Escape")
    _hash(user, "calendar/week")
    user.page.locator(".event", has_text="Standup").first.click()
    expect(user.page.get_by_role("dialog")).to_be_visible()


def _people(user: User) -> None:
    user.page.keyboard.press("Escape")
    _hash(user, "people")
    user.page.get_by_role("link", name="Zoë").click()
    expect(user.page.locator(".contact")).to_be_visible()


def _tasks(user: User) -> None:
    _hash(user, "tasks")
    expect(user.page.locator(".task").first).to_be_visible()


def _settings(user: User) -> None:
    _hash(user, "settings")
    expect(user.page.frame_locator("#settings iframe").locator("body")).to_be_visible()


def _hours(user: User) -> None:
    user.page.keyboard.press("Escape")
    _hash(user, "settings")
    user.page.locator(".working-hours button").scroll_into_view_if_needed()


def _rules(user: User) -> None:
    _hash(user, "settings/rules")
    expect(user.page.locator(".rule-list li")).to_have_count(3)
    user.page.locator(".rule-list").scroll_into_view_if_needed()


def _rule(user: User) -> None:
    user.page.locator(".rule-list [data-does=draft]").nth(1).click()
    form = user.page.locator(".rule-form")
    form.locator(".recipients input").fill("carol@example.org,")
    expect(form.locator(".chip")).to_have_count(2)


VIEWS: dict[str, Callable[[User], None]] = {
    "inbox": _inbox,
    "conversation": _conversation,
    "newsletter": _newsletter,
    "compose": _compose,
    "chosen": _chosen,
    "help": _help,
    "month": _calendar("month"),
    "day": _calendar("day"),
    "week": _calendar("week"),
    "event-form": _form,
    "event": _card,
    "series": _series,
    "people": _people,
    "tasks": _tasks,
    "settings": _settings,
    "hours": _hours,
    "rules": _rules,
    "rule": _rule,
}
ONCE = {
    "newsletter": 390,
    "chosen": 390,
    "help": 1280,
    "day": 390,
    "event": 1280,
    "series": 390,
    "settings": 390,
    "rule": 390,
}
"""Views that are no different at another width, with the one at which they are looked at."""
WORDY = ("inbox", "week", "day", "series", "hours", "rules", "rule")
"""Views whose words are longer in other languages than in English."""
