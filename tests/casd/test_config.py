"""Reading etc/cas.ini: what is taken, and how plainly each mistake is told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from attrs import frozen

from casd.config import (
    BadConfiguration,
    Ini,
    boolean,
    endpoint,
    endpoints,
    file,
    integer,
    key,
    optional,
    path,
    seconds,
    secret,
    size,
    text,
    words,
)
from casd.model import Endpoint

HERE = Path("/etc/casd")


@frozen
class Settings:
    """A section."""

    name: str = key(text, doc="what it is called")
    idle_time: float = key(seconds, "30 s", "how long it may be idle")
    sizes: tuple[str, ...] = key(words, "")


def ini(content: str) -> Ini:
    return Ini(HERE / "cas.ini", content)


def mistakes(content: str, **sections: Any) -> list[str]:
    """Return what is told of a file, one line a mistake, without the file's name."""
    whole = ini(content)
    for section, settings in sections.items():
        whole.take(section, settings)
    with pytest.raises(BadConfiguration) as caught:
        whole.finish()
    return [line.removeprefix("/etc/casd/cas.ini:") for line in str(caught.value).splitlines()]


@pytest.mark.parametrize(
    ("converter", "given", "value"),
    [
        (text, "a b", "a b"),
        (words, "a b,c,  d", ("a", "b", "c", "d")),
        (words, "", ()),
        (boolean, "yes", True),
        (boolean, "Off", False),
        (integer(-5, 5), "-5", -5),
        (integer(), "0", 0),
        (seconds, "250 ms", 0.25),
        (seconds, "30s", 30),
        (seconds, "1.5 min", 90),
        (seconds, "8 h", 28800),
        (seconds, "1 d", 86400),
        (size, "10 B", 10),
        (size, "64 KiB", 65536),
        (size, "1.5 MiB", 1572864),
        (size, "1 GiB", 1 << 30),
        (endpoint, "127.0.0.1:8443", Endpoint("127.0.0.1", 8443)),
        (endpoint, "[::1]:0", Endpoint("::1", 0)),
        (endpoint, "localhost:65535", Endpoint("localhost", 65535)),
        (endpoints, "127.0.0.1:1 [::1]:2", (Endpoint("127.0.0.1", 1), Endpoint("::1", 2))),
        (endpoints, "", ()),
        (path, "../var/x", Path("/etc/var/x")),
        (path, "/x", Path("/x")),
        (optional(path), "", None),
        (optional(path), "x", Path("/etc/casd/x")),
    ],
)
def test_a_text_becomes_a_value(converter: Any, given: str, value: Any) -> None:
    assert converter(given, HERE) == value


@pytest.mark.parametrize(
    ("converter", "given", "said"),
    [
        (boolean, "maybe", "neither yes nor no"),
        (integer(1, 9), "0", "from 1 to 9"),
        (integer(1, 9), "10", "from 1 to 9"),
        (integer(1, 9), "1.0", "from 1 to 9"),
        (integer(1, 9), "nine", "from 1 to 9"),
        (seconds, "30", "a unit (ms, s, min, h, d), for example 30 s"),
        (seconds, "30 parsecs", "a unit"),
        (seconds, "-1 s", "a number"),
        (size, "64 KB", "a unit (B, KiB, MiB, GiB), for example 64 KiB"),
        (endpoint, "8443", "not address:port"),
        (endpoint, "::1:8443", "not address:port"),
        (endpoint, "127.0.0.1:65536", "not address:port"),
        (endpoints, "127.0.0.1:1 x", "not address:port"),
        (file, "missing.pem", "/etc/casd/missing.pem cannot be read"),
        (secret, "missing.key", "/etc/casd/missing.key cannot be read"),
    ],
)
def test_a_wrong_value_is_told_with_what_would_be_right(converter: Any, given: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        converter(given, HERE)


def test_a_file_of_somebody_else_is_no_missing_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "open", Mock(side_effect=PermissionError(13, "Permission denied")))
    with pytest.raises(ValueError, match=r"\(Permission denied\): let the user that casd runs as read it"):
        file("front.key", tmp_path)


def test_a_file_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    assert file("ca.pem", tmp_path) == tmp_path / "ca.pem"


@pytest.mark.negative
@pytest.mark.parametrize(("mode", "good"), [(0o600, True), (0o640, True), (0o644, False), (0o602, False)])
def test_a_secret_that_anyone_may_read_is_refused(tmp_path: Path, mode: int, good: bool) -> None:
    name = tmp_path / "key.pem"
    name.touch()
    name.chmod(mode)
    if good:
        assert secret("key.pem", tmp_path) == name
        return
    with pytest.raises(ValueError, match=f"chmod o= {name}"):
        secret("key.pem", tmp_path)


def test_a_section_becomes_a_value() -> None:
    whole = ini("# a comment\n[one]\nname = first = best\nidle time = 1 min\nsizes = a\n   b ; no comment\n; another\n")
    assert whole.take("one", Settings) == Settings("first = best", 60, ("a", "b", ";", "no", "comment"))
    assert whole.sections == ("one",)
    whole.finish()


def test_what_does_not_stand_in_the_file_has_its_default() -> None:
    assert ini("[one]\nname = x\n").take("one", Settings) == Settings("x", 30, ())


def test_a_section_that_is_not_there_has_only_defaults() -> None:
    whole = ini("")
    assert whole.take("one", Settings) is None
    assert [str(problem) for problem in whole.problems] == [
        "/etc/casd/cas.ini: [one]: needs the key 'name': what it is called"
    ]


def test_every_mistake_is_told_in_one_reading_in_the_files_order() -> None:
    content = "[one]\nnam = x\nidle time = 30\n[three]\n[one]\nname = y\nname = z\nnonsense\n"
    assert mistakes(content, one=Settings) == [
        "2: [one] nam: unknown key; did you mean 'name'?",
        "3: [one] idle time: '30' needs a number and a unit (ms, s, min, h, d), for example 30 s",
        "4: [three]: unknown section; nothing reads it",
        "5: [one]: stands twice (first in line 1)",
        "7: [one] name: stands twice (first in line 6)",
        "8: 'nonsense' is neither [section] nor key = value",
    ]


def test_a_key_like_no_other_is_told_with_all_that_are_known() -> None:
    assert mistakes("[one]\nname = x\nzzzz = 1\n", one=Settings) == [
        "3: [one] zzzz: unknown key; known are: idle time, name, sizes"
    ]


def test_a_key_before_any_section_is_a_mistake() -> None:
    assert mistakes("name = x\n") == ["1: 'name = x' is neither [section] nor key = value"]


def test_an_unknown_section_is_told_with_the_nearest() -> None:
    whole = ini("[htttp]\n")
    whole.unknown("htttp", ("http", "pool"))
    with pytest.raises(BadConfiguration, match="did you mean 'http'"):
        whole.finish()


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration, match=r"none\.ini: cannot be read: No such file or directory$"):
        Ini.read(tmp_path / "none.ini")
    (tmp_path / "bad.ini").write_bytes(b"\xff\xfe")
    with pytest.raises(BadConfiguration, match="it is not text in UTF-8"):
        Ini.read(tmp_path / "bad.ini")
    (tmp_path / "good.ini").write_text("[a]\n")
    assert Ini.read(tmp_path / "good.ini").sections == ("a",)
