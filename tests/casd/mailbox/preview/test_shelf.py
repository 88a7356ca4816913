"""What is kept of documents: what was asked for lately, within a bound."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from casd.mailbox.preview.shelf import Shelf


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    shelf = Shelf(100)
    yield shelf
    shelf.clear()


def put(shelf: Shelf, key: str, size: int, *in_use: str) -> None:
    (shelf.place(key) / "page").write_bytes(bytes(size))
    shelf.put(key, key.upper(), in_use)


def test_what_was_not_asked_for_lately_is_given_up_first(shelf: Shelf) -> None:
    for key in ("a", "b"):
        put(shelf, key, 40)
    assert shelf.get("a") is not None
    put(shelf, "c", 40)
    assert [shelf.get(key) is not None for key in "abc"] == [True, False, True]
    assert shelf.place("b").exists()
    assert not list(shelf.place("b").iterdir())


def test_a_document_that_grows_makes_others_go(shelf: Shelf) -> None:
    put(shelf, "a", 40)
    put(shelf, "b", 40)
    put(shelf, "b", 90)
    assert shelf.get("a") is None


def test_what_is_in_use_stays(shelf: Shelf) -> None:
    put(shelf, "a", 90)
    put(shelf, "b", 90, "a")
    assert shelf.get("a") is not None


def test_a_folder_is_for_nobody_else_and_gone_afterwards(shelf: Shelf) -> None:
    folder = shelf.place("a")
    assert folder.parent.stat().st_mode & 0o077 == 0
    shelf.clear()
    assert not folder.parent.exists()
    assert shelf.get("a") is None
