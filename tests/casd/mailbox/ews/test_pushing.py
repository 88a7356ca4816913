"""Push subscriptions: the server's side of the conversation, with a client that answers as the test says."""

from __future__ import annotations

from typing import Any, cast

import pytest
from lxml import etree

from casd.mailbox.push import Push
from protocols.ews.schema import grammar
from tests.casd.mailbox.ews.conversation import Client
from tests.casd.mailbox.ews.test_notifying import deliver, subscribe, unsubscribe
from tests.protocols.ews.soap import NAMES, soap

URL = "https://client.example.org/told"


class Listening:
    """A client that waits at a URL; `answers` are the statuses that it gives, None: it cannot be reached."""

    def __init__(self) -> None:
        self.answers: list[str | None] = []
        self.told: list[list[str]] = []

    def allows(self, url: str) -> bool:
        return url == URL

    async def post(self, url: str, document: bytes, _content_type: bytes) -> bytes:
        answer = self.answers.pop(0) if self.answers else "OK"
        if answer is None:
            raise OSError(f"nobody is at {url}")
        (request,) = etree.fromstring(document).findall("s:Body/*", NAMES)
        grammar.check(request)
        self.told.append([etree.QName(each).localname for each in request.find(".//m:Notification", NAMES)[3:]])
        if answer == "?":
            return b"what?"
        return soap(
            f"<m:SendNotificationResult><m:SubscriptionStatus>{answer}</m:SubscriptionStatus></m:SendNotificationResult>"
        )


@pytest.fixture
def listening(client: Client) -> Listening:
    listening = Listening()
    client.push = cast("Push", listening)
    return listening


def push(client: Client, url: str = URL, minutes: int = 2) -> Any:
    return subscribe(client, kind="Push", rest=f"<t:StatusFrequency>{minutes}</t:StatusFrequency><t:URL>{url}</t:URL>")


def test_a_client_is_told_that_it_is_subscribed_and_then_what_happens(client: Client, listening: Listening) -> None:
    made = push(client)
    assert made.text("m:Watermark").endswith("-0")
    client.clock.advance(0)
    deliver(client)
    client.clock.advance(120)
    assert listening.told == [["StatusEvent"], ["CreatedEvent", "NewMailEvent"], ["StatusEvent"]]
    assert unsubscribe(client, made.text("m:SubscriptionId")) == ["ErrorInvalidSubscription"]


def test_a_client_that_wants_no_more_is_told_no_more(client: Client, listening: Listening) -> None:
    listening.answers = ["OK", "Unsubscribe"]
    name = push(client).text("m:SubscriptionId")
    client.clock.advance(0)
    deliver(client)
    deliver(client)
    client.clock.advance(600)
    assert listening.told == [["StatusEvent"], ["CreatedEvent", "NewMailEvent"]]
    assert unsubscribe(client, name) == ["ErrorSubscriptionNotFound"]


def test_a_client_that_is_away_for_a_while_misses_nothing(client: Client, listening: Listening) -> None:
    listening.answers = ["OK", None, "?", "OK"]
    push(client, minutes=5)
    client.clock.advance(0)
    deliver(client)
    for _ in range(2):
        client.clock.advance(60)
    assert listening.told[1:] == [["CreatedEvent", "NewMailEvent"]] * 2


def test_a_client_that_stays_away_is_forgotten(client: Client, listening: Listening) -> None:
    listening.answers = [None] * 9
    name = push(client).text("m:SubscriptionId")
    client.clock.advance(0)
    for _ in range(9):
        client.clock.advance(60)
    assert unsubscribe(client, name) == ["ErrorSubscriptionNotFound"]


def test_only_places_that_the_operator_lists_are_pushed_to(client: Client, listening: Listening) -> None:
    assert push(client, "https://inside.example.org/").codes == ["ErrorInvalidPushSubscriptionUrl"]
    client.push = None
    assert push(client).codes == ["ErrorInvalidPushSubscriptionUrl"]
    assert listening.told == []
