from __future__ import annotations

import gc
from pathlib import Path
from weakref import ref

import pytest
from twisted.internet.task import Clock

from casd.mailbox.ews import subscriptions
from protocols.ews.errors import Refusal
from tests.casd.mailbox.ews.conversation import Answer, Client, Exchange, distinguished
from tests.casd.mailbox.store.world import World, mail, mount, result

_TYPES = "".join(
    f"<t:EventType>{name}Event</t:EventType>"
    for name in ("Created", "Modified", "Deleted", "Moved", "Copied", "NewMail")
)


def subscribe(client: Client, where: str = "inbox", kind: str = "Streaming", rest: str = "") -> Answer:
    everything = 'SubscribeToAllFolders="true"' if where == "*" else ""
    folders = "" if where == "*" else f"<t:FolderIds>{distinguished(where)}</t:FolderIds>"
    return client.ask(
        f"<m:Subscribe><m:{kind}SubscriptionRequest {everything}>{folders}<t:EventTypes>{_TYPES}</t:EventTypes>{rest}"
        f"</m:{kind}SubscriptionRequest></m:Subscribe>"
    )


def streaming(*names: str, minutes: int = 1) -> str:
    ids = "".join(f"<t:SubscriptionId>{name}</t:SubscriptionId>" for name in names)
    return (
        f"<m:GetStreamingEvents><m:SubscriptionIds>{ids}</m:SubscriptionIds>"
        f"<m:ConnectionTimeout>{minutes}</m:ConnectionTimeout></m:GetStreamingEvents>"
    )


def unsubscribe(client: Client, name: str) -> list[str]:
    return client.ask(f"<m:Unsubscribe><m:SubscriptionId>{name}</m:SubscriptionId></m:Unsubscribe>").codes


def deliver(client: Client) -> None:
    client.world.run(client.world.alice.deliver, mail())
    client.clock.advance(0)


@pytest.fixture
def subscription(client: Client) -> str:
    return subscribe(client).text("m:SubscriptionId")


OK = "<ConnectionStatus>OK</ConnectionStatus>"
CLOSED = "<ConnectionStatus>Closed</ConnectionStatus>"


def kinds(documents: list[str]) -> list[str]:
    return ["news" if "<Notifications>" in one else "OK" if OK in one else "Closed" for one in documents]


def test_what_happened_before_the_connection_is_told_at_once(client: Client, subscription: str) -> None:
    deliver(client)
    stream = client.listen(streaming(subscription))
    status, news = stream.told()
    assert (stream.status, OK in status) == (200, True)
    assert news.index("<CreatedEvent>") < news.index("<NewMailEvent>")
    assert f"<SubscriptionId>{subscription}</SubscriptionId>" in news


def test_what_happens_later_is_told_when_it_happens(client: Client, subscription: str) -> None:
    stream = client.listen(streaming(subscription))
    stream.told()
    deliver(client)
    (news,) = stream.told()
    assert "<NewMailEvent>" in news
    item = client.find().id()
    for ask in (
        f"<m:CopyItem><m:ToFolderId>{distinguished('inbox')}</m:ToFolderId><m:ItemIds>{item}</m:ItemIds></m:CopyItem>",
        f"<m:MoveItem><m:ToFolderId>{distinguished('drafts')}</m:ToFolderId><m:ItemIds>{item}</m:ItemIds></m:MoveItem>",
    ):
        client.ask(ask)
    client.clock.advance(0)
    (news,) = stream.told()
    assert news.index("<CopiedEvent>") < news.index("<MovedEvent>")
    assert news.count("<OldItemId ") == news.count("<OldParentFolderId ") == 2


def test_other_folders_are_not_told_of_unless_all_are(client: Client, subscription: str) -> None:
    everything = subscribe(client, "*").text("m:SubscriptionId")
    here, there = client.listen(streaming(subscription)), client.listen(streaming(everything))
    client.create("<t:Message/>", "drafts")
    client.clock.advance(0)
    assert (kinds(here.told()), kinds(there.told())) == (["OK"], ["OK", "news"])


def test_folders_below_are_told_of_too(client: Client, subscription: str) -> None:
    stream = client.listen(streaming(subscription))
    parent = f"<m:ParentFolderId>{distinguished('inbox')}</m:ParentFolderId>"
    client.ask(
        f"<m:CreateFolder>{parent}<m:Folders><t:Folder><t:DisplayName>x</t:DisplayName></t:Folder></m:Folders></m:CreateFolder>"
    )
    client.clock.advance(0)
    news = stream.told()[-1]
    assert ("<CreatedEvent>" in news, "<FolderId " in news) == (True, True)


def test_a_quiet_stream_shows_that_it_lives_and_ends_in_time(client: Client, subscription: str) -> None:
    stream = client.listen(streaming(subscription))
    stream.told()
    client.clock.advance(30)
    assert kinds(stream.told()) == ["OK"]
    client.clock.advance(30)
    assert kinds(stream.told())[-1] == "Closed"
    assert stream.finished
    client.clock.advance(60)
    assert stream.told() == []


def test_a_later_connection_takes_over(client: Client, subscription: str) -> None:
    first = client.listen(streaming(subscription))
    second = client.listen(streaming(subscription))
    assert (kinds(first.told()), first.finished) == (["OK", "Closed"], True)
    first.lose()
    deliver(client)
    assert (kinds(second.told()), first.told()) == (["OK", "news"], [])


