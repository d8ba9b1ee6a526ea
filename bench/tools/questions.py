"""What each question asks, in words, and how its cases stand in tables: a case is put into a table and a column."""
from dataclasses import dataclass
from typing import Callable


@dataclass
class Question:
    title: str
    asks: str
    place: Callable  # path of a case without the question -> (heading of its table, heading of its column)
    lasts: Callable  # (how long it was meant to be, shortest and longest repetition in ms) -> what a repetition is
    counters: tuple = ("ns_per_item",)
    charts: tuple = ()  # (case, counter, heading)
    hides: Callable = lambda case, counter: False  # what a case measures and what says nothing there

    def shown(self, case):
        """The counters of a case that stand in tables."""
        return [counter for counter in self.counters if not self.hides(case, counter)]


UNITS = {"ns_per_item": "ns per item", "p50_us": "p50, µs", "p99_us": "p99, µs", "p999_us": "p99.9, µs",
         "cpu_percent": "% of a core", "bytes_per_wait": "bytes per wait", "peak_mb": "MB at most",
         "allocations_per_item": "allocations per item", "cpu_ns_per_item": "ns of processor time per item"}


def as_long(meant, shortest, longest):
    text = f"A repetition is meant to take about {meant} ms"
    return text + (f"; they took {shortest:.0f} to {longest:.0f} ms." if longest else ".")


def how_many(path):
    return "1 thread" if path == "t1" else f"{path[1:]} threads"


def of_pipeline(path):
    items = {"8B": "8-byte items", "string48": "`std::string` items of 48 characters"}
    if path[0] == "serial":
        return f"serial stages, {items.get(path[2], path[2])}", "1 stage" if path[1] == "k1" else f"{path[1][1:]} stages"
    if path[0] == "scaling":
        return "how it grows: 4 stages of 8-byte items, each with a worker per thread", how_many(path[-1])
    return "other shapes, 8-byte items", {
        "many_stages": "64 stages on 2 cores", "parallel2": "4 stages, 2 workers each", "tee": "tee and join",
        "route": "route and join"}.get(path[0], path[0])


def of_handoff(path):
    if path[0] == "threads" and len(path) == 4:
        calls = {"single": "one by one", "batch256": "in batches of 256"}.get(path[3], path[3])
        return f"between threads, {path[2][:-1]}-byte items, {calls}", path[1].replace("x", "/")
    shape = {"alone": "a put and a get by one alone"}.get(path[1], path[1].replace("x", "/"))
    return f"between coroutines, {path[2][:-1]}-byte items, {shape}", {
        "async": "awaited", "try_first": "tries first", "token": "by completion token"}.get(path[3], path[3])


def of_farm(path):
    if path[0] == "scaling":
        return "how it grows: 1 µs of work, any order", how_many(path[-1])
    kind = {"unordered": "any order", "ordered": "order kept", "skewed_unordered": "skewed work, any order",
            "skewed_ordered": "skewed work, order kept"}
    return kind.get(path[0], path[0]), path[1].replace("us", " µs")


def of_latency(path):
    return path[0].replace("idle", "a run that waits").replace("k_per_s", ",000 items per second"), ""


def of_waits(path):
    kind = {"once": "each waits once, all at the same time", "20ms": "waits of 20 ms, one after the other"}
    return kind.get(path[1], path[1]), f"{int(path[0]):,} at once"


def of_storm(path):
    return {"threads": "64 threads that wait at a queue", "coroutines": "10,000 coroutines that wait at a queue",
            "timers": "10,000 coroutines that wait for a timer"}.get(path[0], path[0]), {
        "queue": "the queue is ended", "token": "they are asked to stop"}.get(path[-1], "")


def of_load(path):
    return path[0].upper(), ""


def of_allocations(path):
    return {"stages": "four stages on CPU workers", "queue": "a queue whose two sides wait all the time"}.get(
        path[0], path[0]), path[1].replace("_", " ")


def of_any(path):
    return path[0] if len(path) > 1 else "", " ".join(path[1:] or path)


