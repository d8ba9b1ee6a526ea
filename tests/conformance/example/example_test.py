#!/usr/bin/env python3
"""Compiles the example suite with the very command that README.md shows, against an installed penstock, and runs it.

usage: example_test.py PENSTOCK PREFIX      the source tree, and where it was installed
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

penstock, prefix = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
conformance = penstock / "tests/conformance"
commands = re.findall(r"^```sh\n(g\+\+ .*?)^```$", (conformance / "README.md").read_text(), re.MULTILINE | re.DOTALL)
if len(commands) != 1:
    sys.exit("README.md has no command that begins with g++, or several")
with tempfile.TemporaryDirectory() as folder:
    environment = dict(os.environ, PENSTOCK=str(penstock), PREFIX=str(prefix), LD_LIBRARY_PATH=str(prefix / "lib"))
    (pathlib.Path(folder) / "suite.cpp").write_bytes((conformance / "example/suite.cpp").read_bytes())
    print(commands[0], end="", flush=True)
    done = subprocess.run(commands[0] + "timeout 60 ./suite\n", shell=True, cwd=folder, env=environment, check=False)
    print("conforms" if done.returncode == 0 else f"exit code {done.returncode}")
    sys.exit(done.returncode)
