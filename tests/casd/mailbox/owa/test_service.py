"""Web mail's side of HTTP: who may ask what, and in which words it is refused."""

from __future__ import annotations

import pytest

from tests.casd.mailbox.owa.conversation import CANARY, Browser
from tests.casd.mailbox.store.world import World, mail

COOKIE = f"__Host-X-OWA-Canary={CANARY}"


def test_the_page_comes_with_a_strict_policy_and_a_canary(browser: Browser) -> None:
    answer = browser.get("/owa/")
    policy = answer.header("content-security-policy")
    assert answer.status == 200
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    cookie = answer.header("set-cookie")
    assert cookie.startswith("__Host-X-OWA-Canary=")
    assert cookie.endswith("; Path=/; Secure; SameSite=Strict")


def test_a_canary_is_kept_while_it_is_there(browser: Browser) -> None:
    assert browser.get("/owa/", Cookie=COOKIE).header("set-cookie") == ""


@pytest.mark.parametrize("target", ["/owa", "/OWA/", "/Owa"])
def test_other_spellings_lead_to_the_page(browser: Browser, target: str) -> None:
    answer = browser.get(target)
    assert (answer.status, answer.header("location")) == (302, "/owa/")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-OWA-Canary": "", "Cookie": ""},
        {"X-OWA-Canary": "", "Cookie": COOKIE},
        {"X-OWA-Canary": CANARY, "Cookie": ""},
        {"X-OWA-Canary": "d" * 32, "Cookie": COOKIE},
        {"X-OWA-Canary": "c", "Cookie": "__Host-X-OWA-Canary=c"},
        {"X-OWA-Canary": CANARY, "Cookie": f"X-OWA-Canary={CANARY}"},
        {"X-OWA-Canary": CANARY, "Cookie": COOKIE, "Sec-Fetch-Site": "same-site"},
        {"X-OWA-Canary": CANARY, "Cookie": COOKIE, "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_request_from_another_page_changes_nothing(browser: Browser, headers: dict[str, str]) -> None:
    answer = browser.ask("POST", "/owa/service.svc?action=CreateFolder", b'{"name": "x"}', headers)
    assert (answer.status, answer.json["error"]) == (403, "ErrorAccessDenied")
    assert "x" not in {folder["name"] for folder in browser.act("FindFolder").json["folders"]}


def test_a_request_of_our_own_page_is_answered(browser: Browser) -> None:
    answer = browser.act("FindFolder", Sec_Fetch_Site="same-origin")
    assert answer.status == 200
    assert answer.header("cache-control") == "no-store"
    assert answer.header("x-content-type-options") == "nosniff"


@pytest.mark.parametrize("action", ["FindFolder", "SendItem", "CreateAttachment"])
def test_nothing_is_done_by_get(browser: Browser, action: str) -> None:
    assert browser.get(f"/owa/service.svc?action={action}", Cookie=COOKIE, X_OWA_Canary=CANARY).status == 404


def test_nothing_else_takes_a_post(browser: Browser) -> None:
    assert browser.ask("POST", "/owa/", b"", {}).status == 405


def test_the_mailbox_of_somebody_else_is_refused(browser: Browser) -> None:
    browser.user = "bob@example.org"
    for answer in (browser.get("/owa/"), browser.act("FindFolder")):
        assert (answer.status, answer.json["error"]) == (403, "ErrorAccessDenied")


@pytest.mark.parametrize(
    ("action", "values", "status", "word"),
    [
        ("NoSuch", {}, 404, "ErrorInvalidOperation"),
        ("", {}, 404, "ErrorInvalidOperation"),
        ("GetItem", b"not json", 400, "ErrorInvalidRequest"),
        ("GetItem", {}, 400, "ErrorInvalidRequest"),
        ("GetItem", {"id": "none"}, 404, "ErrorItemNotFound"),
        ("FindItem", {"folder": "none"}, 404, "ErrorItemNotFound"),
        ("FindItem", {"limit": 100_000}, 400, "ErrorInvalidRequest"),
        ("CreateFolder", {"name": "Inbox"}, 409, "ErrorFolderExists"),
        ("CreateFolder", {"name": "  "}, 400, "ErrorInvalidRequest"),
        ("DeleteFolder", {"folder": "inbox"}, 404, "ErrorItemNotFound"),
        ("SendItem", {"to": []}, 400, "ErrorInvalidRequest"),
        ("SaveItem", {"to": [{"address": "nobody"}]}, 400, "ErrorInvalidRequest"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(
    browser: Browser, action: str, values: object, status: int, word: str
) -> None:
    answer = browser.act(action, values)
    assert (answer.status, answer.json["error"]) == (status, word)
    assert answer.json["message"]


def test_a_default_folder_cannot_be_deleted(browser: Browser, world: World) -> None:
    answer = browser.act("DeleteFolder", {"folder": world.folder("inbox")})
    assert (answer.status, answer.json["error"]) == (403, "ErrorDeleteDistinguishedFolder")


def test_a_request_that_is_too_large_is_refused(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casd.mailbox.owa.drafts.MAX_MESSAGE", 100)
    answer = browser.act("SaveItem", {"subject": "x" * 200})
    assert (answer.status, answer.json["error"]) == (413, "ErrorMessageSizeExceeded")


def test_a_long_body_arrives_whole(browser: Browser) -> None:
    saved = browser.act("SaveItem", {"text": "x" * 500_000}).json
    assert browser.act("GetItem", {"id": saved["id"]}).json["size"] > 500_000


def test_a_body_is_a_document_in_a_sandbox(browser: Browser, world: World) -> None:
    item = world.run(world.alice.deliver, mail())
    answer = browser.get(f"/owa/message.htm?id={item.id}")
    policy = answer.header("content-security-policy")
    assert answer.header("content-type") == "text/html; charset=utf-8"
    assert "sandbox allow-same-origin allow-popups" in policy
    assert "allow-scripts" not in policy
    assert "script-src" not in policy
    assert "img-src data:;" in policy
    assert "Some text" in answer.body.decode()


def test_remote_images_are_allowed_only_when_asked_for(browser: Browser, world: World) -> None:
    html = '<img src="http://a.example/i.png">'
    item = world.run(world.alice.deliver, mail(body=html, Content_Type="text/html"))
    off, on = (browser.get(f"/owa/message.htm?id={item.id}{more}") for more in ("", "&images=1"))
    assert b'data-remote-images="1"' in off.body
    assert b"a.example" not in off.body
    assert b"a.example" in on.body
    assert "img-src data: https:;" in on.header("content-security-policy")


def test_an_attachment_is_saved_and_never_shown(browser: Browser, world: World) -> None:
    item = world.run(world.alice.deliver, mail())
    attachment = world.run(
        world.alice.attachments.add, item.id, "evil ü.html", "text/html", b"<script>alert(1)</script>"
    )
    answer = browser.get(f"/owa/attachment.ashx?id={attachment.id}")
    assert answer.body == b"<script>alert(1)</script>"
    assert answer.header("content-disposition") == "attachment; filename*=UTF-8''evil%20%C3%BC.html"
    assert answer.header("content-security-policy").startswith("sandbox; default-src 'none'")
    assert answer.header("x-content-type-options") == "nosniff"


def test_an_attachment_s_type_cannot_begin_another_header(browser: Browser, world: World) -> None:
    item = world.run(world.alice.deliver, mail())
    attachment = world.run(world.alice.attachments.add, item.id, "", "text/html; x=y", b"x")
    answer = browser.get(f"/owa/attachment.ashx?id={attachment.id}")
    assert answer.header("content-disposition") == "attachment; filename*=UTF-8''attachment"
    assert ";" not in answer.header("content-type")


def test_a_message_can_be_saved_as_it_came(browser: Browser, world: World) -> None:
    item = world.run(world.alice.deliver, mail("A/B: ü"))
    answer = browser.get(f"/owa/message.eml?id={item.id}")
    assert answer.body == mail("A/B: ü")
    assert "filename*=UTF-8''A%2FB%3A%20%C3%BC.eml" in answer.header("content-disposition")


@pytest.mark.parametrize("resource", ["message.htm", "editor.htm", "attachment.ashx", "message.eml"])
def test_what_is_not_there_is_not_found(browser: Browser, resource: str) -> None:
    assert browser.get(f"/owa/{resource}?id=none&verb=reply").status == 404