QUESTIONS = {
    "pipeline": Question(
        "The cost of stages",
        "How long does an item take through k trivial stages, source and sink included? Each stage changes the item with two "
        "instructions, so nearly everything that is measured is handing over. An item costs processor time on each core that is "
        "used for it, so beside the time stands how many cores that was.",
        of_pipeline, as_long,
        charts=(("pipeline/serial/k4/8B", "ns_per_item", "4 serial stages, 8-byte items"),
                ("pipeline/serial/k16/8B", "ns_per_item", "16 serial stages, 8-byte items"))),
    "handoff": Question(
        "A queue by hand",
        "How long does it take to hand an item from a producer to a consumer through one bounded queue? Nobody is bound to a "
        "core. Where the scheduler lets the two sides take turns on one, a queue is filled and emptied in long strides and nearly "
        "nobody meets anybody; where they run at the same time, they meet at the same cache lines, and wake each other. Items cost "
        "several times as much in the one way as in the other, a run can change between them, and the brackets are as wide as that.",
        of_handoff, as_long,
        charts=(("handoff/threads/2x2/8B/single", "ns_per_item", "one queue, 2 producers, 2 consumers, 8-byte items"),)),
    "farm": Question(
        "A farm",
        "How much of the machine does the work get, when a stage has a worker per core? The work of an item is a loop whose "
        "length is fixed (0.2 µs to 100 µs on the machine where it was set); `skewed` is work of 1 µs in the mean, of which one "
        "item in 100 costs 100 times as much as the others. The limit is the same work, split beforehand into a part per thread.",
        of_farm, as_long,
        charts=(("farm/unordered/1us", "ns_per_item", "a farm, 1 µs of work per item, any order"),)),
    "latency": Question(
        "Latency at a fixed rate",
        "How long after it was due has an item come through 3 stages when items come at a fixed rate, and what does it cost? The "
        "source turns in a loop until the next item is due; the first tenth of the items is not counted. Processor time is what the "
        "process used above that loop, as a share of one core. `a run that waits` is a run whose source gives nothing for a second.",
        of_latency,
        lambda meant, *_: f"A repetition is {1.5 * meant / 150:.2g} s at 10,000 items per second, {0.75 * meant / 150:.2g} s at "
                          "100,000, and a second where nothing comes.",
        counters=("p50_us", "p99_us", "p999_us", "cpu_percent"),
        charts=(("latency/10k_per_s", "p99_us", "p99 of 3 stages, 10,000 items per second"),)),
    "waits": Question(
        "Waiting at once",
        "How many items per second can wait in an I/O stage all at once, and what memory does each take? Where each waits once, for "
        "a second (asyncio's 100,000 for three, since one would be over before the last has begun), the time is that of the wait, "
        "and only the memory is shown.",
        of_waits,
        lambda *_: "A repetition is a process of its own with 1 to 10 times as many items as wait at once, in asyncio fewer.",
        counters=("ns_per_item", "bytes_per_wait"),
        hides=lambda case, counter: case.endswith("/once") and counter == "ns_per_item"),
    "allocations": Question(
        "Allocations",
        "How often is memory allocated per item, in steady state? Counted at the global operator new.",
        of_allocations, lambda *_: "A repetition is two runs, one with twice the items of the other; the difference counts.",
        counters=("allocations_per_item",)),
    "load": Question(
        "Short loads into SQLite",
        "What does a row of a CSV or NDJSON file of some 200 MB cost until it stands in a new SQLite table? The whole process is "
        "timed, and rows and values are counted afterwards. The files of 1 GB are further below.",
        of_load, lambda meant, *_: f"A repetition is one load of a file of {200 * meant / 150:.0f} MB.",
        counters=("ns_per_item", "peak_mb")),
    "storm": Question(
        "Cancellation storms",
        "How long does it take, per waiter, from the one call that ends all waits until the last waiter has returned? Coroutines of "
        "Penstock, Asio and asyncio wait on one loop thread, those of tokio on two workers, Go's on a thread per core. Penstock, "
        "condition variables and loops know when all wait; for oneTBB, Go, crossbeam and tokio the storm breaks 20 ms after the "
        "last has come to where it waits, which is taken to be enough.",
        of_storm, lambda *_: "A repetition is 50 storms of 64 threads, or 5 of 10,000 coroutines."),
}


def about(name):
    return QUESTIONS.get(name) or Question(name.capitalize(), "", of_any, as_long)


def in_order(names):
    known = list(QUESTIONS)
    return sorted(names, key=lambda n: (known.index(n) if n in known else len(known), n))
