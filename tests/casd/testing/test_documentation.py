"""Every example of docs/testing.md does what it says."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

TEXT = (Path(__file__).parents[3] / "docs" / "testing.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def examples() -> Iterator[Any]:
    """Yield the tests in the text; as in one file, what one block has imported is there for the next."""
    names: dict[str, Any] = {}
    for block in BLOCKS:
        if "def test_" in block:
            exec(block, names)
    yield from (pytest.param(names[name], id=name) for name in names if name.startswith("test_"))


@pytest.mark.parametrize("example", list(examples()))
def test_an_example_does_what_it_says(example: Callable[..., None], request: pytest.FixtureRequest) -> None:
    example(**{name: request.getfixturevalue(name) for name in inspect.signature(example).parameters})


def test_the_context_manager_does_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = [block for block in BLOCKS if "def test_" not in block]
    exec(block, {})
    assert capsys.readouterr().out.startswith("3 messages at https://localhost:")
