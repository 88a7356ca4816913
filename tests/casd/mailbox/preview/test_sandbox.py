"""The walls around a process: the best that the machine allows."""

from __future__ import annotations

from pathlib import Path

import pytest

from casd.mailbox.preview.sandbox import SANDBOXES, choose, works_here

FOLDER = Path("/var/tmp/one")


@pytest.mark.parametrize(
    ("there", "name"), [({"bwrap", "unshare"}, "bubblewrap"), ({"unshare"}, "unshare"), (set(), "none")]
)
def test_the_best_way_that_works_is_chosen(there: set[str], name: str) -> None:
    assert choose(FOLDER, lambda command: command[0] in there).name == name


@pytest.mark.negative
def test_bubblewrap_leaves_no_network_and_no_file_of_the_server() -> None:
    command = SANDBOXES[0].wrap(["soffice", "in.docx"], FOLDER)
    assert {"--unshare-all", "--die-with-parent", "--new-session"} <= set(command)
    assert "--share-net" not in command
    writable = [command[at + 1] for at, word in enumerate(command) if word == "--bind"]
    assert writable == [str(FOLDER)]
    shown = {command[at + 1] for at, word in enumerate(command) if word.startswith("--ro-bind")}
    assert not shown & {"/", "/etc", "/var", "/home", "/root", "/tmp"}
    assert command[command.index("--") + 1 :] == ["soffice", "in.docx"]


@pytest.mark.negative
def test_without_bubblewrap_there_is_no_network_either() -> None:
    command = SANDBOXES[1].wrap(["soffice"], FOLDER)
    assert {"--net", "--pid", "--kill-child"} <= set(command)


def test_a_command_that_is_not_there_does_not_work() -> None:
    assert not works_here(["no-such-command"])
    assert works_here(["true"])
