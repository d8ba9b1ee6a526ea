"""Where and with what it was measured."""
import os
import platform
import subprocess
import time

from contenders import ROOT


def out(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT).stdout.strip()
    except OSError:
        return ""


def cached(build, name):
    """A setting of the build, as CMake remembers it."""
    for line in (build / "CMakeCache.txt").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return line.split("=", 1)[1]
    return ""


def versions():
    """Of what the rivals are made of, as far as it is installed."""
    packages = {"libtbb-dev": "oneTBB", "libboost1.81-dev": "Boost", "libboost-dev": "Boost", "golang-go": "Go",
                "rustc": "Rust", "librust-crossbeam-channel-dev": "crossbeam-channel", "librust-tokio-dev": "tokio",
                "python3": "Python", "python3-uvloop": "uvloop", "libconcurrentqueue-dev": "moodycamel::ConcurrentQueue",
                "libbenchmark-dev": "Google Benchmark"}
    listed = out("dpkg-query", "-W", "-f", "${Package} ${db:Status-Status} ${Version}\n", *packages)
    found = {}
    for line in listed.splitlines():
        package, status, version = (line.split() + ["", ""])[:3]
        if status == "installed":
            found.setdefault(packages[package], version.split(":")[-1].split("-")[0].split("+")[0])
    return found


def measured(rounds, milliseconds, load_before):
    build = ROOT / "build/bench"
    processor = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    compiler = out(cached(build, "CMAKE_CXX_COMPILER") or "c++", "--version").splitlines()
    changed = " with changes" if out("git", "status", "--porcelain", "--untracked-files=no", "--", "framework", "bench") else ""
    flags = f"{cached(build, 'CMAKE_CXX_FLAGS')} {cached(build, 'CMAKE_CXX_FLAGS_RELEASE')}".strip()
    return {"date": time.strftime("%Y-%m-%d"), "commit": out("git", "rev-parse", "--short", "HEAD") + changed,
            "machine": f"{processor}, {os.cpu_count()} cores, Linux {platform.release()}",
            "compiler": compiler[0] if compiler else "?", "flags": flags, "rounds": rounds, "milliseconds": milliseconds,
            "load_before": round(load_before, 2), "versions": versions()}


def sentence(c):
    """One paragraph, without the load: that differs from question to question."""
    rivals = ", ".join(f"{name} {version}" for name, version in c["versions"].items())
    rounds = "one round" if c["rounds"] == 1 else f"medians of {c['rounds']} interleaved rounds"
    text = (f"{c['date']}, commit {c['commit']}; {c['machine']}; {c['compiler']}, `{c['flags']}`; {rounds} of about "
            f"{c['milliseconds']} ms each, smallest and largest in brackets.")
    return text + (f" {rivals}." if rivals else "")


def load(c):
    return f"Load average before it: {c['load_before']}."
