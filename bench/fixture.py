"""How long it takes to have an organisation to test against: `python -m bench.fixture [N]`.

What is timed is what a test waits for: from asking for the fixture until the first request has been answered. The
modules are loaded once for all tests of a run; that is timed by itself.
"""

from __future__ import annotations

import sys
import time
from statistics import median

_TIMES = 11


def main(times: int) -> None:
    """Print the figures."""
    begun = time.perf_counter()
    import requests  # noqa: PLC0415 (this is what is timed)

    from casd.testing.organisation import running  # noqa: PLC0415

    print(f"modules loaded in {time.perf_counter() - begun:.2f} s")
    started, answered = [], []
    for _ in range(times):
        begun = time.perf_counter()
        with running() as casd:
            started.append(time.perf_counter() - begun)
            requests.get(f"{casd.url}/owa/healthcheck.htm", verify=str(casd.ca), timeout=10).raise_for_status()
            answered.append(time.perf_counter() - begun)
    for what, took in (("started", started), ("first answer", answered)):
        print(f"{what} after {median(took):.2f} s (median of {times}; {min(took):.2f} to {max(took):.2f} s)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else _TIMES)
