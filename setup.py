"""Compiles what is on the way of every request, when it is asked to: `CASD_COMPILE=1 pip install .`

The same modules run uncompiled; setup.cfg says everything else about the package. docs/performance.md tells what it is
worth, and `make compiled` runs the unit tests on what comes out.
"""

from __future__ import annotations

import os

from setuptools import setup
from setuptools.config.setupcfg import read_configuration

ON_THE_WAY = [
    "casd/accesslog.py",
    "casd/frontends/carry.py",
    "casd/frontends/door.py",
    "casd/frontends/passage.py",
    "casd/net/backend.py",
    "casd/net/deadline.py",
    "casd/net/exchange.py",
    "casd/net/handover.py",
    "casd/net/http.py",
    "casd/net/pool.py",
    "casd/net/relay.py",
    "casd/net/scrub.py",
    "casd/net/wired.py",
    "casd/tally.py",
    "protocols/handover.py",
    "protocols/http1.py",
    "protocols/http1_parser.py",
    "protocols/http2.py",
]

extensions = []
needed = []
if os.environ.get("CASD_COMPILE"):
    options = read_configuration("setup.cfg")["options"]
    needed = [*options["install_requires"], *options["extras_require"]["compile"]]
    try:
        from mypyc.build import mypycify
    except ModuleNotFoundError:
        pass  # pip asks first what is needed
    else:
        extensions = mypycify(["--config-file", "setup.cfg", *ON_THE_WAY], opt_level="3", group_name="casd")
        for extension in extensions:  # nobody puts functions of his own in the place of ours
            extension.extra_compile_args.append("-fno-semantic-interposition")

setup(ext_modules=extensions, setup_requires=needed)
