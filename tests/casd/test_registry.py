"""A section's name is a module's name, and nothing else is a section."""

from __future__ import annotations

import pytest

from casd.registry import known_sections, module_of


@pytest.mark.parametrize(
    ("section", "module"),
    [
        ("access", "casd.access"),
        ("accesslog", "casd.accesslog"),
        ("http", "casd.frontends.http"),
        ("mapihttp", "casd.frontends.mapihttp"),
        ("forms", "casd.auth.forms"),
        ("sqlite", "casd.directory.sqlite"),
        ("pool", "casd.net.pool"),
        ("mailbox:mbx1", "casd.mailbox.server"),
        ("mailbox:mbx-1.example.org", "casd.mailbox.server"),
        ("oab", "casd.oab"),
        ("oab:Sales", "casd.oab_book"),
    ],
)
def test_a_section_is_read_by_the_module_of_its_name(section: str, module: str) -> None:
    found = module_of(section)
    assert found is not None
    assert found.__name__ == module


@pytest.mark.parametrize(
    "section",
    [
        "imap5",
        "plan",
        "tap",
        "testing",
        "relay",
        "vdirs",
        "mailbox",
        "",
        "a b",
        "../os",
        "access.x",
        "net.pool",
        "access:x",
        "oab_book",
        "oab:",
        "frontends:x",
        "nothing:x",
        "http:",
    ],
)
def test_any_other_word_is_no_section(section: str) -> None:
    assert module_of(section) is None


def test_every_known_section_has_its_module() -> None:
    assert {"cas", "http", "admin", "pool", "forms", "mailbox:NAME"} <= set(known_sections())
    for section in set(known_sections()) - {"cas"}:
        assert module_of(section) is not None
