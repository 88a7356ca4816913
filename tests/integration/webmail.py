"""People at web mail in Chromium, through the front door: one organisation and one browser for all stories."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from email.message import EmailMessage
from email.utils import parseaddr
from itertools import count
from typing import Any, ClassVar

import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Locator, Page, expect
from twisted.internet import reactor  # noqa: TID251 - an integration test
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from casd.testing.organisation import Organisation, running
from tests.integration import soap
from tests.integration.browser import BrowserThread

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

DESK = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def message(to: str, subject: str, text: str = "Hello", html: str = "", **headers: str) -> EmailMessage:
    """Return a message, from Dave unless told otherwise."""
    made = EmailMessage()
    headers = {"From": "Dave Müller <dave@example.org>", "To": to, **headers}
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made["Subject"] = subject
    if "Message-ID" not in made:
        made["Message-ID"] = f"<{abs(hash((to, subject)))}@example.org>"
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
        self.page.locator("#username").fill(login)
        self.page.locator("#password").fill(password or self.casd.password)
        self.page.locator("button[type=submit]").click()
        if password is None:
            expect(self.page.locator("#compose")).to_be_enabled()
        return self

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name)

    def row(self, text: str) -> Locator:
        return self.page.locator(".row", has_text=text)

    def read(self, text: str) -> None:
        self.row(text).click()
        expect(self.page.locator("article h2")).to_contain_text(text.removeprefix("Re: "))

    def settle(self) -> None:
        """Wait until the page has asked its server for nothing during a second."""
        self.page.wait_for_function(
            "() => performance.now() - Math.max(...performance.getEntriesByType('resource').map((asked) =>"
            " asked.responseEnd)) > 1000"
        )

    @property
    def body(self) -> Locator:
        return self.page.frame_locator("article iframe").locator("body")

    @property
    def editor(self) -> Locator:
        return self.page.frame_locator(".compose iframe").locator("body")

    @property
    def toasts(self) -> Locator:
        return self.page.locator("#toasts")

    def write(self, to: str, subject: str, text: str) -> None:
        self.page.locator("#compose").click()
        self.page.get_by_role("combobox", name="To").fill(to + ",")
        self.page.get_by_label("Subject").fill(subject)
        self.editor.fill(text)

    def send(self) -> None:
        self.page.locator(".compose .primary").click()
        expect(self.toasts).to_contain_text("has been sent")

    def folder(self, name: str) -> None:
        self.page.locator("#folders").get_by_role("link", name=name).click()
        expect(self.page.locator("#list-title")).to_have_text(name)

    def go(self, part: str) -> None:
        """Go to another part of the page."""
        self.page.locator(f"#modules [data-module={part}]").click()
        expect(self.page.locator("body")).to_have_attribute("data-module", part)


class Stories(TestCase):
    """Stories, each with people of its own: alice and bob on one mailbox server, carol on the other."""

    timeout = 120
    _shared: ClassVar[Organisation | None] = None
    _numbers: ClassVar[Iterator[int]] = count(1)

    def setUp(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self._open())

    async def _open(self) -> None:
        self.browser = BrowserThread.shared()
        self.casd = await deferToThread(self._organisation)
        number = next(self._numbers)
        self.alice, self.bob, self.carol = (f"{name}{number}@example.org" for name in ("alice", "bob", "carol"))
        for address, database in ((self.alice, "DB01"), (self.bob, "DB01"), (self.carol, "DB02")):
            await deferToThread(self.casd.add_user, address, database)

    @classmethod
    def _organisation(cls) -> Organisation:
        """Return the one organisation of this run, made on first use and ended with the reactor."""
        if Stories._shared is None:
            stack = ExitStack()
            Stories._shared = stack.enter_context(running())
            reactor.callFromThread(  # type: ignore[attr-defined]
                reactor.addSystemEventTrigger,
                "before",
                "shutdown",
                stack.close,  # type: ignore[attr-defined]
            )
        return Stories._shared

    def told(self, story: Callable[[], None]) -> Deferred[None]:
        """Have a story told in the browser's thread."""
        return self.browser.run(story)

    @contextmanager
    def user(self, login: str = "", **options: Any) -> Iterator[User]:
        """Somebody at a browser of his own, signed in if `login` says as whom; at the end nothing was complained of."""
        context = self.browser.context(**{**DESK, **options})
        try:
            user = User(context, self.casd)
            yield user.sign_in(login) if login else user
            if login:
                assert user.errors == [], user.errors
        finally:
            context.close()

    def deliver(self, *messages: EmailMessage) -> None:
        """Send messages as they are, by EWS, each as who it is from."""
        for each in messages:
            send(self.casd, each)

    def told_to(self, to: str, *subjects: str, **headers: str) -> None:
        """Deliver simple messages."""
        self.deliver(*(message(to, subject, **headers) for subject in subjects))


def serious(page: Page, *rules: str) -> list[str]:
    """Return what axe-core finds serious or worse, by all its rules or these."""
    options = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    axe = Axe("0") if page.evaluate("'axe' in window") else Axe()  # its script once a page
    found = axe.run(page, options=options).response["violations"]
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
