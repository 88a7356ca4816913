"""The listening sockets of several workers: one for each, kept as long as its address is."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

from casd import listening
from casd.listening import Listening
from casd.model import Endpoint

ONE, TWO = Endpoint("192.0.2.1", 443), Endpoint("2001:db8::1", 80)


class Socket:
    """A socket that is none."""

    made: list[Socket]
    taken: set[Endpoint]

    def __init__(self, fileno: int = 99, place: Endpoint = ONE, *, shared: bool = True) -> None:
        self.number, self.place, self.shared = fileno, place, shared
        self.open, self.inheritable = True, False

    def fileno(self) -> int:
        return self.number

    def set_inheritable(self, inheritable: bool) -> None:
        self.inheritable = inheritable

    def close(self) -> None:
        self.open = False


@pytest.fixture(autouse=True)
def system(monkeypatch: pytest.MonkeyPatch) -> Callable[[Endpoint], list[Socket]]:
    """Have sockets made of nothing; return those at an address that are open."""
    Socket.made, Socket.taken = [], set()

    def create_server(place: Any, *, family: int, backlog: int = 0, reuse_port: bool = False) -> Socket:
        endpoint = Endpoint(*place)
        assert (family == socket.AF_INET6) == (":" in endpoint.host)
        others = [each for each in Socket.made if each.open and each.place == endpoint]
        if endpoint in Socket.taken or not all(reuse_port and each.shared for each in others):
            raise OSError(98, "Address already in use (while attempting to bind)")
        Socket.made.append(Socket(len(Socket.made), endpoint, shared=reuse_port))
        return Socket.made[-1]

    monkeypatch.setattr(listening.socket, "create_server", create_server)
    monkeypatch.setattr(listening.socket, "socket", Socket)
    return lambda endpoint: [each for each in Socket.made if each.open and each.place == endpoint]


Open = Callable[[Endpoint], list[Socket]]


def test_each_worker_has_a_socket_of_its_own_at_each_address(system: Open) -> None:
    found = Listening({})
    found.open({ONE: 2, TWO: 2})
    assert len(system(ONE)) == len(system(TWO)) == 2
    first, second = found.of(1, 2), found.of(2, 2)
    assert [len(each[place]) for each in (first, second) for place in (ONE, TWO)] == [1, 1, 1, 1]
    assert first[ONE] != second[ONE]


def test_more_workers_get_more_sockets_and_fewer_share_what_is_there(system: Open) -> None:
    found = Listening({})
    found.open({ONE: 2})
    before = system(ONE)
    found.open({ONE: 3})
    assert system(ONE)[:2] == before
    found.open({ONE: 1})
    assert len(found.of(1, 1)[ONE]) == len(system(ONE)) == 3  # nobody waits at a socket that nobody looks at


def test_an_address_that_is_gone_is_closed(system: Open) -> None:
    found = Listening({})
    found.open({ONE: 2, TWO: 2})
    found.open({TWO: 2})
    assert (len(system(ONE)), len(system(TWO))) == (0, 2)
    found.close()
    assert system(TWO) == []


def test_when_an_address_is_taken_nothing_changes(system: Open) -> None:
    found = Listening({})
    found.open({ONE: 2})
    Socket.taken.add(TWO)
    with pytest.raises(OSError, match=r"cannot listen at \[2001:db8::1\]:80: Address already in use$"):
        found.open({TWO: 3})
    assert list(found.sockets) == [ONE]
    assert len(system(ONE)) == 2


@pytest.mark.negative
def test_two_front_ends_do_not_share_an_address_by_mistake(system: Open) -> None:
    Listening({}).open({ONE: 2})
    with pytest.raises(OSError, match="in use"):
        Listening({}).open({ONE: 2})


def test_the_sockets_of_systemd_are_used_as_they_are(system: Open) -> None:
    handed: Any = Socket(3)
    found = Listening({ONE: [handed]})
    found.open({ONE: 2})
    assert found.of(1, 2) == found.of(2, 2) == {ONE: [handed]}
    assert system(ONE) == []
    found.open({})
    assert handed.open  # it can come again


def test_a_worker_lets_go_of_what_is_not_its_own(system: Open) -> None:
    found = Listening({})
    found.open({ONE: 2})
    given = found.of(2, 2)
    found.forget(given)
    assert system(ONE) == given[ONE]


def test_a_new_program_goes_on_with_the_same_sockets(system: Open) -> None:
    handed: Any = Socket(50, TWO)
    before = Listening({TWO: [handed]})
    before.open({ONE: 2, TWO: 2})
    state = before.state()
    before.pass_on(False)
    assert not any(each.inheritable for each in (*system(ONE), handed))
    before.pass_on(True)
    assert all(each.inheritable for each in (*system(ONE), handed))
    after = Listening({})
    after.take_over(state)
    after.open({ONE: 2, TWO: 2})
    numbers = {place: [each.fileno() for each in sockets] for place, sockets in after.sockets.items()}
    assert numbers == {ONE: [each.number for each in system(ONE)], TWO: [50]}
    assert not any(each.inheritable for sockets in after.sockets.values() for each in sockets)  # type: ignore[attr-defined]
