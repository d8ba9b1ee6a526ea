"""Tables in Markdown, which is also what the terminal shows."""
import unicodedata

from questions import UNITS, about
from verdicts import short, verdicts


def width(text):
    return sum(0 if unicodedata.combining(c) else 1 for c in text)


def markdown(head, rows):
    """Columns are padded, so that the source can be read too; all but the first are aligned to the right."""
    widths = [max(width(row[i]) for row in [head, *rows]) for i in range(len(head))]

    def line(row):
        cells = [cell + " " * (w - width(cell)) if i == 0 else " " * (w - width(cell)) + cell
                 for i, (cell, w) in enumerate(zip(row, widths))]
        return "| " + " | ".join(cells) + " |"
    rule = "|" + "|".join("-" * (w + 1) + ("-" if i == 0 else ":") for i, w in enumerate(widths)) + "|"
    return "\n".join([line(head), rule, *(line(row) for row in rows)])


def spread(values, median):
    """The median, and the smallest and the largest value."""
    return f"{short(median)} ({short(min(values))} to {short(max(values))})"


def budgets(results):
    """For the document: cells as long as these are not padded."""
    rows = [("budget", "measured", "verdict"), ("---", "---", "---"), *verdicts(results)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def budgets_on_terminal(results):
    return "\n".join(f"{verdict.upper() if verdict == 'met' else verdict}\n    {words}" + (f"\n    {measured}" if measured else "")
                     for words, measured, verdict in verdicts(results))


def summary(results, question):
    """Ours in every case, beside the best rival and the nearest limit."""
    asked = about(question)
    rows = []
    for case in results.questions[question]["cases"]:
        ours = results.ours(case)
        if ours is None:
            continue
        for counter in asked.counters:
            values = results.values(case, ours, counter)
            if not values:
                continue
            row = [case.split("/", 1)[1] + (f", {UNITS[counter]}" if len(asked.counters) > 1 else ""),
                   spread(values, results.median(case, ours, counter))]
            for role in ("rival", "limit"):
                best = results.best(case, role, counter)
                if best is None:
                    row += ["", ""]
                    continue
                median, ratio = results.median(case, best, counter), results.ratio(case, ours, best, counter)
                row += [f"{best}: {short(median)}", f"{short(ratio)} ×" if median > 0.1 else ""]
            rows.append(row)
    unit = "" if len(asked.counters) > 1 else f", {UNITS[asked.counters[0]]}"
    head = ["case", f"Penstock{unit}", "best rival", "beside it", "limit", "beside it"]
    if not any(row[4] for row in rows):
        head, rows = head[:4], [row[:4] for row in rows]
    return markdown(head, rows) if rows else ""


def details(results, question):
    """Every contender in every case: [(heading, table)]."""
    asked = about(question)
    tables = {}  # heading -> columns -> (case, counter)
    for case in results.questions[question]["cases"]:
        heading, column = asked.place(case.split("/")[1:])
        for counter in asked.counters:
            there = results.questions[question]["cases"][case].values()
            if any(counter in counters for counters in there):
                name = UNITS[counter] if not column else column
                if column and len(asked.counters) > 1:
                    name = f"{column}, {UNITS[counter]}"
                tables.setdefault(heading, {})[name] = (case, counter)
    result = []
    for heading, columns in tables.items():
        rows = []
        for contender in results.questions[question]["contenders"]:
            cells = []
            for case, counter in columns.values():
                values = results.values(case, contender["name"], counter)
                cells.append(spread(values, results.median(case, contender["name"], counter)) if values else "")
            if any(cells):
                role = {"limit": " (limit)", "reference": " (reference)"}.get(contender["role"], "")
                rows.append([contender["name"] + role, *cells])
        unit = f", {UNITS[asked.counters[0]]}" if len(asked.counters) == 1 else ""
        result.append((heading + unit, markdown(["", *columns], rows)))
    return result


def members(results, question):
    """Who competes, and who could not."""
    there = results.questions[question]
    lines = [f"- **{c['name']}**" + (f" ({c['role']})" if c["role"] in ("limit", "reference") else "") + f": {c['what']}"
             for c in there["contenders"]]
    lines += [f"- **{name}**: left out, {reason}" for name, reason in there["left_out"]]
    return "\n".join(lines)
