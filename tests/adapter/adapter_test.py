#!/usr/bin/env python3
"""Compiles the harness of bench/adapter with the very command that its README.md shows, against an installed penstock, and
runs every workload with a few items; a wrong answer is its exit code.

usage: adapter_test.py PENSTOCK PREFIX      the source tree, and where it was installed
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

penstock, prefix = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
adapter = penstock / "bench/adapter"
commands = re.findall(r"^```sh\n(g\+\+ .*?)^```$", (adapter / "README.md").read_text(), re.MULTILINE | re.DOTALL)
if len(commands) != 1:
    sys.exit("README.md has no command that begins with g++, or several")
with tempfile.TemporaryDirectory() as folder:
    environment = dict(os.environ, PENSTOCK=str(penstock), PREFIX=str(prefix), LD_LIBRARY_PATH=str(prefix / "lib"))
    (pathlib.Path(folder) / "harness.cpp").write_bytes((adapter / "harness.cpp").read_bytes())
    print(commands[0], end="", flush=True)
    done = subprocess.run(commands[0] + "timeout 60 ./harness 5000 2\n", shell=True, cwd=folder, env=environment, check=False)
    sys.exit(done.returncode)
