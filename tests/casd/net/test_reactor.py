"""What is settled together with the choice of the reactor."""

from __future__ import annotations

from types import SimpleNamespace

from casd.net.reactor import map_read_buffers


def test_read_buffers_are_mapped_where_the_system_can() -> None:
    told: list[tuple[int, int]] = []
    glibc = SimpleNamespace(mallopt=lambda name, value: told.append((name, value)) or 1)
    assert map_read_buffers(glibc)
    assert told == [(-3, 256 * 1024), (-1, 8 * 1024 * 1024)]
    assert not map_read_buffers(SimpleNamespace())
