"""The demo as a newcomer meets it: `casctl demo init`, `twistd cas`, and the line that `casctl demo show` prints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from time import monotonic

from twisted.trial.unittest import SynchronousTestCase

from casd.testing.layout import free_ports
from tests.integration.process import PATIENCE, ROOT, Process

_BIN = Path(sys.executable).parent


class Demo(SynchronousTestCase):
    """etc/cas.ini as it is, but for the ports."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        (self.folder / "etc").mkdir(parents=True)
        self.ports = free_ports("front", "plain", "admin", "mbx1", "mbx2")
        (self.folder / "etc" / "cas.ini").write_text(self._on_other_ports((ROOT / "etc" / "cas.ini").read_text()))

    def test_the_printed_line_works(self) -> None:
        self._command(_BIN / "casctl", "demo", "init")
        for server in ("mbx1", "mbx2"):
            endpoint = f"127.0.0.1:{self.ports[server]}"
            self._command(_BIN / "casctl", "server", "set", server, "--endpoint", endpoint)
        begun = monotonic()
        demo = Process(_BIN / "twistd", "--nodaemon", "cas", "--config", "etc/cas.ini", cwd=self.folder)
        self.addCleanup(demo.kill)
        shown = self._command(_BIN / "casctl", "demo", "show", "--wait").splitlines()
        seconds = monotonic() - begun
        assert shown[-1] == "ready"
        line = next(line.strip() for line in shown if line.lstrip().startswith("curl "))
        answer = self._command("sh", "-c", f"{line} --silent --show-error --write-out '\\n%{{http_code}}'")
        assert answer.endswith("\n200"), answer
        assert 'ResponseClass="Success"' in answer
        demo.stop()
        sys.stdout.write(f"\n    ready after {seconds:.1f} s; {line}: {answer[-3:]}\n")

    def _on_other_ports(self, ini: str) -> str:
        defaults = {"front": 8443, "plain": 8080, "admin": 8444, "mbx1": 9443, "mbx2": 9444}
        for name, port in defaults.items():
            assert f":{port}" in ini
            ini = ini.replace(f":{port}", f":{self.ports[name]}")
        return ini.replace("# listen = 127", "listen = 127").replace("# plain = 127", "plain = 127")

    def _command(self, *command: str | Path) -> str:
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
