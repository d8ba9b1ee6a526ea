"""What was measured, and how to ask it. Kept in docs/benchmarks/results.json:
{question: {circumstances, contenders: [{name, what, role, batches}], left_out: [[name, reason]], cases: {case: {contender:
{counter: [a value per round]}}}}}."""
import json
import statistics
from pathlib import Path


# The two ways to sum up the rounds of two contenders agree within this factor, or neither is to be relied on.
DOUBTFUL = 1.25


class Results:
    def __init__(self, questions=None):
        self.questions = questions or {}

    @staticmethod
    def load(file: Path):
        return Results(json.loads(file.read_text()) if file.exists() else {})

    def save(self, file: Path):
        file.parent.mkdir(parents=True, exist_ok=True)
        # A line per contender: small, and a difference between two runs can be read.
        text = json.dumps(self.questions, indent=1, ensure_ascii=False)
        lines, deep = [], ""
        for line in text.splitlines():
            indent = len(line) - len(line.lstrip())
            if indent > 4 or (indent == 4 and line.strip() in ("}", "},", "]", "],")):
                deep += line.strip() + (" " if line.endswith((",", ":")) else "")
            else:
                if deep:
                    lines[-1] += deep.rstrip()
                    deep = ""
                lines.append(line)
        file.write_text("\n".join(lines) + "\n")

    def question_of(self, case):
        return self.questions.get(case.split("/")[0], {})

    def values(self, case, contender, counter="ns_per_item"):
        return self.question_of(case).get("cases", {}).get(case, {}).get(contender, {}).get(counter)

    def median(self, case, contender, counter="ns_per_item"):
        values = self.values(case, contender, counter)
        return statistics.median(values) if values else None

    def contenders(self, case, *roles):
        """Those that were measured in this case and have one of the roles."""
        there = self.question_of(case).get("cases", {}).get(case, {})
        return [c for c in self.question_of(case).get("contenders", []) if c["name"] in there and c["role"] in roles]

    def ours(self, case):
        found = self.contenders(case, "ours")
        return found[0]["name"] if found else None

    def named(self, case, word):
        """The contender of that case whose name or description has the word."""
        for c in self.contenders(case, "ours", "rival", "reference", "limit"):
            if word.lower() in (c["name"] + " " + c["what"]).lower():
                return c["name"]
        return None

    def best(self, case, role, counter="ns_per_item"):
        found = [c["name"] for c in self.contenders(case, role) if self.median(case, c["name"], counter) is not None]
        return min(found, key=lambda name: self.median(case, name, counter), default=None)

    def ratios(self, case, above, below, counter="ns_per_item"):
        """Of each round: what disturbs a round disturbs both."""
        a, b = self.values(case, above, counter), self.values(case, below, counter)
        return [x / max(y, 1e-12) for x, y in zip(a or (), b or ())]

    def ratio(self, case, above, below, counter="ns_per_item"):
        """The median of the rounds' ratios."""
        ratios = self.ratios(case, above, below, counter)
        return statistics.median(ratios) if ratios else None

    def doubtful(self, case, above, below, counter="ns_per_item"):
        """Whether the medians themselves have quite another ratio: then the rounds differ too much for one figure."""
        ratio = self.ratio(case, above, below, counter)
        if ratio is None:
            return False
        of_medians = self.median(case, above, counter) / max(self.median(case, below, counter), 1e-12)
        return not ratio / DOUBTFUL <= of_medians <= ratio * DOUBTFUL

    def cores(self, case, contender):
        """How many cores it used; None: not known."""
        used, took = (self.values(case, contender, counter) for counter in ("cpu_ns_per_item", "ns_per_item"))
        return statistics.median(u / max(t, 1e-12) for u, t in zip(used, took)) if used and took else None

    def milliseconds(self, question):
        """How long repetitions took, in all cases of all contenders."""
        return [items * ns * 1e-6 for case in self.questions[question]["cases"].values() for counters in case.values()
                for items, ns in zip(counters.get("items", ()), counters.get("ns_per_item", ()))]

    def most_rounds(self, question):
        """Of any case; where results differed much there were more."""
        return max((len(values) for case in self.questions[question]["cases"].values() for counters in case.values()
                    for values in counters.values()), default=0)
