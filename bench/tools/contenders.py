"""Who competes: every bench/<question>/contenders.json, less those whose tools are not installed."""
import json
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


LISTING = 60  # seconds that a contender may take to say which cases it knows


class BenchError(Exception):
    """Ends the program with this sentence and exit code 1."""


@dataclass
class Contender:
    question: str
    name: str
    what: str
    command: list
    form: str  # google: a Google Benchmark program; lines: --list, --run REGEX, a JSON object per line
    role: str  # ours, rival, reference (shown, no rival: its user does by hand what the others do) or limit
    needs: str | None = None  # Debian packages, separated by spaces
    build: list | None = None
    crate: str | None = None  # a folder of bench/rust, whose build command and needs it shares with others
    batches: bool = False  # a rival that hands over many items at once
    cases: list = field(default_factory=list)  # those that it knows, in its own order
    programs: dict = field(default_factory=dict)  # case -> its filter


# What a crate takes from Debian. One command for all contenders of a crate, so that it is built once.
CRATES = {"crossbeam": "cargo librust-crossbeam-channel-dev", "tokio": "cargo librust-tokio-dev"}


def of_crate(name):
    return {"needs": CRATES[name], "build": [
        "/usr/bin/cargo", "--config", "bench/rust/debian.toml", "build", "--offline", "--release", "--quiet",
        "--manifest-path", f"bench/rust/{name}/Cargo.toml", "--target-dir", "build/bench/rust"]}


# A package that only depends on another one, which is the one that is looked for.
STANDS_FOR = {"golang": "golang-go"}


def installed(packages):
    if not packages or not shutil.which("dpkg-query"):
        return True
    packages = " ".join(STANDS_FOR.get(package, package) for package in packages.split())
    done = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status}\n", *packages.split()],
                          capture_output=True, text=True)
    return done.returncode == 0 and set(done.stdout.split()) == {"installed"}


def runs_here(command):
    program = command[0]
    return bool(shutil.which(program)) or (ROOT / program).exists()


def load(questions=None):
    """(those who compete, by question), (those who are left out, with the reason)."""
    found, left_out = {}, []
    for file in sorted(ROOT.glob("bench/*/contenders.json")):
        question = file.parent.name
        if questions and question not in questions:
            continue
        for entry in json.loads(file.read_text()):
            if "crate" in entry:
                entry.update(of_crate(entry["crate"]))
            contender = Contender(question=question, **entry)
            of_cmake = contender.build is None and contender.command[0].startswith("build/")  # then it is there, or not
            if not of_cmake and not installed(contender.needs):
                left_out.append((contender, f"not installed here: {contender.needs}"))
            elif not of_cmake and not runs_here(contender.build or contender.command):
                left_out.append((contender, f"there is no {(contender.build or contender.command)[0]} here"))
            else:
                found.setdefault(question, []).append(contender)
    return found, left_out


def build(found, left_out):
    """Runs the build commands of contenders that CMake does not build, each command once. Whoever cannot be built is
    left out; ours must be."""
    outcome = {}
    for question, contenders in found.items():
        for contender in list(contenders):
            key = json.dumps(contender.build)
            if contender.build and key not in outcome:
                done = subprocess.run(contender.build, cwd=ROOT, capture_output=True, text=True)
                outcome[key] = done.stderr.strip() if done.returncode != 0 else None
            problem = outcome.get(key)
            if problem is None and not runs_here(contender.command):
                problem = "was not built" + (f", which takes {contender.needs}" if contender.needs else "")
            if problem is not None:
                if contender.role == "ours":
                    raise BenchError(f"{contender.name} for {question}: {problem}")
                contenders.remove(contender)
                left_out.append((contender, " ".join(problem.split())[:200]))


def plain(name):
    """Google Benchmark puts its settings behind the name of a case."""
    return re.sub(r"(/(iterations:\d+|repeats:\d+|real_time|manual_time|process_time|threads:\d+))+$", "", name)


def ask_cases(contender):
    flag = "--benchmark_list_tests" if contender.form == "google" else "--list"
    try:
        done = subprocess.run([*contender.command, flag], cwd=ROOT, capture_output=True, text=True, timeout=LISTING)
    except subprocess.TimeoutExpired:
        raise BenchError(f"{contender.name} for {contender.question} took more than {LISTING} s to list its cases") from None
    if done.returncode != 0:
        raise BenchError(f"{contender.name} for {contender.question} cannot list its cases: {done.stderr.strip()}")
    for line in done.stdout.split():
        contender.cases.append(plain(line))
        contender.programs[plain(line)] = "^" + re.escape(line).replace(r"\-", "-") + "$"
