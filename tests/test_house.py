"""The promises of the house that no linter keeps."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@cache
def ours(*patterns: str) -> tuple[Path, ...]:
    """Return the files of the project, from its top, that are not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    files = tuple(Path(name) for name in names if (ROOT / name).is_file())
    return tuple(file for file in files if any(fnmatch(str(file), pattern) for pattern in patterns or ("*",)))


def parsed(file: Path) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"))


MODULES = ours("casd/*.py", "protocols/*.py", "bench/*.py", "twisted/*.py")


@pytest.mark.parametrize("file", MODULES, ids=str)
def test_a_module_says_first_in_one_sentence_what_it_owns(file: Path) -> None:
    docstring = ast.get_docstring(parsed(file))
    assert docstring
    first = docstring.splitlines()[0]
    assert first.endswith(".")
    assert ". " not in first


def test_a_package_holds_a_docstring_only() -> None:
    for file in ours("casd/*__init__.py", "protocols/*__init__.py", "tests/*__init__.py"):
        body = parsed(file).body
        assert len(body) <= 1, file
        assert not body or isinstance(body[0], ast.Expr), file


def test_a_plugin_folder_of_twisted_is_no_package() -> None:
    assert ours("twisted/*") == (Path("twisted/plugins/cas.py"),)


def test_only_makeservice_meets_the_reactor() -> None:
    importing = {
        file
        for file in ours("casd/*.py", "protocols/*.py")
        for node in ast.walk(parsed(file))
        if _imports_reactor(node)
    }
    assert importing == {Path("casd/tap.py"), Path("casd/mailbox/tap.py")}


def _imports_reactor(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module == "twisted.internet" and any(alias.name == "reactor" for alias in node.names)
    return isinstance(node, ast.Import) and any(alias.name == "twisted.internet.reactor" for alias in node.names)


def test_everything_is_installed() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    packages = set(setup["options"]["packages"].split())
    assert packages == {".".join(file.parent.parts) for file in ours("casd/*.py", "protocols/*.py", "twisted/*.py")}
    data = setup["options.package_data"]
    covered = [
        f"{package.replace('.', '/')}/{pattern}"
        for package in data
        for pattern in data[package].replace(",", " ").split()
    ]
    for file in ours("casd/*", "protocols/*"):
        assert file.suffix == ".py" or any(fnmatch(str(file), pattern) for pattern in covered), file


def test_nothing_names_the_machine_it_was_written_on() -> None:
    for file in ours("*.py", "*.md", "*.cfg", "*.toml", "*.ini", "*.service", "*.socket", "*.txt", "Makefile", ".ci/*"):
        found = re.search(r"(?<![\w.])/(?:work|root|home/\w+)/", (ROOT / file).read_text(encoding="utf-8"))
        assert found is None, file


def test_documents_point_at_what_is_there() -> None:
    for file in ours("*.md"):
        text = (ROOT / file).read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!https?:)([^)#\s]+)", text):
            assert (ROOT / file.parent / target).exists(), f"{file}: {target}"
        for path in re.findall(r"(?<![\w./-])(?:casd|protocols|tests|etc|docs|news|bench)/[\w./-]*\w", text):
            assert (ROOT / path).exists() or "NAME" in path or "SERVER" in path, f"{file}: {path}"


def test_floors_are_told_as_they_are_checked() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    checked = re.findall(
        r"\w+$", setup["importlinter:contract:floors"]["layers"].replace("casd.", "").replace(" | ", "\n"), re.MULTILINE
    )
    told = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    order = re.findall(r"^    (?:casd/)?(\w+)(?:\.py|/)  ", told, re.MULTILINE)
    assert [floor for floor in order if floor in checked] == [floor for floor in checked if floor in order]
