"""Web mail in Chromium, through the front door: what people do with it, one method a story."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from casd.testing.organisation import Organisation, running
from tests.integration import soap
from tests.integration.browser import BrowserThread

FIRST_LOAD = 150_000
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63a8f3fc0f00035c01a1e5d1d3"
    "e90000000049454e44ae426082"
)
CREATE_ITEM = """
    <s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"
        xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"
        xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">
      <s:Body>
        <m:CreateItem MessageDisposition="SendOnly">
          <m:Items><t:Message><t:MimeContent>{}</t:MimeContent></t:Message></m:Items>
        </m:CreateItem>
      </s:Body>
    </s:Envelope>
""".strip()


def message(subject: str, text: str = "Hello", html: str = "", **headers: str) -> EmailMessage:
    made = EmailMessage()
    headers = {"From": "Dave Müller <dave@example.org>", "To": "alice@example.org", **headers}
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made["Subject"] = subject
    made["Message-ID"] = f"<{abs(hash(subject))}@example.org>"
    made.set_content(text)
    if html:
        made.add_alternative(html, "html")
    return made


class User:
    """One person at one browser; what the page complains of is kept."""

    def __init__(self, context: BrowserContext, casd: Organisation) -> None:
        self.casd = casd
        self.page: Page = context.new_page()
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda told: told.type == "error" and self.errors.append(told.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.errors.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def sign_in(self, login: str, password: str | None = None, where: str = "/owa/") -> User:
        self.page.goto(self.casd.url + where)
        self.page.get_by_label("E-mail address or user name").fill(login)
        self.page.get_by_label("Password", exact=True).fill(password or self.casd.password)
        self.page.get_by_role("button", name="Sign in").click()
        if password is None:
            expect(self.page.get_by_role("button", name="New message").first).to_be_enabled()
        return self

    def row(self, text: str) -> Any:
        return self.page.locator(".row", has_text=text)

    def read(self, text: str) -> None:
        self.row(text).click()
        expect(self.page.locator("article h2")).to_contain_text(text)

    def settle(self) -> None:
        """Wait until the page has asked its server for nothing during a second."""
        self.page.wait_for_function(
            "() => performance.now() - Math.max(...performance.getEntriesByType('resource').map((asked) =>"
            " asked.responseEnd)) > 1000"
        )

    @property
    def body(self) -> Any:
        return self.page.frame_locator("article iframe").locator("body")

    @property
    def editor(self) -> Any:
        return self.page.frame_locator(".compose iframe").locator("body")

    def write(self, to: str, subject: str, text: str) -> None:
        self.page.get_by_role("button", name="New message").first.click()
        self.page.get_by_role("combobox", name="To").fill(to + ",")
        self.page.get_by_label("Subject").fill(subject)
        self.editor.fill(text)

    def send(self) -> None:
        self.page.get_by_role("button", name="Send").click()
        expect(self.page.locator("#toasts")).to_contain_text("has been sent")

    def folder(self, name: str) -> None:
        self.page.locator("#folders").get_by_role("link", name=name).click()
        expect(self.page.locator("#list-title")).to_have_text(name)


class Owa(TestCase):
    """An organisation for each story; alice and bob are on one mailbox server, carol and dave on the other."""

    timeout = 120
    alice, bob, carol = (f"{user}@example.org" for user in ("alice", "bob", "carol"))

    def setUp(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self._open())

    async def _open(self) -> None:
        self.browser = BrowserThread.shared()
        system = running()
        self.casd: Organisation = await deferToThread(system.__enter__)
        self.addCleanup(deferToThread, system.__exit__, None, None, None)

    def told(self, story: Callable[[], None]) -> Deferred[None]:
        return self.browser.run(story)

    @contextmanager
    def user(self, **options: Any) -> Iterator[User]:
        context = self.browser.context(**{"viewport": {"width": 1280, "height": 800}, **options})
        try:
            yield User(context, self.casd)
        finally:
            context.close()

    async def deliver(self, *messages: EmailMessage) -> None:
        for each in messages:
            await deferToThread(send, self.casd, each)

    # The stories

    async def test_a_wrong_password_is_told_and_the_right_one_leads_to_what_was_asked_for(self) -> None:
        await self.deliver(message("Quarterly figures"))

        def story() -> None:
            with self.user() as alice:
                alice.sign_in(self.alice, "wrong", where="/owa/#/sentitems")
                expect(alice.page.get_by_role("alert")).not_to_be_empty()
                alice.page.get_by_label("E-mail address or user name").fill(self.alice)
                alice.page.get_by_label("Password", exact=True).fill(self.casd.password)
                alice.page.get_by_role("button", name="Sign in").click()
                expect(alice.page.locator("#list-title")).to_have_text("Sent Items")
                alice.folder("Inbox")
                expect(alice.row("Quarterly figures")).to_be_visible()
                assert alice.errors == []

        await self.told(story)

    async def test_reading_marks_as_read_and_unread_brings_it_back(self) -> None:
        await self.deliver(message("First", "Body of the first\n\n> quoted"), message("Second"))

        def story() -> None:
            with self.user() as alice:
                alice.sign_in(self.alice)
                inbox = alice.page.locator("#folders").get_by_role("link", name="Inbox")
                expect(inbox).to_contain_text("2")
                alice.read("First")
                expect(alice.body).to_contain_text("Body of the first")
                expect(alice.body.locator("blockquote")).to_have_text("quoted")
                expect(inbox).to_contain_text("1")
                alice.page.get_by_role("button", name="Mark as unread (u)").click()
                expect(inbox).to_contain_text("2")
                assert alice.errors == []

        await self.told(story)

    async def test_hostile_html_does_nothing_and_remote_images_wait_to_be_asked_for(self) -> None:
        html = """<script>alert(1)</script><img src=x onerror="alert(2)"><svg onload="alert(3)"></svg>
            <iframe src="javascript:alert(4)"></iframe><form action="/owa/logoff.owa"><button>go</button></form>
            <style>@import url(https://tracker.example/s.css)</style><link rel=stylesheet href=https://tracker.example/l>
            <div style="background:url(https://tracker.example/b.png);position:fixed;inset:0">covered</div>
            <a href="javascript:alert(5)">tempting</a><img src="https://tracker.example/p.png" width=50 height=50>"""
        await self.deliver(message("Hostile", html=html))

        def story() -> None:
            with self.user() as alice:
                pixel = {"status": 200, "content_type": "image/png", "body": PIXEL}
                alice.page.context.route("https://tracker.example/**", lambda route: route.fulfill(**pixel))
                alice.sign_in(self.alice)
                alice.read("Hostile")
                expect(alice.body).to_contain_text("covered")
                alice.body.get_by_text("tempting").click()
                assert [url for url in alice.requests if "tracker" in url] == []
                alice.page.get_by_role("button", name="Show images").click()
                image = alice.body.locator("img[width]")
                expect(image).to_have_js_property("complete", value=True)
                expect(image).to_have_js_property("naturalWidth", 1)
                assert [url for url in alice.requests if "tracker" in url] == ["https://tracker.example/p.png"]
                assert alice.errors == []

        await self.told(story)

    async def test_a_message_with_an_attachment_arrives_by_itself_and_unharmed(self) -> None:
        def story() -> None:
            content = bytes(range(256)) * 2000
            file = {"name": "Übersicht 1.bin", "mimeType": "application/x-test", "buffer": content}
            with self.user() as alice, self.user() as carol:
                carol.sign_in(self.carol)
                expect(carol.page.locator("#list-title")).to_have_text("Inbox")
                alice.sign_in(self.alice)
                alice.write(self.carol, "With a file", "Please look at it")
                alice.page.locator("input[type=file]").set_input_files(file)
                expect(alice.page.locator(".compose .files .busy")).to_have_count(0)
                alice.editor.press("Control+a")
                alice.page.get_by_role("button", name="Bold").click()
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
                assert alice.errors == carol.errors == []

        await self.told(story)

    async def test_a_reply_to_all_and_a_forward_carry_what_they_answer(self) -> None:
        original = message("Offer", "The offer stands", Cc=f"{self.bob}, alice@example.org")
        original.add_attachment(b"figures", "text", "csv", filename="figures.csv")
        await self.deliver(original)

        def story() -> None:
            with self.user() as alice, self.user() as bob:
                alice.sign_in(self.alice)
                alice.read("Offer")
                alice.page.get_by_role("button", name="Reply all").click()
                expect(alice.page.get_by_role("form").locator(".chip")).to_have_text(["Dave Müller", self.bob])
                expect(alice.page.get_by_label("Subject")).to_have_value("Re: Offer")
                expect(alice.editor.locator("blockquote")).to_contain_text("The offer stands")
                alice.page.get_by_role("button", name="Remove Dave Müller").click()
                alice.send()
                alice.read("Offer")
                alice.page.get_by_role("button", name="Forward").click()
                expect(alice.page.locator(".compose .file")).to_contain_text("figures.csv")
                alice.page.get_by_role("combobox", name="To").fill(self.bob + ";")
                alice.send()
                bob.sign_in(self.bob)
                bob.read("Fw: Offer")
                expect(bob.page.locator("a.file")).to_contain_text("figures.csv")
                bob.read("Re: Offer")
                expect(bob.body.locator("blockquote")).to_contain_text("The offer stands")
                assert alice.errors == bob.errors == []

        await self.told(story)

    async def test_search_finds_words_and_senders_in_every_folder(self) -> None:
        await self.deliver(
            message("Summer party", "There will be strawberries"),
            message("Winter party", From="Carol <carol@example.org>"),
        )

        def story() -> None:
            with self.user() as alice:
                alice.sign_in(self.alice)
                alice.row("Summer party").hover()
                alice.row("Summer party").get_by_role("button", name="Delete").click()
                box = alice.page.get_by_role("searchbox")
                box.fill("strawb")
                expect(alice.page.locator(".row")).to_have_count(1)
                expect(alice.row("Summer party")).to_contain_text("Deleted Items")
                box.fill("from:carol party")
                expect(alice.row("Winter party")).to_be_visible()
                expect(alice.row("Summer party")).to_have_count(0)
                box.fill("nothing of the kind")
                expect(alice.page.get_by_text("Nothing was found.")).to_be_visible()
                box.fill("")
                expect(alice.page.locator("#list-title")).to_have_text("Inbox")
                assert alice.errors == []

        await self.told(story)

    async def test_what_is_deleted_can_be_undone_and_what_is_chosen_can_be_moved(self) -> None:
        await self.deliver(*(message(f"Letter {number}") for number in range(5)))

        def story() -> None:
            with self.user() as alice:
                alice.sign_in(self.alice)
                alice.read("Letter 3")
                alice.page.keyboard.press("Delete")
                expect(alice.row("Letter 3")).to_have_count(0)
                alice.page.get_by_role("button", name="Undo").click()
                expect(alice.row("Letter 3")).to_be_visible()
                for name in ("Letter 0", "Letter 1"):
                    alice.row(name).hover()
                    alice.row(name).get_by_role("checkbox").click()
                expect(alice.page.get_by_text("2 selected")).to_be_visible()
                alice.page.locator(".selected").get_by_role("button", name="Move").click()
                alice.page.get_by_role("menuitem", name="Junk Email").click()
                expect(alice.page.locator(".row")).to_have_count(3)
                alice.folder("Junk Email")
                expect(alice.page.locator(".row")).to_have_count(2)
                assert alice.errors == []

        await self.told(story)

    async def test_messages_can_be_dragged_to_a_folder_of_ones_own(self) -> None:
        await self.deliver(message("To be filed"), message("To be kept"))

        def story() -> None:
            with self.user() as alice:
                alice.sign_in(self.alice)
                alice.page.get_by_role("button", name="New folder").click()
                alice.page.get_by_role("textbox", name="Name").fill("Projects")
                alice.page.get_by_role("button", name="Create").click()
                projects = alice.page.locator("#folders").get_by_role("link", name="Projects")
                alice.row("To be filed").drag_to(projects)
                expect(alice.row("To be filed")).to_have_count(0)
                alice.folder("Projects")
                expect(alice.row("To be filed")).to_be_visible()
                assert alice.errors == []

        await self.told(story)

    async def test_a_draft_is_saved_as_it_grows_continued_and_discarded(self) -> None:
        def story() -> None:
            with self.user() as alice:
                alice.sign_in(self.alice)
                alice.write(self.bob, "Half of a", "The first half")
                expect(alice.page.locator(".status")).to_have_text("Saved")
                alice.page.get_by_label("Subject").fill("Half of a letter")
                alice.page.get_by_role("button", name="New message").first.click()
                expect(alice.page.get_by_label("Subject")).to_have_value("")
                alice.page.get_by_role("button", name="Close; the message is kept in Drafts").click()
                alice.folder("Drafts")
                expect(alice.page.locator(".row")).to_have_count(1)
                alice.row("Half of a letter").click()
                expect(alice.editor).to_contain_text("The first half")
                expect(alice.page.locator(".chip")).to_have_text([self.bob])
                alice.page.get_by_role("button", name="Discard").click()
                alice.page.get_by_role("dialog").get_by_role("button", name="Discard").click()
                expect(alice.page.get_by_text("This folder is empty.")).to_be_visible()
                assert alice.errors == []

        await self.told(story)

    async def test_plain_text_stays_plain(self) -> None:
        def story() -> None:
            with self.user() as alice, self.user() as bob:
                alice.sign_in(self.alice)
                alice.write(self.bob, "Plain", "one\ntwo")
                alice.page.get_by_role("button", name="Plain text").click()
                alice.page.get_by_role("textbox", name="Text of the message").fill("1 < 2\n\n  indented <b>")
                alice.send()
                bob.sign_in(self.bob)
                bob.read("Plain")
                expect(bob.body.locator(".text")).to_have_text("1 < 2\n\n  indented <b>", use_inner_text=True)
                assert alice.errors == bob.errors == []

        await self.told(story)

    async def test_who_cannot_be_reached_is_named_and_nothing_is_lost(self) -> None:
        def story() -> None:
            with self.user() as alice:
                alice.sign_in(self.alice)
                alice.write("nobody@example.org", "Into the void", "Hello?")
                alice.page.get_by_role("button", name="Send").click()
                expect(alice.page.locator("#toasts")).to_contain_text("nobody@example.org")
                expect(alice.editor).to_contain_text("Hello?")
                alice.page.get_by_role("combobox", name="To").fill(self.bob + ",")
                alice.page.get_by_role("button", name="Send").click()
                expect(alice.page.locator("#toasts")).to_contain_text("Not delivered to nobody@example.org")
                alice.folder("Sent Items")
                expect(alice.row("Into the void")).to_be_visible()

        await self.told(story)

    async def test_recipients_are_suggested_from_those_who_wrote(self) -> None:
        await self.deliver(message("Hello"))

        def story() -> None:
            with self.user() as alice:
                alice.sign_in(self.alice)
                alice.page.keyboard.press("n")
                alice.page.get_by_role("combobox", name="To").press_sequentially("müll")
                expect(alice.page.get_by_role("option")).to_contain_text("dave@example.org")
                alice.page.keyboard.press("Enter")
                expect(alice.page.locator(".chip")).to_have_text(["Dave Müller"])
                assert alice.errors == []

        await self.told(story)

    async def test_an_ended_session_leads_back_to_the_same_message(self) -> None:
        await self.deliver(message("Still here"), message("The other"))

        def story() -> None:
            with self.user() as alice:
                alice.sign_in(self.alice)
                alice.read("Still here")
                alice.settle()  # a refresh would lead to the sign-in page before the other message is chosen
                alice.page.context.clear_cookies(name="cadata")
                alice.row("The other").click()
                expect(alice.page.get_by_role("button", name="Sign in")).to_be_visible()
                alice.page.get_by_label("E-mail address or user name").fill(self.alice)
                alice.page.get_by_label("Password", exact=True).fill(self.casd.password)
                alice.page.get_by_role("button", name="Sign in").click()
                expect(alice.page.locator("article h2")).to_have_text("The other")

        await self.told(story)

    async def test_everything_can_be_done_by_keyboard(self) -> None:
        await self.deliver(message("Keys A"), message("Keys B"))

        def story() -> None:
            with self.user() as alice:
                alice.sign_in(self.alice)
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
                expect(alice.page.locator("#toasts")).to_contain_text("has been sent")
                press("/")
                expect(alice.page.get_by_role("searchbox")).to_be_focused()
                press("Escape")
                press("Tab")
                alice.page.locator(".row").first.focus()
                press("x")
                expect(alice.page.get_by_text("1 selected")).to_be_visible()
                press("Escape")
                press("?")
                expect(alice.page.get_by_role("dialog")).to_be_visible()
                press("Escape")
                assert alice.errors == []

        await self.told(story)

    async def test_a_phone_shows_one_pane_at_a_time(self) -> None:
        await self.deliver(message("In my pocket"))

        def story() -> None:
            with self.user(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True) as alice:
                alice.sign_in(self.alice)
                alice.row("In my pocket").tap()
                expect(alice.page.locator("article h2")).to_have_text("In my pocket")
                expect(alice.page.locator("#list")).to_be_hidden()
                alice.page.get_by_role("button", name="Back to the list").tap()
                expect(alice.page.locator("#list")).to_be_visible()
                alice.page.get_by_role("button", name="Folders").tap()
                alice.page.locator("#folders").get_by_role("link", name="Drafts").tap()
                expect(alice.page.locator("#list-title")).to_have_text("Drafts")
                assert alice.page.evaluate("document.documentElement.scrollWidth") == 390
                assert alice.errors == []

        await self.told(story)

    async def test_the_first_load_is_light_and_stays_within_its_origin(self) -> None:
        def story() -> None:
            with self.user() as alice:
                alice.sign_in(self.alice)
                alice.page.wait_for_selector("#folders a")
                timing = "performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
                sizes = alice.page.evaluate(f"{timing}.map((each) => each.transferSize)")
                assert 0 < sum(sizes) < FIRST_LOAD, sizes
                assert [url for url in alice.requests if not url.startswith(self.casd.url)] == []
                assert alice.errors == []

        await self.told(story)

    async def test_no_view_hinders_people_with_assistive_technology(self) -> None:
        await self.deliver(*(message(f"Letter {number}", html="<p>Some <b>text</b>") for number in range(3)))

        def story() -> None:
            for scheme in ("light", "dark"):
                with self.user(color_scheme=scheme) as alice:
                    page = alice.page
                    page.goto(self.casd.url + "/owa/")
                    assert serious(page) == []
                    alice.sign_in(self.alice)
                    alice.read("Letter 1")
                    expect(alice.body).to_contain_text("Some text")
                    assert serious(page) == []
                    page.get_by_role("button", name="Reply all").click()
                    expect(alice.editor.locator("blockquote")).to_be_visible()
                    assert serious(page) == []

        await self.told(story)

    async def test_what_happens_in_one_tab_is_seen_in_the_other_and_on_other_devices(self) -> None:
        await self.deliver(message("Seen everywhere"), message("Deleted everywhere"))

        def story() -> None:
            with self.user() as desk, self.user() as phone:
                desk.sign_in(self.alice)
                phone.sign_in(self.alice)
                tab = User(desk.page.context, self.casd)
                tab.page.goto(self.casd.url + "/owa/")
                expect(tab.row("Seen everywhere")).to_have_class("row unread")
                phone.read("Seen everywhere")
                phone.row("Deleted everywhere").hover()
                phone.row("Deleted everywhere").get_by_role("button", name="Delete").click()
                for other in (desk, tab):
                    expect(other.row("Seen everywhere")).to_have_class("row")
                    expect(other.row("Deleted everywhere")).to_have_count(0)
                assert desk.errors == tab.errors == phone.errors == []

        await self.told(story)

    async def test_new_mail_goes_on_arriving_when_the_database_has_moved(self) -> None:
        def sign_in() -> User:
            return User(self.browser.context(), self.casd).sign_in(self.alice)

        def story(subject: str) -> None:
            alice.row(subject).wait_for()

        alice = await self.browser.run(sign_in)
        self.addCleanup(self.browser.run, alice.page.context.close)
        await self.deliver(message("Before"))
        await self.browser.run(story, "Before")
        await deferToThread(self.casd.move, "DB01", "mbx2")
        await self.deliver(message("After"))
        await self.browser.run(story, "After")

    async def test_a_lost_network_is_told_and_comes_back(self) -> None:
        await self.deliver(message("Still there"))

        def story() -> None:
            with self.user() as alice:
                alice.sign_in(self.alice)
                alice.page.context.set_offline(True)
                alice.row("Still there").click()
                expect(alice.page.locator("#toasts")).to_contain_text("The server cannot be reached.")
                alice.page.context.set_offline(False)
                alice.row("Still there").click()
                expect(alice.page.locator("article h2")).to_have_text("Still there")

        await self.told(story)

    async def test_signing_out_ends_the_session(self) -> None:
        def story() -> None:
            with self.user() as alice:
                alice.sign_in(self.alice)
                alice.page.get_by_role("button", name="Account of Alice").click()
                alice.page.get_by_role("menuitem", name="Sign out").click()
                expect(alice.page.get_by_role("button", name="Sign in")).to_be_visible()
                alice.page.goto(self.casd.url + "/owa/")
                expect(alice.page.get_by_role("button", name="Sign in")).to_be_visible()

        await self.told(story)


def serious(page: Page) -> list[str]:
    """Return what axe-core finds serious or worse."""
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {each['nodes'][0]['target']}" for each in found if each["impact"] in {"serious", "critical"}
    ]


def send(casd: Organisation, message: EmailMessage) -> None:
    """Send a message as it is, by EWS, as who it is from."""
    sender = parseaddr(str(message["from"]))[1]
    answer = requests.post(
        casd.ews,
        CREATE_ITEM.format(b64encode(message.as_bytes()).decode()),
        auth=(sender, casd.password),
        headers=soap.HEADERS,
        verify=casd.ca,
        timeout=30,
    )
    assert soap.succeeded(answer.content), answer.text
