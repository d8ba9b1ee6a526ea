"""Tables in Markdown, which is also what the terminal shows."""
import unicodedata

from questions import UNITS, about
from verdicts import DOUBT, ends_of, short, verdicts


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
    """The median, and the smallest and the largest value, where they differ."""
    return short(median) + ends_of(values)


DOUBTS = (f"{DOUBT}: the ratio of the two medians is another by more than a quarter; the rounds differ too much for one figure.")


def beside(results, case, contender, other, counter):
    """How `contender` stands beside `other`: the median of the rounds' ratios, the smallest and the largest."""
    if results.median(case, other, counter) <= 0.1:
        return ""
    text = f"{short(results.ratio(case, contender, other, counter))} ×" + ends_of(results.ratios(case, contender, other, counter))
    return text + (f" {DOUBT}" if results.doubtful(case, contender, other, counter) else "")


def cores(results, case, contender):
    used = results.cores(case, contender)
    return "" if used is None else f"{used:.2f}"


def budgets(results):
    """For the document: cells as long as these are not padded."""
    rows = [("budget", "measured", "verdict"), ("---", "---", "---"), *verdicts(results)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def budgets_on_terminal(results):
    return "\n".join(f"{verdict.upper() if verdict == 'met' else verdict}\n    {words}" + (f"\n    {measured}" if measured else "")
                     for words, measured, verdict in verdicts(results))


def summary(results, question):
    """Ours in every case, beside the best rival and the nearest limit; and how many cores the two used, where it is a time per
    item that they took."""
    asked = about(question)
    rows = []
    for case in results.questions[question]["cases"]:
        ours = results.ours(case)
        if ours is None:
            continue
        for counter in asked.shown(case):
            values = results.values(case, ours, counter)
            if not values:
                continue
            timed = counter == "ns_per_item"
            row = [case.split("/", 1)[1] + (f", {UNITS[counter]}" if len(asked.counters) > 1 else ""),
                   spread(values, results.median(case, ours, counter)), cores(results, case, ours) if timed else ""]
            for role in ("rival", "limit"):
                best = results.best(case, role, counter)
                row += ["", "", ""] if best is None else [
                    f"{best}: {short(results.median(case, best, counter))}", cores(results, case, best) if timed else "",
                    beside(results, case, ours, best, counter)]
            rows.append(row)
    if not rows:
        return ""
    unit = "" if len(asked.counters) > 1 else f", {UNITS[asked.counters[0]]}"
    head = ["case", f"Penstock{unit}", "cores", "best rival", "cores", "beside it", "limit", "cores", "beside it"]
    filled = [column for column in range(len(head)) if any(row[column] for row in rows) and column != 7]
    text = markdown([head[column] for column in filled], [[row[column] for column in filled] for row in rows])
    return f"{text}\n\n{DOUBTS}" if DOUBT in text else text


def details(results, question):
    """Every contender in every case: [(heading, table)]; after a table of times one of the cores that were used."""
    asked = about(question)
    tables = {}  # heading -> columns -> (case, counter)
    for case in results.questions[question]["cases"]:
        heading, column = asked.place(case.split("/")[1:])
        for counter in asked.shown(case):
            there = results.questions[question]["cases"][case].values()
            if any(counter in counters for counters in there):
                name = UNITS[counter] if not column else column
                if column and len(asked.counters) > 1:
                    name = f"{column}, {UNITS[counter]}"
                tables.setdefault(heading, {})[name] = (case, counter)
    def filled(columns, cell):
        rows = []
        for contender in results.questions[question]["contenders"]:
            cells = [cell(*column, contender["name"]) for column in columns.values()]
            if any(cells):
                role = {"limit": " (limit)", "reference": " (reference)"}.get(contender["role"], "")
                rows.append([contender["name"] + role, *cells])
        return markdown(["", *columns], rows) if rows else ""

    def measured(case, counter, name):
        values = results.values(case, name, counter)
        return spread(values, results.median(case, name, counter)) if values else ""

    result = []
    for heading, columns in tables.items():
        unit = f", {UNITS[asked.counters[0]]}" if len(asked.counters) == 1 else ""
        result.append((heading + unit, filled(columns, measured)))
        times = {asked.place(case.split("/")[1:])[1] or "cores": (case, counter) for case, counter in columns.values()
                 if counter == "ns_per_item"}
        if used := filled(times, lambda case, _, name: cores(results, case, name)) if times else "":
            result.append((f"{heading}, cores used", used))
    return result


def members(results, question):
    """Who competes, and who could not."""
    there = results.questions[question]
    lines = [f"- **{c['name']}**" + (f" ({c['role']})" if c["role"] in ("limit", "reference") else "") + f": {c['what']}"
             for c in there["contenders"]]
    lines += [f"- **{name}**: left out, {reason}" for name, reason in there["left_out"]]
    return "\n".join(lines)
