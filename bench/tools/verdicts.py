"""The budgets, each with its verdict. A budget is a sentence and one or more measured figures beside their limits; it is
met when all of them are."""
import statistics
from dataclasses import dataclass


DOUBT = "†"  # behind a ratio that is not to be relied on; see Results.doubtful


@dataclass
class Figure:
    """One measured value beside its limit. A ratio has no unit."""
    where: str
    value: float | None
    limit: float
    at_least: bool = False
    unit: str = ""
    rounds: tuple = ()  # what each round gave
    doubtful: bool = False

    def keeps(self, value):
        return value >= self.limit if self.at_least else value <= self.limit

    @property
    def met(self):
        return self.keeps(self.value)

    @property
    def met_in_every_round(self):
        return all(map(self.keeps, self.rounds or (self.value,)))

    @property
    def miss(self):
        """By how much it is missed, in per cent of the limit."""
        return abs(self.value - self.limit) / self.limit * 100

    @property
    def missed(self):
        if not self.at_least and self.value > 3 * self.limit:
            return f"missed: {short(self.value / self.limit)} times as much"
        return f"missed: {short(self.miss)} % {'short' if self.at_least else 'too much'}"

    def text(self):
        shown = f"{short(self.value)}{self.unit or ' ×'}"
        if self.rounds:
            shown += ends_of(self.rounds) + (f" {DOUBT}" if self.doubtful else "")
        return f"{self.where}: {shown}" if self.where else shown


@dataclass
class Budget:
    words: str
    figures: list  # of functions Results -> Figure
    elsewhere: str = ""  # where it is shown, when it is not measured here

    def verdict(self, results):
        """(measured, verdict), both as text."""
        figures = [f for f in (make(results) for make in self.figures) if f.value is not None]
        if not figures:
            return self.elsewhere or "", "not measured"
        measured = "; ".join(f.text() for f in figures)
        missed = [f for f in figures if not f.met]
        unknown = len(self.figures) - len(figures)
        if missed:
            worst = max(missed, key=lambda f: f.miss)
            at = f" ({worst.where})" if worst.where and len(figures) > 1 else ""
            verdict = worst.missed + at + (f"; {unknown} of {len(self.figures)} not measured" if unknown else "")
        elif unknown:
            verdict = f"not decided: {unknown} of {len(self.figures)} not measured"
        else:
            verdict = "met" if all(f.met_in_every_round for f in figures) else "met by the median, not in every round"
        return measured, verdict


def short(value):
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def ends_of(values):
    """The smallest and the largest, where they differ; to be put behind the median."""
    least, most = short(min(values)), short(max(values))
    return f" ({least} to {most})" if least != most else ""


def at_most(where, case, limit, counter="ns_per_item", unit=" ns"):
    return lambda r: Figure(where, r.median(case, r.ours(case), counter), limit, unit=unit,
                            rounds=tuple(r.values(case, r.ours(case), counter) or ()))


def share(where, case, limit):
    """Of the limit's speed, in per cent."""
    def make(r):
        best = r.best(case, "limit")
        ratios = [ratio * 100 for ratio in r.ratios(case, best, r.ours(case))] if best else []
        return Figure(where, statistics.median(ratios) if ratios else None, limit, at_least=True, unit=" %",
                      rounds=tuple(ratios), doubtful=bool(best) and r.doubtful(case, best, r.ours(case)))
    return make


def between(r, where, case, above, below, factor, counter="ns_per_item", at_least=False):
    """The ratio of two contenders; None: that one is not there."""
    if above is None or below is None:
        return Figure(where, None, factor)
    return Figure(where, r.ratio(case, above, below, counter), factor, at_least=at_least,
                  rounds=tuple(r.ratios(case, above, below, counter)), doubtful=r.doubtful(case, above, below, counter))


def faster_than(where, case, rival, factor):
    """At least `factor` times as fast as the contender that has the word `rival`."""
    return lambda r: between(r, where, case, r.named(case, rival), r.ours(case), factor, at_least=True)


def slower_than(where, case, other, factor):
    """At most `factor` times the time of the contender that has the word `other`."""
    return lambda r: between(r, where, case, r.ours(case), r.named(case, other), factor)


def faster_than_single_items(case, factor):
    """The nearest of those rivals that hand over one item at a time."""
    def make(r):
        ratios = {c["name"]: r.ratio(case, c["name"], r.ours(case)) for c in r.contenders(case, "rival")
                  if not c.get("batches")}
        ratios = {name: ratio for name, ratio in ratios.items() if ratio}
        nearest = min(ratios, key=ratios.get, default=None)
        where = f"the nearest, {nearest}" if nearest else ""
        return between(r, where, case, nearest, r.ours(case), factor, at_least=True)
    return make


def memory_beside(case, other, factor):
    return lambda r: between(r, "memory", case, r.ours(case), r.named(case, other), factor, "bytes_per_wait")


def stages(k):
    return "1 stage" if k == 1 else f"{k} stages"


WAYS = {"async": "awaited", "try_first": "try first", "token": "by token"}
SIDES = ("1x1", "2x2", "4x4", "8x8")


def threads(shape, items, calls):
    return f"handoff/threads/{shape}/{items}/{calls}"


