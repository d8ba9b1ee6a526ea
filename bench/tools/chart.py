"""Plain bar charts as SVG, written by hand; readable on a light and on a dark page."""
from html import escape

from questions import about
from verdicts import short

BAR, GAP, LEFT, RIGHT, TOP = 18, 8, 250, 90, 44
WIDTH = 760
STYLE = """<style>
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .head { font-weight: 600; } .note { fill: #656d76; }
  .ours { fill: #0969da; } .other { fill: #8c959f; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .note { fill: #9198a1; } .ours { fill: #4493f8; } .other { fill: #6e7681; }
  }
</style>"""


def bars(heading, note, entries):
    """entries: [(name, value, is it ours)], drawn in their order."""
    most = max(value for _, value, _ in entries)
    height = TOP + len(entries) * (BAR + GAP) + GAP
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
             f'role="img" aria-label="{escape(heading)}">', STYLE,
             f'<text class="head" x="8" y="16">{escape(heading)}</text>',
             f'<text class="note" x="8" y="33">{escape(note)}</text>']
    for i, (name, value, ours) in enumerate(entries):
        y = TOP + i * (BAR + GAP)
        length = max(1.0, value / most * (WIDTH - LEFT - RIGHT))
        parts += [f'<text x="{LEFT - 8}" y="{y + 14}" text-anchor="end">{escape(name)}</text>',
                  f'<rect class="{"ours" if ours else "other"}" x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2"/>',
                  f'<text x="{LEFT + length + 6:.1f}" y="{y + 14}">{short(value)}</text>']
    return "\n".join([*parts, "</svg>", ""])


def charts(results, question):
    """{file name: svg}: ours and its rivals, without the limits, beside which nobody else would be seen."""
    drawn = {}
    for case, counter, heading in about(question).charts:
        throughput = counter == "ns_per_item"
        note = "million items per second: longer is better" if throughput else "microseconds: shorter is better"
        entries = []
        for contender in results.contenders(case, "ours", "rival", "reference"):
            median = results.median(case, contender["name"], counter)
            if median:
                entries.append((contender["name"], 1000 / median if throughput else median, contender["role"] == "ours"))
        entries.sort(key=lambda entry: -entry[1] if throughput else entry[1])
        if len(entries) > 1:
            drawn[case.replace("/", "-") + ".svg"] = bars(heading, note, entries)
    return drawn
