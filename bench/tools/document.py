"""Writes what was measured into docs/benchmarks.md, between markers; what stands outside of them is written by hand and
stays."""
import re

import chart
import table
from circumstances import meanwhile, since, where
from contenders import BenchError
from questions import about, in_order
from rounds import UNSTEADY

BEGIN, END = "<!-- begin: written by scripts/bench -->", "<!-- end: written by scripts/bench -->"


def shared(results):
    """What all questions have in common, where they were measured together."""
    found = {where(question["circumstances"]) for question in results.questions.values()}
    return found.pop() if len(found) == 1 else None


def repetitions(results, question):
    """How often each case was measured, and for how long."""
    c = results.questions[question]["circumstances"]
    took = results.milliseconds(question) or (0,)
    rounds = "One round" if c["rounds"] == 1 else f"Medians of {c['rounds']} interleaved rounds, smallest and largest in brackets"
    if results.most_rounds(question) > c["rounds"]:
        rounds += f"; of {results.most_rounds(question)} where they differed more than {UNSTEADY}-fold"
    return f"{rounds}. {about(question).lasts(c['milliseconds'], min(took), max(took))}"


def chapter(results, question):
    asked = about(question)
    parts = [f"## {asked.title}"]
    if asked.asks:
        parts.append(f"*{asked.asks}*")
    circumstances = results.questions[question]["circumstances"]
    sentences = ("" if shared(results) else where(circumstances), repetitions(results, question), meanwhile(circumstances),
                 since(circumstances))
    parts.append(" ".join(sentence for sentence in sentences if sentence))
    parts += [f"![{heading}](benchmarks/{case.replace('/', '-')}.svg)" for case, _, heading in asked.charts
              if f"{case.replace('/', '-')}.svg" in chart.charts(results, question)]
    parts.append(table.summary(results, question))
    inner = []
    for heading, text in table.details(results, question):
        inner += [f"{heading[:1].upper()}{heading[1:]}:", text]
    inner.append(table.members(results, question))
    parts += ["<details><summary>All contenders</summary>", *inner, "</details>"]
    return "\n\n".join(part for part in parts if part)


def chapters(results):
    parts = ["## Budgets",
             "What the library is meant to reach, and whether it does. Figures are medians of the rounds, ratios medians of the "
             "rounds' own ratios; in brackets the smallest and the largest.",
             shared(results) or "The questions were measured at different times; each says when.",
             table.budgets(results),
             table.DOUBTS if table.DOUBT in table.budgets(results) else ""]
    parts += [chapter(results, question) for question in in_order(results.questions)]
    return "\n\n".join(part for part in parts if part)


def write(results, docs):
    file, folder = docs / "benchmarks.md", docs / "benchmarks"
    text = file.read_text()
    if BEGIN not in text or END not in text:
        raise BenchError(f"{file} has no place to write to: the lines '{BEGIN}' and '{END}'")
    replaced = re.sub(f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _: f"{BEGIN}\n\n{chapters(results)}\n\n{END}", text,
                      flags=re.DOTALL)
    folder.mkdir(exist_ok=True)
    for question in results.questions:
        for name, svg in chart.charts(results, question).items():
            (folder / name).write_text(svg)
    results.save(folder / "results.json")
    file.write_text(replaced)