def test_a_client_that_goes_away_comes_back_to_what_it_missed(client: Client, subscription: str) -> None:
    stream = client.listen(streaming(subscription))
    stream.told()
    stream.lose()
    deliver(client)
    assert stream.told() == []
    assert kinds(client.listen(streaming(subscription)).told()) == ["OK", "news"]


def test_a_subscription_that_nobody_listens_to_ends_after_half_an_hour(client: Client, subscription: str) -> None:
    client.clock.advance(29 * 60)
    stream = client.listen(streaming(subscription, minutes=30))
    client.clock.pump([60] * 30)
    assert stream.finished
    client.clock.advance(31 * 60)
    assert client.ask(streaming(subscription)).codes == ["ErrorSubscriptionNotFound"]


def test_unsubscribing_closes_the_stream(client: Client, subscription: str) -> None:
    stream = client.listen(streaming(subscription))
    assert unsubscribe(client, subscription) == ["NoError"]
    assert (kinds(stream.told()), stream.finished) == (["OK", "Closed"], True)
    assert unsubscribe(client, subscription) == ["ErrorSubscriptionNotFound"]


def test_unknown_subscriptions_are_listed(client: Client, subscription: str) -> None:
    for name, code in (("0" * 32, "ErrorSubscriptionNotFound"), ("unknown", "ErrorInvalidSubscription")):
        answer = client.ask(streaming(subscription, name))
        assert answer.codes == [code]
        assert answer.texts("m:ErrorSubscriptionIds/m:SubscriptionId") == [name]


def test_nobody_listens_to_anothers_subscription(client: Client, world: World, subscription: str) -> None:
    held = subscriptions.of(world.database, client.clock)
    assert held.get(world.alice.guid, subscription).id == subscription
    with pytest.raises(Refusal):
        held.get("22222222-2222-2222-2222-222222222222", subscription)


def test_a_dismounted_database_closes_its_streams(client: Client, world: World, subscription: str) -> None:
    stream = client.listen(streaming(subscription))
    idle = subscribe(client).text("m:SubscriptionId")
    world.database.end_watches()
    assert (kinds(stream.told()), stream.finished) == (["OK", "Closed"], True)
    assert client.ask(streaming(idle)).codes == ["ErrorSubscriptionNotFound"]
    result(world.database.run(lambda: None))


def test_who_never_fetches_events_must_start_again(
    client: Client, subscription: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "BACKLOG", 3)
    for _ in range(2):
        deliver(client)
    assert client.ask(streaming(subscription)).codes == ["ErrorSubscriptionNotFound"]


def test_there_is_an_end_of_subscriptions(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriptions, "MOST", 2)
    assert [subscribe(client).codes for _ in range(3)] == [["NoError"], ["NoError"], ["ErrorExceededSubscriptionCount"]]
    assert subscribe(client, "moon").codes == ["ErrorFolderNotFound"]


def pull(client: Client, name: str, watermark: str) -> Answer:
    return client.ask(
        f"<m:GetEvents><m:SubscriptionId>{name}</m:SubscriptionId><m:Watermark>{watermark}</m:Watermark></m:GetEvents>"
    )


def test_events_are_pulled_once_and_again_until_they_are_known(client: Client) -> None:
    made = subscribe(client, kind="Pull", rest="<t:Timeout>10</t:Timeout>")
    name, watermark = made.text("m:SubscriptionId"), made.text("m:Watermark")
    assert len(pull(client, name, watermark).all("t:StatusEvent")) == 1
    deliver(client)
    for _ in range(2):
        first, second = pull(client, name, watermark).texts("t:Watermark")
    assert pull(client, name, first).texts("t:NewMailEvent/t:Watermark") == [second]
    assert pull(client, name, second).texts("t:StatusEvent/t:Watermark") == [second]
    origin = watermark.partition("-")[0]
    for wrong in ("0-0", f"{origin}-0", f"{origin}-3", "x", "2", f"{origin}-{'9' * 40}"):
        assert pull(client, name, wrong).codes == ["ErrorInvalidWatermark"]
    client.clock.advance(11 * 60)
    assert pull(client, name, second).codes == ["ErrorSubscriptionNotFound"]


@pytest.mark.parametrize("prefix", ["t", "m"])  # exchangelib writes it in the other namespace, and Exchange takes it
def test_a_subscription_begins_where_another_was_unless_something_has_happened_since(
    client: Client, prefix: str
) -> None:
    watermark = subscribe(client, kind="Pull", rest="<t:Timeout>10</t:Timeout>").text("m:Watermark")
    rest = f"<{prefix}:Watermark>{watermark}</{prefix}:Watermark><t:Timeout>10</t:Timeout>"
    assert subscribe(client, kind="Pull", rest=rest).codes == ["NoError"]
    deliver(client)
    assert subscribe(client, kind="Pull", rest=rest).codes == ["ErrorInvalidWatermark"]


def test_a_stream_may_be_lost_with_news_under_way(client: Client, subscription: str) -> None:
    stream: Exchange = client.listen(streaming(subscription))
    stream.told()
    client.world.run(client.world.alice.deliver, mail())
    stream.lose()
    client.clock.advance(0)
    assert stream.told() == []
    assert kinds(client.listen(streaming(subscription)).told()) == ["OK", "news"]


def test_the_subscriptions_of_a_database_do_not_outlive_it(tmp_path: Path) -> None:
    database = mount(tmp_path / "DB02")
    subscriptions.of(database, Clock())
    known = ref(database)
    result(database.dismount())
    del database
    gc.collect()
    assert known() is None
