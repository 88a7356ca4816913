"""What is settled together with the choice of the reactor."""

from __future__ import annotations

from types import SimpleNamespace

from twisted.internet.error import ReactorNotRunning
from twisted.internet.testing import MemoryReactor

from casd.net.reactor import end, map_read_buffers


def test_read_buffers_are_mapped_where_the_system_can() -> None:
    told: list[tuple[int, int]] = []
    glibc = SimpleNamespace(mallopt=lambda name, value: told.append((name, value)) or 1)
    assert map_read_buffers(glibc)
    assert told == [(-3, 256 * 1024), (-1, 8 * 1024 * 1024)]
    assert not map_read_buffers(SimpleNamespace())


def test_a_reactor_is_stopped_when_it_runs_and_once() -> None:
    class Reactor(MemoryReactor):
        stopped = 0

        def stop(self) -> None:
            self.stopped += 1
            if self.stopped > 1:
                raise ReactorNotRunning

    reactor = Reactor()
    end(reactor)
    end(reactor)
    assert reactor.stopped == 0
    for hook, args, _ in reactor.whenRunningHooks:
        hook(*args)
    assert reactor.stopped == 2
