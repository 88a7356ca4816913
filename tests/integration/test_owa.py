"""Web mail in Chromium, through the front door: what people do with their mail, one method a story."""

from __future__ import annotations

import re
from pathlib import Path
from statistics import median

from playwright.sync_api import Route, expect
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from tests.integration.webmail import PHONE, PIXEL, Stories, User, message

FIRST_LOAD = 150_000
WATCH = """(flagged) => {
    window.seen = new Promise((resolve) => {
        const look = () => { if (Boolean(document.querySelector(".row.flagged")) === flagged) resolve(Date.now()); };
        new MutationObserver(look).observe(document.body, { attributes: true, childList: true, subtree: true });
        look();
    });
}"""
"""Notes when a flag is seen in the list, or none any more."""


class Reading(Stories):
    """Signing in, reading, finding, putting in order."""

    def test_a_wrong_password_is_told_and_the_right_one_leads_to_what_was_asked_for(self) -> Deferred[None]:
        def story() -> None:
            self.told_to(self.alice, "Quarterly figures")
            with self.user() as alice:
                alice.sign_in(self.alice, "wrong", where="/owa/#/sentitems")
                expect(alice.page.get_by_role("alert")).not_to_be_empty()
                alice.page.get_by_label("E-mail address or user name").fill(self.alice)
                alice.page.get_by_label("Password", exact=True).fill(self.casd.password)
                alice.button("Sign in").click()
                expect(alice.page.locator("#list-title")).to_have_text("Sent Items")
                alice.folder("Inbox")
                expect(alice.row("Quarterly figures")).to_be_visible()
                assert alice.errors == []

        return self.told(story)

    def test_reading_marks_as_read_and_unread_brings_it_back(self) -> Deferred[None]:
        def story() -> None:
            self.deliver(message(self.alice, "First", "Body of the first\n\n> quoted"), message(self.alice, "Second"))
            with self.user(self.alice) as alice:
                inbox = alice.page.locator("#folders").get_by_role("link", name="Inbox")
                expect(inbox).to_contain_text("2")
                alice.read("First")
                expect(alice.body).to_contain_text("Body of the first")
                expect(alice.body.locator("blockquote")).to_have_text("quoted")
                expect(inbox).to_contain_text("1")
                alice.button("Mark as unread (u)").click()
                expect(inbox).to_contain_text("2")

        return self.told(story)

    def test_a_conversation_is_one_row_and_is_read_as_one(self) -> Deferred[None]:
        def story() -> None:
            first = message(self.alice, "Launch", "Who prepares the demo?", Message_ID="<l1@example.org>")
            second = message(
                self.alice, "Re: Launch", "I do.", Message_ID="<l2@example.org>", References="<l1@example.org>"
            )
            third = message(
                self.alice, "Re: Launch", "Good.", Message_ID="<l3@example.org>", References="<l1@example.org>"
            )
            self.deliver(first, second, message(self.alice, "Other"))
            with self.user(self.alice) as alice:
                expect(alice.page.locator(".row")).to_have_count(2)
                expect(alice.row("Launch").locator(".many")).to_have_text("2")
                alice.read("Launch")
                expect(alice.page.locator("article iframe")).to_have_count(2)
                self.deliver(third)
                expect(alice.page.frame_locator("article iframe >> nth=2").locator("body")).to_contain_text("Good.")
                expect(alice.row("Launch")).not_to_have_class("unread")
                alice.page.keyboard.press("Delete")
                expect(alice.page.locator(".row")).to_have_count(1)
                alice.folder("Deleted Items")
                expect(alice.row("Launch").locator(".many")).to_have_text("3")

        return self.told(story)

    def test_hostile_html_does_nothing_and_remote_images_wait_to_be_asked_for(self) -> Deferred[None]:
        html = """<script>alert(1)</script><img src=x onerror="alert(2)"><svg onload="alert(3)"></svg>
            <iframe src="javascript:alert(4)"></iframe><form action="/owa/logoff.owa"><button>go</button></form>
            <style>@import url(https://tracker.example/s.css)</style><link rel=stylesheet href=https://tracker.example/l>
            <div style="background:url(https://tracker.example/b.png);position:fixed;inset:0">covered</div>
            <a href="javascript:alert(5)">tempting</a><img src="https://tracker.example/p.png" width=50 height=50>"""

        def story() -> None:
            self.deliver(message(self.alice, "Hostile", html=html))
            with self.user() as alice:
                pixel = {"status": 200, "content_type": "image/png", "body": PIXEL}
                alice.page.context.route("https://tracker.example/**", lambda route: route.fulfill(**pixel))
                alice.sign_in(self.alice)
                alice.read("Hostile")
                expect(alice.body).to_contain_text("covered")
                alice.body.get_by_text("tempting").click()
                assert [url for url in alice.requests if "tracker" in url] == []
                alice.button("Show images").click()
                image = alice.body.locator("img[width]")
                expect(image).to_have_js_property("complete", value=True)
                expect(image).to_have_js_property("naturalWidth", 1)
                assert [url for url in alice.requests if "tracker" in url] == ["https://tracker.example/p.png"]
                assert alice.errors == []

        return self.told(story)

    def test_search_finds_words_and_senders_in_every_folder_and_marks_them(self) -> Deferred[None]:
        def story() -> None:
            self.deliver(
                message(self.alice, "Summer party", "There will be strawberries"),
                message(self.alice, "Winter party", From="Carol <carol@example.org>"),
            )
            with self.user(self.alice) as alice:
                alice.row("Summer party").hover()
                alice.row("Summer party").get_by_role("button", name="Delete").click()
                box = alice.page.locator("#search input")
                box.fill("strawb")
                expect(alice.page.locator(".row")).to_have_count(1)
                expect(alice.row("Summer party")).to_contain_text("Deleted Items")
                expect(alice.page.locator(".row mark")).to_have_text("strawberries")
                box.fill("from:carol party")
                expect(alice.row("Winter party")).to_be_visible()
                expect(alice.row("Summer party")).to_have_count(0)
                box.fill("nothing of the kind")
                expect(alice.page.get_by_text("Nothing was found.")).to_be_visible()
                box.fill("")
                expect(alice.page.locator("#list-title")).to_have_text("Inbox")

        return self.told(story)

    def test_the_search_box_suggests_people_and_what_was_searched_before(self) -> Deferred[None]:
        def story() -> None:
            self.told_to(self.alice, "From Dave")
            self.told_to(self.alice, "From Carol", From="Carol <carol@example.org>")
            with self.user(self.alice) as alice:
                box = alice.page.locator("#search input")
                box.press_sequentially("müll")
                option = alice.page.locator("#search").get_by_role("option")
                expect(option).to_contain_text("From Dave Müller")
                box.press("ArrowDown")
                box.press("Enter")
                expect(box).to_have_value("from:dave@example.org ")
                expect(alice.row("From Dave")).to_be_visible()
                expect(alice.row("From Carol")).to_have_count(0)
                box.fill("")
                box.press_sequentially("from")
                expect(option.first).to_contain_text("from:dave@example.org")
                box.fill("from c")
                option.get_by_text("From Carol").click()
                expect(box).to_have_value('subject:"From Carol"')
                expect(alice.row("From Carol")).to_be_visible()

        return self.told(story)

    def test_what_is_deleted_can_be_undone_and_what_is_chosen_can_be_moved(self) -> Deferred[None]:
        def story() -> None:
            self.told_to(self.alice, *(f"Letter {number}" for number in range(5)))
            with self.user(self.alice) as alice:
                alice.read("Letter 3")
                alice.page.keyboard.press("Delete")
                expect(alice.row("Letter 3")).to_have_count(0)
                alice.button("Undo").click()
                expect(alice.row("Letter 3")).to_be_visible()
                for name in ("Letter 0", "Letter 1"):
                    alice.row(name).hover()
                    alice.row(name).get_by_role("checkbox").click()
                expect(alice.page.get_by_text("2 selected")).to_be_visible()
                alice.page.locator(".selected").get_by_role("button", name="Move").click()
                alice.page.get_by_role("menuitem", name="Junk Email").click()
                expect(alice.page.locator(".row")).to_have_count(3)
                alice.page.keyboard.press("z")
                expect(alice.page.locator(".row")).to_have_count(5)

        return self.told(story)

    def test_many_are_marked_and_archived_at_once(self) -> Deferred[None]:
        def story() -> None:
            self.told_to(self.alice, *(f"Letter {number}" for number in range(4)))
            with self.user(self.alice) as alice:
                expect(alice.page.locator(".row.unread")).to_have_count(4)
                alice.page.locator(".row").first.focus()
                alice.page.keyboard.press("Control+a")
                alice.page.locator(".selected").get_by_role("button", name="Mark as read").click()
                expect(alice.page.locator(".row.unread")).to_have_count(0)
                alice.row("Letter 0").click(modifiers=["Control"])
                alice.row("Letter 2").click(modifiers=["Control"])
                alice.page.locator(".selected").get_by_role("button", name="Archive").click()
                expect(alice.page.locator(".row")).to_have_count(2)
                alice.folder("Archive")
                expect(alice.page.locator(".row")).to_have_count(2)

        return self.told(story)

    def test_messages_are_flagged_and_categorised_and_found_by_it(self) -> Deferred[None]:
        def story() -> None:
            self.told_to(self.alice, "Letter A", "Letter B", "Letter C")
            with self.user(self.alice) as alice, self.user(self.alice) as phone:
                alice.row("Letter A").click(button="right")
                alice.page.get_by_role("menuitem", name="Flag").click()
                expect(alice.row("Letter A")).to_have_class("row unread flagged")
                alice.read("Letter B")
                alice.page.keyboard.press("c")
                alice.page.get_by_role("menuitemcheckbox", name="Green").click()
                expect(alice.page.locator("article .tag")).to_have_text("Green")
                expect(phone.row("Letter B").locator(".dot")).to_have_attribute("title", "Green")
                phone.button("Flagged").click()
                expect(phone.page.locator(".row")).to_have_count(1)
                phone.page.locator("[data-filter=category]").click()
                phone.page.get_by_role("menuitemcheckbox", name="Green").click()
                expect(phone.row("Letter B")).to_be_visible()
                expect(phone.page.locator(".row")).to_have_count(1)

        return self.told(story)

    def test_messages_can_be_dragged_to_a_folder_of_ones_own(self) -> Deferred[None]:
        def story() -> None:
            self.told_to(self.alice, "To be filed", "To be kept")
            with self.user(self.alice) as alice:
                alice.button("New folder").click()
                alice.page.get_by_role("textbox", name="Name").fill("Projects")
                alice.button("Create").click()
                projects = alice.page.locator("#folders").get_by_role("link", name="Projects")
                alice.row("To be filed").drag_to(projects)
                expect(alice.row("To be filed")).to_have_count(0)
                alice.folder("Projects")
                expect(alice.row("To be filed")).to_be_visible()

        return self.told(story)

    def test_a_folder_is_renamed_emptied_and_deleted(self) -> Deferred[None]:
        def story() -> None:
            self.told_to(self.alice, "Old news")
            with self.user(self.alice) as alice:
                menu = alice.page.get_by_role("menuitem")
                alice.button("New folder").click()
                alice.page.get_by_role("textbox", name="Name").fill("Wrok")
                alice.button("Create").click()
                alice.button("Actions for Wrok").click()
                menu.filter(has_text="Rename").click()
                alice.page.get_by_role("textbox", name="Name").fill("Work")
                alice.button("Rename").click()
                alice.row("Old news").drag_to(alice.page.locator("#folders").get_by_role("link", name="Work"))
                alice.folder("Work")
                expect(alice.row("Old news")).to_be_visible()
                alice.button("Actions for Work").click()
                menu.filter(has_text="Empty folder").click()
                alice.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
                expect(alice.page.get_by_text("This folder is empty.")).to_be_visible()
                alice.button("Actions for Work").click()
                menu.filter(has_text="Delete folder").click()
                alice.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
                expect(alice.page.locator("#list-title")).to_have_text("Inbox")

        return self.told(story)

    def test_an_ended_session_leads_back_to_the_same_message(self) -> Deferred[None]:
        def story() -> None:
            self.told_to(self.alice, "Still here", "The other")
            with self.user() as alice:
                alice.sign_in(self.alice)
                alice.read("Still here")
                alice.settle()  # a refresh would lead to the sign-in page before the other message is chosen
                alice.page.context.clear_cookies(name="cadata")
                alice.row("The other").click()
                expect(alice.button("Sign in")).to_be_visible()
                alice.page.get_by_label("E-mail address or user name").fill(self.alice)
                alice.page.get_by_label("Password", exact=True).fill(self.casd.password)
                alice.button("Sign in").click()
                expect(alice.page.locator("article h2")).to_have_text("The other")

        return self.told(story)

    def test_everything_can_be_done_by_keyboard(self) -> Deferred[None]:
        def story() -> None:
            self.told_to(self.alice, "Keys A", "Keys B")
            with self.user(self.alice) as alice:
                expect(alice.page.locator(".row")).to_have_count(2)
                press = alice.page.keyboard.press
                press("j")
                expect(alice.page.locator("article h2")).to_have_text("Keys B")
                press("j")
                expect(alice.page.locator("article h2")).to_have_text("Keys A")
                press("s")
                expect(alice.row("Keys A")).to_have_class("row open flagged")
                press("u")
                expect(alice.row("Keys A")).to_have_class("row unread open flagged")
                press("r")
                expect(alice.editor.locator("blockquote")).to_be_visible()
                alice.page.keyboard.type("Typed at once")
                expect(alice.editor.locator("p").first).to_have_text("Typed at once")
                press("Control+Enter")
                expect(alice.toasts).to_contain_text("has been sent")
                press("/")
                expect(alice.page.locator("#search input")).to_be_focused()
                press("Escape")
                press("Escape")
                alice.page.locator(".row").first.focus()
                press("x")
                expect(alice.page.get_by_text("1 selected")).to_be_visible()
                press("Escape")
                press("?")
                expect(alice.page.get_by_role("dialog")).to_contain_text("Mail, calendar, people, tasks")
                press("Escape")
                expect(alice.page.get_by_role("dialog")).to_have_count(0)
                press("2")
                expect(alice.page.locator("#calendar")).to_be_visible()
                press("1")
                expect(alice.page.locator("#list")).to_be_visible()

        return self.told(story)

    def test_a_phone_shows_one_pane_at_a_time(self) -> Deferred[None]:
        def story() -> None:
            self.told_to(self.alice, "In my pocket")
            with self.user(self.alice, **PHONE) as alice:
                alice.row("In my pocket").tap()
                expect(alice.page.locator("article h2")).to_have_text("In my pocket")
                expect(alice.page.locator("#list")).to_be_hidden()
                alice.button("Back to the list").tap()
                expect(alice.page.locator("#list")).to_be_visible()
                alice.button("Folders").tap()
                alice.page.locator("#folders").get_by_role("link", name="Drafts").tap()
                expect(alice.page.locator("#list-title")).to_have_text("Drafts")

        return self.told(story)

    def test_the_first_load_is_light_and_stays_within_its_origin(self) -> Deferred[None]:
        def story() -> None:
            with self.user(self.alice) as alice:
                alice.page.wait_for_selector("#folders a")
                timing = "performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
                sizes = alice.page.evaluate(f"{timing}.map((each) => each.transferSize)")
                assert 0 < sum(sizes) < FIRST_LOAD, sizes
                assert [url for url in alice.requests if not url.startswith(self.casd.url)] == []

        return self.told(story)

    def test_signing_out_ends_the_session(self) -> Deferred[None]:
        def story() -> None:
            with self.user(self.alice) as alice:
                alice.page.locator("#account").click()
                alice.page.get_by_role("menuitem", name="Sign out").click()
                expect(alice.button("Sign in")).to_be_visible()
                alice.page.goto(self.casd.url + "/owa/")
                expect(alice.button("Sign in")).to_be_visible()

        return self.told(story)

    def test_whoever_goes_back_after_somebody_has_signed_out_sees_nothing(self) -> Deferred[None]:
        """As the page is when a browser has kept it, which Playwright does not let it do."""

        def story() -> None:
            with self.user(self.alice) as alice:
                alice.page.context.route("**/owa/logoff.owa", lambda route: route.fulfill(status=204))
                alice.page.locator("#account").click()
                with alice.page.expect_request("**/owa/logoff.owa"):
                    alice.page.get_by_role("menuitem", name="Sign out").click()
                expect(alice.page.locator("#account")).to_be_hidden()
                with alice.page.expect_event("load"):
                    alice.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")

        return self.told(story)

    def test_signing_out_gives_up_what_is_under_way_and_keeps_what_is_written(self) -> Deferred[None]:
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        def sign_off(route: Route) -> None:
            answer = route.fetch(max_redirects=0)
            held.pop().continue_()  # which would find that the session has ended
            route.request.frame.page.wait_for_timeout(300)
            route.fulfill(response=answer)

        def story() -> None:
            with self.user(self.alice) as alice:
                alice.write(self.bob, "Half a letter", "This far")
                alice.page.context.route(re.compile("action=FindPeople"), hold)
                alice.page.context.route("**/owa/logoff.owa", sign_off)
                alice.page.get_by_role("combobox", name="To").press_sequentially("ca")
                alice.page.wait_for_timeout(1000)
                alice.page.locator("#account").click()
                alice.page.get_by_role("menuitem", name="Sign out").click()
                expect(alice.button("Sign in")).to_be_visible()
                alice.page.context.unroute_all()
                alice.sign_in(self.alice)
                alice.folder("Drafts")
                expect(alice.row("Half a letter")).to_be_visible()

        return self.told(story)


