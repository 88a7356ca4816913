"""Proof that each security rule has a test that fails without it: `python -m tests.mutants [WORD ...]`.

For each rule of mutants.txt a copy of the tree is changed so that the rule is gone, and the rule's test runs there. A
rule whose removal goes unnoticed is printed and makes the exit status 1; so does a text that does not stand once in its
file.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import NamedTuple

TOP = Path(__file__).parents[1]
AT_ONCE = 2


class Mutant(NamedTuple):
    """A rule, where it stands, its text and what takes its place, the test that must then fail."""

    rule: str
    file: str
    old: str
    new: str
    test: str


def read_mutants(text: str) -> Iterator[Mutant]:
    """Read the blocks of mutants.txt: what begins with no sign of its own is a rule, `#` a heading."""
    for block in re.split(r"\n\n+", text.partition("\n#")[2])[1:]:
        lines = [line for line in block.splitlines() if not line.startswith("#")]
        if lines:
            by_sign = {sign: [line[1:] for line in lines[1:] if line[0] == sign] for sign in "@-+!"}
            file, old, new, test = ("\n".join(by_sign[sign]) for sign in "@-+!")
            yield Mutant(lines[0], file.strip(), old, new, test.strip())


def copy_tree(folder: Path) -> Path:
    """Copy what the tests need."""
    for name in ("casd", "protocols", "tests", "etc"):
        shutil.copytree(TOP / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "integration"))
    shutil.copy(TOP / "setup.cfg", folder)
    return folder


def run(test: str, tree: Path) -> tuple[int, str]:
    """Run a test in a tree; return pytest's exit status and what it printed."""
    # Without bytecode: two mutants of one second and one length would look the same to Python.
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", test]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def survival(mutant: Mutant, tree: Path) -> str:
    """Return why a rule is not proved; nothing when its test fails without it."""
    file = tree / mutant.file
    original = file.read_text(encoding="utf-8")
    if original.count(mutant.old) != 1:
        return f"its text stands {original.count(mutant.old)} times in {mutant.file}"
    file.write_text(original.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        status, printed = run(mutant.test, tree)
    finally:
        file.write_text(original, encoding="utf-8")
    if status == 1:
        return ""
    return f"{mutant.test} did not notice" if status == 0 else f"{mutant.test} did not run:\n{printed[-500:]}"


def try_all(mutants: Iterable[Mutant]) -> Iterator[str]:
    """Try each mutant in one of a few copies of the tree; return why each one lives, in order."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_ONCE) as threads:
        trees: Queue[Path] = Queue()
        for number in range(AT_ONCE):
            trees.put(copy_tree(Path(folder, str(number))))

        def attempt(mutant: Mutant) -> str:
            tree = trees.get()
            try:
                return survival(mutant, tree)
            finally:
                trees.put(tree)

        yield from threads.map(attempt, mutants)


def main(words: list[str]) -> int:
    """Try the rules that have all these words; return 1 when one is not proved."""
    known = read_mutants((TOP / "tests" / "mutants.txt").read_text(encoding="utf-8"))
    chosen = [mutant for mutant in known if all(word in " ".join(mutant) for word in words)]
    alive = 0
    for mutant, why in zip(chosen, try_all(chosen), strict=True):
        said = f"NOT PROVED: {mutant.rule}: {why}" if why else f"rule removed -> test failed (good): {mutant.rule}"
        print(said, flush=True)  # noqa: T201
        alive += bool(why)
    print(f"{len(chosen) - alive} of {len(chosen)} rules proved")  # noqa: T201
    return min(alive, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
