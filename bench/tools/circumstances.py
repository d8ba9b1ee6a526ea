"""Where and with what it was measured, and what else the machine did meanwhile."""
import os
import platform
import resource
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
    cache = build / "CMakeCache.txt"
    for line in cache.read_text().splitlines() if cache.exists() else ():
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


def commit():
    """What is measured. `pipelines` too: some contenders are its programs."""
    watched = ("framework", "bench", "pipelines")
    changed = " with changes" if out("git", "status", "--porcelain", "--untracked-files=no", "--", *watched) else ""
    return out("git", "rev-parse", "--short", "HEAD") + changed


def machine_seconds():
    """Processor time of all programs so far, and time that the host gave to other guests; None: this is no Linux."""
    try:
        with open("/proc/stat", encoding="ascii") as stat:
            user, nice, system, _, _, irq, softirq, steal = (int(field) for field in stat.readline().split()[1:9])
    except (OSError, ValueError):
        return None
    ticks = os.sysconf("SC_CLK_TCK")
    return (user + nice + system + irq + softirq) / ticks, steal / ticks


def own_seconds():
    """Processor time of this program and of those that it has run and waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


class Watch:
    """Made before the measurements. The commit is that of then, whatever is committed meanwhile."""

    def __init__(self, build=ROOT / "build/bench"):
        self.build = build
        self.commit = commit()
        self.begin, self.machine, self.own = time.monotonic(), machine_seconds(), own_seconds()

    def disturbances(self):
        """In per cent of a core: what other programs used, the kernel's own threads included, and what was stolen."""
        now, elapsed = machine_seconds(), max(time.monotonic() - self.begin, 1e-9)
        if now is None or self.machine is None:
            return {}
        foreign = now[0] - self.machine[0] - (own_seconds() - self.own)
        return {"foreign_percent": round(max(0.0, foreign / elapsed * 100), 1),
                "steal_percent": round((now[1] - self.machine[1]) / elapsed * 100, 1)}

    def circumstances(self, **how):
        """`how`: rounds, milliseconds."""
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            processor = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "?")
        compiler = out(cached(self.build, "CMAKE_CXX_COMPILER") or "c++", "--version").splitlines()
        flags = f"{cached(self.build, 'CMAKE_CXX_FLAGS')} {cached(self.build, 'CMAKE_CXX_FLAGS_RELEASE')}".strip()
        return {"date": time.strftime("%Y-%m-%d"), "commit": self.commit,
                "machine": f"{processor}, {os.cpu_count()} cores, Linux {platform.release()}",
                "compiler": compiler[0] if compiler else "?", "flags": flags, **how, **self.disturbances(),
                "versions": versions()}


def where(c):
    """What questions that were measured together have in common."""
    rivals = ", ".join(f"{name} {version}" for name, version in c["versions"].items())
    text = f"{c['date']}, commit {c['commit']}; {c['machine']}; {c['compiler']}, `{c['flags']}`."
    return text + (f" {rivals}." if rivals else "")


def meanwhile(c):
    if "foreign_percent" in c:
        return (f"Meanwhile other programs used {c['foreign_percent']} % of a core, and the host took {c['steal_percent']} % for "
                "other guests.")
    return f"Load average before it, that of the question before included: {c['load_before']}."


def since(c):
    """What was changed after it was measured; gone when it is measured again."""
    return f"Measured before this was changed: {'; '.join(c['changed_since'])}." if c.get("changed_since") else ""
