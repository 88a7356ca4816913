"""The words of web mail: one file a language."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from casd.mailbox.owa.settings import LANGUAGES
from casd.mailbox.owa.static import STATIC
from casd.mailbox.preview.trouble import Trouble

NAMES = [name for name in LANGUAGES if name]
CHOSEN = (
    *("answer-", "answered-", "audience-", "busy-", "colour-", "error-", "folder-", "format-", "oof-"),
    *("repeat-", "replied-", "trouble-"),
)
"""Words that are chosen by a value: `t(`busy-${value}`)`."""


def words(language: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(STATIC.files[f"language.{language}.json"].plain.body)
    return found


def texts(value: Any) -> list[str]:
    return list(value.values()) if isinstance(value, dict) else [value]


def scripts() -> str:
    """Return all scripts and the page."""
    return "".join(file.plain.body.decode() for name, file in STATIC.files.items() if name.endswith((".js", ".html")))


@pytest.mark.parametrize("language", NAMES)
def test_every_language_has_the_same_words_in_the_same_order(language: str) -> None:
    assert list(words(language)) == sorted(words("en"))


@pytest.mark.parametrize("language", NAMES)
def test_a_word_holds_the_same_values_in_every_language(language: str) -> None:
    for key, value in words(language).items():
        wanted = set(re.findall(r"\{\w+\}", " ".join(texts(words("en")[key]))))
        assert [set(re.findall(r"\{\w+\}", text)) for text in texts(value)] == [wanted] * len(texts(value)), key


@pytest.mark.parametrize("language", NAMES)
def test_what_is_counted_has_one_and_many_in_every_language(language: str) -> None:
    for key, value in words(language).items():
        assert isinstance(value, dict) == isinstance(words("en")[key], dict), key
        assert not isinstance(value, dict) or set(value) == {"one", "other"}, key


def test_every_word_that_is_asked_for_is_there() -> None:
    found = re.findall(r'\bt\(\s*"([\w-]+)"|data-t(?:-\w+)?="([\w-]+)"', scripts())
    assert {one or other for one, other in found} <= set(words("en"))


def test_no_word_is_kept_that_nobody_asks_for() -> None:
    text = scripts()
    server = {"wrote", "forwarded"}  # said of a quotation; see documents.py
    kept = {key for key in words("en") if not key.startswith(CHOSEN)} - server
    assert {key for key in kept if f'"{key}"' not in text} == set()


def test_no_script_has_words_of_its_own() -> None:
    text = re.sub(r"^\s*//.*|/\*[^*]*\*/", "", scripts(), flags=re.MULTILINE)
    shown = re.findall(
        r'(?<![\w-])(?:text|textContent|title|alt|placeholder|"aria-label")\s*[:=]\s*"([^"]*[A-Za-z]{2}[^"]*)"', text
    )
    sentences = re.findall(r"""["`]([A-Z][a-z]+ [^"`]*)["`]""", text)
    assert shown + sentences == []


def test_why_a_document_is_not_shown_is_said_in_every_language() -> None:
    said = {key.removeprefix("trouble-"): text for key, text in words("en").items() if key.startswith("trouble-")}
    assert said == {trouble.name.lower(): trouble.value for trouble in Trouble}
