"""Every example of docs/testing.md does what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[3] / "docs" / "testing.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
TESTS = [block for block in BLOCKS if "@pytest.fixture" in block or "def test_" in block]

exec("\n\n".join(TESTS), globals())  # they are this file's tests and fixtures, as they would be the reader's


def test_the_context_manager_does_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = [block for block in BLOCKS if block not in TESTS]
    exec(block, {})
    assert capsys.readouterr().out.startswith("3 messages at https://localhost:")
