from __future__ import annotations

from datetime import UTC, datetime

import pytest

from protocols.ews import notifications, responses
from protocols.ews.errors import BadDocument, Refusal
from protocols.ews.markup import m
from protocols.ews.notifications import Event, Interest
from protocols.ews.paths import Property
from protocols.ews.values import Distinguished, Id
from tests.protocols.ews.soap import node, shown

_TYPES = "<t:EventTypes><t:EventType>NewMailEvent</t:EventType><t:EventType>MovedEvent</t:EventType></t:EventTypes>"
_INBOX = '<t:FolderIds><t:DistinguishedFolderId Id="inbox"/></t:FolderIds>'
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def subscribe(content: str) -> Interest:
    return notifications.parse(node(f"<m:Subscribe>{content}</m:Subscribe>"))


def test_a_stream_is_about_folders_or_about_all() -> None:
    found = subscribe(f"<m:StreamingSubscriptionRequest>{_INBOX}{_TYPES}</m:StreamingSubscriptionRequest>")
    assert found == Interest((Distinguished("inbox"),), frozenset({"NewMailEvent", "MovedEvent"}))
    everything = (
        f'<m:StreamingSubscriptionRequest SubscribeToAllFolders="true">{_TYPES}</m:StreamingSubscriptionRequest>'
    )
    assert subscribe(everything).folders is None


def test_a_pull_subscription_has_a_life() -> None:
    pull = f"<m:PullSubscriptionRequest>{_INBOX}{_TYPES}<t:Timeout>10</t:Timeout></m:PullSubscriptionRequest>"
    assert subscribe(pull).life == 10


def test_a_push_subscription_has_a_place() -> None:
    rest = "<t:StatusFrequency>5</t:StatusFrequency><t:URL>https://x.example.org/</t:URL>"
    found = subscribe(f"<m:PushSubscriptionRequest>{_INBOX}{_TYPES}{rest}</m:PushSubscriptionRequest>")
    assert (found.url, found.life) == ("https://x.example.org/", 5)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("", BadDocument),
        (f"<m:PushSubscriptionRequest>{_INBOX}{_TYPES}</m:PushSubscriptionRequest>", BadDocument),
        (
            f"<m:PullSubscriptionRequest>{_INBOX}{_TYPES}<t:Timeout>0</t:Timeout></m:PullSubscriptionRequest>",
            BadDocument,
        ),
        (f"<m:OtherRequest>{_INBOX}{_TYPES}</m:OtherRequest>", BadDocument),
        (f"<m:StreamingSubscriptionRequest>{_TYPES}</m:StreamingSubscriptionRequest>", Refusal),
        (
            (
                f"<m:StreamingSubscriptionRequest>{_INBOX}<t:EventTypes><t:EventType>Rain</t:EventType></t:EventTypes>"
                "</m:StreamingSubscriptionRequest>"
            ),
            BadDocument,
        ),
    ],
)
def test_other_subscriptions_are_refused(content: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        subscribe(content)


def streaming(ids: int, minutes: str) -> tuple[tuple[str, ...], int]:
    listed = "".join(f"<t:SubscriptionId>{number}</t:SubscriptionId>" for number in range(ids))
    return notifications.parse_streaming(
        node(
            f"<m:GetStreamingEvents><m:SubscriptionIds>{listed}</m:SubscriptionIds>"
            f"<m:ConnectionTimeout>{minutes}</m:ConnectionTimeout></m:GetStreamingEvents>"
        )
    )


def test_7_6_a_connection_is_for_some_subscriptions_and_some_minutes() -> None:
    assert streaming(2, "30") == (("0", "1"), 30)
    for ids, minutes in ((0, "1"), (201, "1"), (1, "0"), (1, "31"), (1, "x")):
        with pytest.raises(BadDocument):
            streaming(ids, minutes)


def test_an_event_says_what_happened_to_what_and_where_it_was() -> None:
    moved = Event("MovedEvent", "7", NOON, True, Id("i", "k"), Id("f"), Id("o"), Id("p"))
    assert shown(notifications.write("s", [moved], "Notifications")) == (
        "<Notification><SubscriptionId>s</SubscriptionId><MovedEvent><Watermark>7</Watermark>"
        '<TimeStamp>2026-03-01T12:00:00Z</TimeStamp><ItemId Id="i" ChangeKey="k"/><ParentFolderId Id="f"/>'
        '<OldItemId Id="o"/><OldParentFolderId Id="p"/></MovedEvent></Notification>'
    )
    created = Event("CreatedEvent", "8", NOON, False, Id("f"), Id("g"))
    assert '<FolderId Id="f"/>' in shown(notifications.write("s", [created], "Notifications"))


def test_a_pull_without_news_tells_its_status() -> None:
    assert shown(notifications.write("s", [], "Notification", previous="5")) == (
        "<Notification><SubscriptionId>s</SubscriptionId><PreviousWatermark>5</PreviousWatermark>"
        "<MoreEvents>false</MoreEvents><StatusEvent><Watermark>5</Watermark></StatusEvent></Notification>"
    )


def test_a_response_message_is_a_success_or_an_error() -> None:
    done = responses.success("DeleteItem")
    assert shown(done) == (
        '<DeleteItemResponseMessage ResponseClass="Success"><ResponseCode>NoError</ResponseCode>'
        "</DeleteItemResponseMessage>"
    )
    refused = responses.error("GetItem", Refusal("ErrorItemNotFound", path=Property("item:Size")), m("X"))
    assert shown(refused) == (
        '<GetItemResponseMessage ResponseClass="Error"><MessageText>The specified object was not found in the store.'
        "</MessageText><ResponseCode>ErrorItemNotFound</ResponseCode><DescriptiveLinkKey>0</DescriptiveLinkKey>"
        '<MessageXml><FieldURI FieldURI="item:Size"/></MessageXml><Items/><X/></GetItemResponseMessage>'
    )
    assert shown(responses.answer("X", [m("Y")])) == "<XResponse><ResponseMessages><Y/></ResponseMessages></XResponse>"
