"""Compiles a file with -DMISTAKE and expects that the compiler refuses it, and that its first error is our sentence.

usage: compile_fail_test.py FILE COMPILER [FLAG…]      the sentence stands after '// expect:' in the file's first line
"""

import pathlib
import subprocess
import sys

file, *compile_it = sys.argv[1:]
expected = pathlib.Path(file).read_text().splitlines()[0].removeprefix("// expect: ")
run = subprocess.run([*compile_it, "-DMISTAKE", "-fsyntax-only", file], capture_output=True, text=True)
errors = [line for line in run.stderr.splitlines() if "error:" in line]
if run.returncode == 0:
    sys.exit(f"{file} compiles, mistake and all")
if "penstock:" not in errors[0] or expected not in errors[0]:
    sys.exit(f"expected as the first error: penstock: … {expected}\nbut it is:\n{errors[0]}\n\n{run.stderr[:8000]}")
print(errors[0])