class Writing(Stories):
    """Drafts, attachments, answers."""

    def test_a_message_with_an_attachment_arrives_by_itself_and_unharmed(self) -> Deferred[None]:
        def story() -> None:
            content = bytes(range(256)) * 2000
            file = {"name": "Übersicht 1.bin", "mimeType": "application/x-test", "buffer": content}
            with self.user(self.carol) as carol, self.user(self.alice) as alice:
                alice.write(self.carol, "With a file", "Please look at it")
                alice.page.locator("input.picker").set_input_files(file)
                expect(alice.page.locator(".compose .files .busy")).to_have_count(0)
                alice.editor.press("Control+a")
                alice.button("Bold").click()
                alice.send()
                expect(carol.row("With a file")).to_be_visible()
                carol.read("With a file")
                expect(carol.body.locator("b")).to_have_text("Please look at it")
                with carol.page.expect_download() as download:
                    carol.page.locator("a.file").click()
                assert download.value.suggested_filename == "Übersicht 1.bin"
                assert Path(download.value.path()).read_bytes() == content
                alice.folder("Sent Items")
                expect(alice.row("With a file")).to_be_visible()

        return self.told(story)

    def test_files_are_dropped_to_attach_them_and_images_into_the_text(self) -> Deferred[None]:
        def story() -> None:
            dropped = """(target, [name, type, bytes]) => {
                const dataTransfer = new DataTransfer();
                dataTransfer.items.add(new File([new Uint8Array(bytes)], name, { type }));
                target.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer }));
            }"""
            with self.user(self.bob) as bob, self.user(self.alice) as alice:
                alice.write(self.bob, "Dropped", "Look:")
                alice.page.locator(".compose").evaluate(dropped, ["notes.txt", "text/plain", list(b"notes")])
                expect(alice.page.locator(".compose .file")).to_contain_text("notes.txt")
                alice.editor.evaluate(dropped, ["dot.png", "image/png", list(PIXEL)])
                expect(alice.editor.locator("img")).to_have_count(1)
                alice.send()
                bob.read("Dropped")
                expect(bob.page.locator("a.file")).to_have_count(1)
                expect(bob.body.locator("img")).to_have_js_property("naturalWidth", 1)

        return self.told(story)

    def test_a_reply_to_all_and_a_forward_carry_what_they_answer(self) -> Deferred[None]:
        def story() -> None:
            original = message(self.alice, "Offer", "The offer stands", Cc=f"{self.bob}, {self.alice}")
            original.add_attachment(b"figures", "text", "csv", filename="figures.csv")
            self.deliver(original)
            with self.user(self.alice) as alice, self.user(self.bob) as bob:
                alice.read("Offer")
                alice.button("Reply all").click()
                expect(alice.page.get_by_role("form").locator(".chip")).to_have_text(["Dave Müller", self.bob])
                expect(alice.page.get_by_label("Subject")).to_have_value("Re: Offer")
                expect(alice.editor.locator("blockquote")).to_contain_text("The offer stands")
                alice.button("Remove Dave Müller").click()
                alice.send()
                alice.read("Offer")
                alice.page.locator("#reading > .tools").get_by_role("button", name="Forward").click()
                expect(alice.page.locator(".compose .file")).to_contain_text("figures.csv")
                alice.page.get_by_role("combobox", name="To").fill(self.bob + ";")
                alice.send()
                bob.row("Fw: Offer").click()
                expect(bob.page.locator("a.file")).to_contain_text("figures.csv")
                bob.row("Re: Offer").click()
                expect(bob.page.frame_locator("article iframe >> nth=-1").locator("blockquote")).to_contain_text(
                    "stands"
                )

        return self.told(story)

    def test_a_draft_is_saved_as_it_grows_continued_and_discarded(self) -> Deferred[None]:
        def story() -> None:
            with self.user(self.alice) as alice:
                alice.write(self.bob, "Half of a", "The first half")
                expect(alice.page.locator(".status")).to_have_text("Saved")
                alice.page.get_by_label("Subject").fill("Half of a letter")
                alice.page.locator("#compose").click()
                expect(alice.page.get_by_label("Subject")).to_have_value("")
                alice.button("Close; the message is kept in Drafts").click()
                alice.folder("Drafts")
                expect(alice.page.locator(".row")).to_have_count(1)
                alice.row("Half of a letter").click()
                expect(alice.editor).to_contain_text("The first half")
                expect(alice.page.locator(".chip")).to_have_text([self.bob])
                alice.button("Discard").click()
                alice.page.get_by_role("dialog").get_by_role("button", name="Discard").click()
                expect(alice.page.get_by_text("This folder is empty.")).to_be_visible()

        return self.told(story)

    def test_plain_text_stays_plain(self) -> Deferred[None]:
        def story() -> None:
            with self.user(self.alice) as alice, self.user(self.bob) as bob:
                alice.write(self.bob, "Plain", "one\ntwo")
                alice.button("Plain text").click()
                alice.page.get_by_role("textbox", name="Text of the message").fill("1 < 2\n\n  indented <b>")
                alice.send()
                bob.read("Plain")
                expect(bob.body.locator(".text")).to_have_text("1 < 2\n\n  indented <b>", use_inner_text=True)

        return self.told(story)

    def test_who_cannot_be_reached_is_named_and_nothing_is_lost(self) -> Deferred[None]:
        def story() -> None:
            with self.user() as alice:
                alice.sign_in(self.alice)
                alice.write("nobody@example.org", "Into the void", "Hello?")
                alice.button("Send").click()
                expect(alice.toasts).to_contain_text("nobody@example.org")
                expect(alice.editor).to_contain_text("Hello?")
                alice.page.get_by_role("combobox", name="To").fill(self.bob + ",")
                alice.button("Send").click()
                expect(alice.toasts).to_contain_text("Not delivered to nobody@example.org")
                alice.folder("Sent Items")
                expect(alice.row("Into the void")).to_be_visible()

        return self.told(story)

    def test_recipients_are_suggested_from_those_who_wrote(self) -> Deferred[None]:
        def story() -> None:
            self.told_to(self.alice, "Hello")
            with self.user(self.alice) as alice:
                alice.page.keyboard.press("n")
                alice.page.get_by_role("combobox", name="To").press_sequentially("müll")
                expect(alice.page.locator(".compose").get_by_role("option")).to_contain_text("dave@example.org")
                alice.page.keyboard.press("Enter")
                expect(alice.page.locator(".chip")).to_have_text(["Dave Müller"])

        return self.told(story)


