"""exchangelib's own tests against casd: `python -m tests.integration.exchangelib_suite FOLDER [PYTHON] [TEST ...]`.

FOLDER is a checkout of exchangelib (its tests are not in what PyPI has), PYTHON an interpreter with what its
test-requirements.txt names. An organisation is made, FOLDER/settings.yml is written for it, and unittest is run.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from casd.testing.organisation import Organisation, running

_SETTINGS = """\
server: '{host}'
autodiscover_server: '{host}'
username: '{user}'
password: '{password}'
tenant_id:
client_id:
client_secret:
account: '{user}'
alias: '{user}'
verify_ssl: False
"""

PUSHED_TO = "example.com:443"
"""Where the tests have notifications pushed to, which nobody there expects."""


def write_settings(organisation: Organisation, folder: Path) -> None:
    """Write the one file that exchangelib's tests read."""
    host = urlsplit(organisation.url).netloc
    text = _SETTINGS.format(host=host, user=organisation.users[0], password=organisation.password)
    (folder / "settings.yml").write_text(text)


def main(folder: Path, python: str = sys.executable, *tests: str) -> int:
    """Run the tests, and return their exit status."""
    with running(settings={"mailbox": {"push": PUSHED_TO}}) as organisation:
        write_settings(organisation, folder)
        command = [python, "-W", "ignore", "-m", "unittest", "-v", *tests]
        return subprocess.run(command, cwd=folder, env={**os.environ, "TZ": "UTC"}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