BUDGETS = [
    Budget("an item of 8 bytes through 1, 4, 16 trivial serial stages: at most 10, 15, 32 ns in all",
           [at_most(stages(k), f"pipeline/serial/k{k}/8B", most) for k, most in ((1, 10), (4, 15), (16, 32))]),
    Budget("16 serial stages: at least 20 times as fast as oneTBB's `parallel_pipeline`",
           [faster_than("", "pipeline/serial/k16/8B", "TBB parallel_pipeline", 20)]),
    Budget("16 serial stages: at least 3 times as fast as every rival that hands over one item at a time",
           [faster_than_single_items("pipeline/serial/k16/8B", 3)]),
    Budget("a `std::string` of 48 characters: at most twice the time of vectors batched by hand, in loops",
           [slower_than(stages(k), f"pipeline/serial/k{k}/string48", "batched loops", 2) for k in (1, 4, 16)]),
    Budget("the same beside vectors batched by hand through `parallel_pipeline`",
           [slower_than(stages(k), f"pipeline/serial/k{k}/string48", "vectors through oneTBB", 2) for k in (1, 4, 16)]),
    Budget("a queue between threads, one call per item, 8 bytes: faster than crossbeam",
           [faster_than(s, threads(s, "8B", "single"), "crossbeam", 1) for s in SIDES]),
    Budget("the same with 64 bytes: at most 1.3 times the time of crossbeam",
           [slower_than(s, threads(s, "64B", "single"), "crossbeam", 1.3) for s in SIDES]),
    Budget("the same with 8 bytes: at least 4 times as fast as `tbb::concurrent_bounded_queue`",
           [faster_than(s, threads(s, "8B", "single"), "concurrent_bounded_queue", 4) for s in SIDES]),
    Budget("a queue between threads, items of 8 bytes (those of 64 are not judged) in batches of 256: at most 10 ns per item with "
           "one thread on each side, 20 with 8",
           [at_most("1x1", threads("1x1", "8B", "batch256"), 10), at_most("8x8", threads("8x8", "8B", "batch256"), 20)]),
    Budget("a put and a get from one coroutine, so that neither waits: at most 90 ns awaited, 30 ns when it tries first, 350 ns "
           "through a completion token",
           [at_most(WAYS[way], f"handoff/coroutines/alone/8B/{way}", most)
            for way, most in (("async", 90), ("try_first", 30), ("token", 350))]),
    Budget("a queue between coroutines on two threads: at least 5 times as fast as Asio's channel",
           [faster_than(f"{shape}, {WAYS[way]}", f"handoff/coroutines/{shape}/8B/{way}", "Asio", 5)
            for shape in ("1x1", "2x2") for way in ("async", "try_first")]),
    Budget("a farm in any order: at least 80 % of the split beforehand at 0.2 µs of work, 95 % from 1 µs on",
           [share(f"{us} µs", f"farm/unordered/{us}us", least) for us, least in (("0.2", 80), (1, 95), (10, 95), (100, 95))]),
    Budget("the same with order kept",
           [share(f"{us} µs", f"farm/ordered/{us}us", least) for us, least in (("0.2", 80), (1, 95), (10, 95), (100, 95))]),
    Budget("a farm whose work is skewed (one item in 100 costs 100 times as much, 1 µs in the mean): at least 95 % of the ideal",
           [share("any order", "farm/skewed_unordered/1us", 95), share("order kept", "farm/skewed_ordered/1us", 95)]),
    Budget("10,000 items per second through 3 stages: p50 at most 5 µs, p99 at most 12 µs, at most 10 % of a core",
           [at_most("p50", "latency/10k_per_s", 5, "p50_us", " µs"), at_most("p99", "latency/10k_per_s", 12, "p99_us", " µs"),
            at_most("processor", "latency/10k_per_s", 10, "cpu_percent", " %")]),
    Budget("100,000 items per second through 3 stages: p50 at most 6 µs, p99 at most 15 µs, at most 80 % of a core",
           [at_most("p50", "latency/100k_per_s", 6, "p50_us", " µs"), at_most("p99", "latency/100k_per_s", 15, "p99_us", " µs"),
            at_most("processor", "latency/100k_per_s", 80, "cpu_percent", " %")]),
    Budget("a run that waits uses no processor time (below 0.1 % of a core)",
           [at_most("", "latency/idle", 0.1, "cpu_percent", " %")]),
    Budget("100,000 items that wait at once in an I/O stage: at most 1.25 times the memory, and at least 1.5 times as many per "
           "second, of the same body spawned by hand with `co_spawn`",
           [memory_beside("waits/100000/once", "co_spawn", 1.25),
            faster_than("items per second", "waits/100000/20ms", "co_spawn", 1.5)]),
    Budget("no allocation per item in stages on CPU workers and in queue waits (below 0.01)",
           [at_most(words, f"allocations/{case}", 0.01, "allocations_per_item", " per item")
            for words, case in (("serial stages", "stages/serial"), ("several workers", "stages/any_order"),
                                ("order kept", "stages/order_kept"), ("waiting threads", "queue/threads"),
                                ("waiting coroutines", "queue/coroutines"))]),
    Budget("CSV and NDJSON to SQLite: at least 1.6 times as fast as a bare insert loop",
           [faster_than(form, f"load/{form.lower()}", "bare loop", 1.6) for form in ("CSV", "NDJSON")]),
    Budget("the same: at least 3.5 times as fast as the shell's `.import`",
           [faster_than(form, f"load/{form.lower()}", "shell", 3.5) for form in ("CSV", "NDJSON")]),
    Budget("the same: at most 64 MB of memory, here with files of some 200 MB, further below with 1 GB",
           [at_most(form, f"load/{form.lower()}", 64, "peak_mb", " MB") for form in ("CSV", "NDJSON")]),
    Budget("to PostgreSQL: at least 1.3 times as fast as `psql`'s `\\copy`", [], "by a script of its own, see Files to PostgreSQL"),
]


def verdicts(results):
    """[(budget in words, measured, verdict)]"""
    return [(budget.words, *budget.verdict(results)) for budget in BUDGETS]
