"""The pytest fixture `casd`: a mail organisation for one test, or for as long as the ini's `casd_scope` says.

def test_a_message_is_found(casd):
    casd.mail("alice", "Hello")
    assert casd.account("alice").inbox.get(subject="Hello")
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from casd.testing.organisation import Organisation


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the key of pytest's own ini."""
    parser.addini(
        "casd_scope", "how long the fixture casd lasts: function, class, module, package, session", "string", "function"
    )


def _scope(fixture_name: str, config: pytest.Config) -> Any:
    return config.getini("casd_scope")


@pytest.fixture(scope=_scope)
def casd_settings() -> dict[str, dict[str, str]]:
    """Settings that a test file may have in the organisation's configuration, by a fixture of this name."""
    return {}


@pytest.fixture(name="casd", scope=_scope)
def organisation(
    tmp_path_factory: pytest.TempPathFactory, casd_settings: dict[str, dict[str, str]]
) -> Iterator[Organisation]:
    """A front end with two mailbox servers and four users, in this process; see `casd.testing.organisation`."""
    # pytest loads this file in every run where casd is installed: what takes a second waits for who asks.
    from casd.testing.organisation import running  # noqa: PLC0415

    with running(tmp_path_factory.mktemp("casd"), casd_settings) as casd:
        yield casd