class Elsewhere(Stories):
    """Two browsers at once, and networks that come and go."""

    def test_two_browsers_see_each_others_changes_within_a_second(self) -> Deferred[None]:
        def story() -> None:
            self.told_to(self.alice, "Seen everywhere", "Deleted everywhere")
            with self.user(self.alice) as desk, self.user(self.alice) as phone:
                tab = User(desk.page.context, self.casd)
                tab.page.goto(self.casd.url + "/owa/")
                for each in (desk, phone, tab):
                    expect(each.row("Seen everywhere")).to_have_class("row unread")
                phone.read("Seen everywhere")
                expect(desk.row("Seen everywhere")).to_have_class("row")
                waits = []
                for flagged in (True, False, True):
                    desk.page.evaluate(WATCH, flagged)
                    begun = phone.page.evaluate("Date.now()")
                    phone.page.keyboard.press("s")
                    waits.append((desk.page.evaluate("window.seen") - begun) / 1000)
                assert median(waits) < 1, waits
                expect(tab.row("Seen everywhere")).to_have_class("row flagged")
                phone.row("Deleted everywhere").hover()
                phone.row("Deleted everywhere").get_by_role("button", name="Delete").click()
                for each in (desk, tab):
                    expect(each.row("Deleted everywhere")).to_have_count(0)
                assert tab.errors == []

        return self.told(story)

    def test_new_mail_is_told_wherever_one_is(self) -> Deferred[None]:
        def story() -> None:
            with self.user(self.alice) as alice:
                alice.go("tasks")
                self.told_to(self.alice, "Ding")
                expect(alice.toasts).to_contain_text("Dave Müller: Ding")
                alice.button("Open").click()
                expect(alice.page.locator("article h2")).to_have_text("Ding")

        return self.told(story)

    async def test_new_mail_goes_on_arriving_when_the_database_has_moved(self) -> None:
        def sign_in() -> User:
            return User(self.browser.context(), self.casd).sign_in(self.alice)

        alice = await self.browser.run(sign_in)
        self.addCleanup(self.browser.run, alice.page.context.close)
        for subject, server in (("Before", "mbx2"), ("After", "mbx1"), ("And again", "")):
            await deferToThread(self.told_to, self.alice, subject)
            await self.browser.run(lambda subject=subject: alice.row(subject).wait_for())
            if server:
                await deferToThread(self.casd.move, "DB01", server)

    def test_a_lost_network_is_told_and_what_was_done_meanwhile_is_done_later(self) -> Deferred[None]:
        def story() -> None:
            self.told_to(self.alice, "Still there", "To be flagged")
            with self.user() as alice, self.user(self.alice) as other:
                alice.sign_in(self.alice)
                expect(alice.row("Still there")).to_be_visible()
                alice.page.context.set_offline(True)
                expect(alice.page.locator("#offline")).to_contain_text("No connection")
                alice.row("To be flagged").hover()
                alice.row("To be flagged").get_by_role("button", name="Flag").click()
                expect(alice.row("To be flagged")).to_have_class("row unread flagged")
                alice.row("Still there").click()
                expect(alice.page.locator("#reading")).to_contain_text("as soon as the server can be reached")
                alice.page.context.set_offline(False)
                expect(alice.page.locator("article h2")).to_have_text("Still there")
                expect(other.row("To be flagged")).to_have_class("row unread flagged")
                expect(alice.page.locator("#offline")).to_be_hidden()

        return self.told(story)

    def test_a_draft_survives_a_lost_network(self) -> Deferred[None]:
        def story() -> None:
            with self.user() as alice:
                alice.sign_in(self.alice)
                alice.write(self.bob, "From the train", "In the tunnel")
                alice.page.context.set_offline(True)
                alice.editor.press_sequentially(", still")
                expect(alice.page.locator(".status")).to_contain_text("Not saved")
                alice.page.context.set_offline(False)
                expect(alice.page.locator(".status")).to_have_text("Saved")
                alice.send()

        return self.told(story)
