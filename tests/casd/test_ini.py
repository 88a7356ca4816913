"""The commented default tells everything, and nothing that is not so."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import attrs
import pytest

from casd import plan
from casd.casctl.provision import provision
from casd.config import BadConfiguration
from casd.plan import read_plan
from casd.registry import known_sections, module_of
from tests.casd.casctl.conftest import CHEAP

ETC = Path(__file__).parents[2] / "etc"

SECTION = re.compile(r"\[([\w:]+)\]")
KEY = re.compile(r"(?P<hidden># )?(?P<name>[a-z][a-z0-9 ]*?) =(?: (?P<value>.*))?")


def written(file: Path) -> dict[str, dict[str, tuple[bool, str]]]:
    """Return each section's keys with whether they are commented out, and their value."""
    sections: dict[str, dict[str, tuple[bool, str]]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        if header := SECTION.fullmatch(line):
            keys = sections.setdefault(header[1], {})
        elif found := KEY.fullmatch(line):
            keys[found["name"]] = bool(found["hidden"]), found["value"] or ""
    return sections


DEFAULT = written(ETC / "cas.ini")

FIELDS = [
    pytest.param(section, field.name.replace("_", " "), field.metadata, id=f"{section}-{field.name}")
    for section in sorted({*known_sections(), "mailbox:mbx1", "oab:everybody"} - {"mailbox:NAME", "oab:NAME"})
    for field in attrs.fields((plan if section == "cas" else module_of(section)).Settings)  # type: ignore[union-attr]
]


@pytest.mark.parametrize(("section", "key", "metadata"), FIELDS)
def test_every_key_stands_in_the_commented_default(section: str, key: str, metadata: dict[str, str]) -> None:
    hidden, value = DEFAULT[section][key]
    if hidden:
        assert value == metadata["default"]


@pytest.mark.parametrize("name", ["cas.ini", "array.ini"])
def test_a_commented_key_shows_the_default(name: str) -> None:
    for section, keys in written(ETC / name).items():
        module = plan if section == "cas" else module_of(section)
        defaults = {field.name.replace("_", " "): field.metadata["default"] for field in attrs.fields(module.Settings)}  # type: ignore[union-attr]
        for key, (hidden, value) in keys.items():
            assert not hidden or value == defaults[key], f"[{section}] {key}"


def test_the_commented_default_is_the_demo(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    shutil.copy(ETC / "cas.ini", tmp_path / "etc")
    provision(tmp_path / "var" / "demo", hasher=CHEAP)
    demo = read_plan(tmp_path / "etc" / "cas.ini")
    assert set(demo.doors) == {"http", "mapihttp", "rpchttp"}
    assert set(demo.mailboxes) == {"mbx1", "mbx2"}


def test_a_front_end_of_an_array_has_no_mailbox_role(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    provision(tmp_path / "demo", hasher=CHEAP)
    ini = (ETC / "array.ini").read_text(encoding="utf-8").replace("/etc/casd/", "").replace("/var/lib/casd/", "")
    (tmp_path / "demo" / "array.ini").write_text(ini)
    front = read_plan(tmp_path / "demo" / "array.ini")
    assert not front.mailboxes
    assert front.doors["http"][1].listen[0].port == 443


def test_a_section_named_after_another_module_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "cas.ini").write_text("[plan]\nname = fe1\n")
    with pytest.raises(BadConfiguration, match=r"\[plan\]: unknown section"):
        read_plan(tmp_path / "cas.ini")
