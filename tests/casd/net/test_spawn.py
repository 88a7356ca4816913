"""Coroutines of requests: run to their end, their errors told."""

from __future__ import annotations

from twisted.internet.defer import Deferred, fail, succeed

from casd.net.spawn import spawn


def test_a_coroutine_goes_on_with_what_it_waited_for() -> None:
    waiting: Deferred[str] = Deferred()
    seen: list[str] = []
    told: list[Exception] = []

    async def wait() -> None:
        seen.append(await succeed("at once"))
        seen.append(await waiting)

    spawn(wait(), told.append)
    assert seen == ["at once"]
    waiting.callback("later")
    assert (seen, told) == (["at once", "later"], [])


def test_what_a_coroutine_raises_is_told() -> None:
    told: list[Exception] = []

    async def wait(reason: Exception) -> None:
        try:
            await fail(reason)
        except KeyError:
            raise ValueError("mine") from reason

    spawn(wait(KeyError("x")), told.append)
    spawn(wait(OSError("theirs")), told.append)
    assert [str(error) for error in told] == ["mine", "theirs"]
