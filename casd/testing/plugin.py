"""The pytest fixture `casd`: a mail organisation for one test.

def test_a_message_is_found(casd, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(casd.ca))
    answer = requests.post(casd.ews, body, auth=("alice@example.org", casd.password))
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from casd.testing.organisation import Organisation


@pytest.fixture(name="casd")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Organisation]:
    """A front end with two mailbox servers and four users, in this process; see `casd.testing.organisation`."""
    # pytest loads this file in every run where casd is installed: what takes a second waits for who asks.
    from casd.testing.organisation import running  # noqa: PLC0415

    with running(tmp_path_factory.mktemp("casd")) as casd:
        yield casd
