"""What was measured, as tables, as a plot, and as the sections of BENCHMARKS.md."""
import json
import math
import os
import platform
import re
import statistics
import time

from processes import ROOT

FIGURES = os.path.join(ROOT, "benches", "figures.json")
PAGE = os.path.join(ROOT, "BENCHMARKS.md")
PLOT = os.path.join(ROOT, "benches", "growth.svg")

median = statistics.median


def quantile(values, part):
    """The smallest value that at least `part` of all are not above."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)]


def spread(values, digits=2):
    """The median, with the least and the greatest."""
    form = "%%.%df" % digits
    if len(values) == 1:
        return form % values[0]
    return "%s (%s–%s)" % tuple(form % value for value in (median(values), min(values), max(values)))


def table(head, rows):
    lines = ["| %s |" % " | ".join(head), "|%s" % ("---|" * len(head))]
    return "\n".join(lines + ["| %s |" % " | ".join(str(cell) for cell in row) for row in rows])


def machine(versions=()):
    """One line about where and when it was measured. A machine that does other work gives rough figures, so its load is told."""
    model = "unknown processor"
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    told = [time.strftime("%Y-%m-%d"), "%d × %s" % (os.cpu_count(), model), "%.0f GiB" % memory, "Linux " + platform.release().split("-")[0],
            "load %.1f" % os.getloadavg()[0]]
    return ", ".join(told + [version for version in versions if version])


def say(name, title, text, figures, record):
    """Prints a section; with `record` it also takes its place in BENCHMARKS.md, and its figures in the plot."""
    print("### %s\n\n%s\n" % (title, text), flush=True)
    if not record:
        return
    stored = {}
    if os.path.exists(FIGURES):
        with open(FIGURES) as file:
            stored = json.load(file)
    # sizes that were not measured this time keep what they had
    stored.setdefault(name, {}).update(figures)
    with open(FIGURES, "w") as file:
        json.dump(stored, file, indent=1, sort_keys=True)
        file.write("\n")
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    section = "<!-- %s -->\n\n%s\n\n<!-- /%s -->" % (name, text, name)
    page = re.sub(r"<!-- %s -->.*?<!-- /%s -->" % (name, name), lambda _: section, page, flags=re.S)
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(page)
    with open(PLOT, "w", encoding="utf-8") as file:
        file.write(plot(stored))


def plot(stored):
    """Growth with the number of posts: cold start, change, memory, on logarithmic axes."""
    panels = [
        ("cold start, s", [("first", "first start"), ("restart", "restart"), ("hugo", "hugo"), ("zola", "zola")], "build"),
        ("save to new bytes, ms", [("median", "median"), ("p99", "p99")], "change"),
        ("resident memory, MiB", [("rss", "resident")], "memory"),
    ]
    colours = ["#2f6fb2", "#c2621b", "#3f8f4f", "#8a4fa3"]
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 300" font-family="sans-serif" font-size="11">',
           "<style>text{fill:#333}path,line{stroke:#999;fill:none}@media(prefers-color-scheme:dark){text{fill:#ccc}}</style>"]
    sizes = [1_000, 10_000, 100_000, 1_000_000]
    for at, (title, lines, name) in enumerate(panels):
        left, top, width, height = 50 + at * 320, 40, 240, 210
        series = []
        for key, label in lines:
            points = sorted((int(size), row[key]) for size, row in stored.get(name, {}).items() if row.get(key))
            if points:
                series.append((label, points))
        values = [value for _, points in series for _, value in points] or [1]
        low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)) + 1e-9)
        high = max(high, low + 1)
        x = lambda posts: left + width * (math.log10(posts) - 3) / 3
        y = lambda value: top + height * (1 - (math.log10(value) - low) / (high - low))
        out.append('<text x="%d" y="%d" font-weight="bold">%s</text>' % (left, top - 16, title))
        for power in range(low, high + 1):
            out.append('<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke-opacity=".4"/>' % (left, left + width, y(10.0**power), y(10.0**power)))
            out.append('<text x="%d" y="%.1f" text-anchor="end">%g</text>' % (left - 5, y(10.0**power) + 4, 10.0**power))
        for size in sizes:
            out.append('<text x="%.1f" y="%d" text-anchor="middle">%s</text>' % (x(size), top + height + 16, "{:,}".format(size)))
        for colour, (label, points) in zip(colours, series):
            path = " ".join("%s%.1f,%.1f" % ("L" if n else "M", x(size), y(value)) for n, (size, value) in enumerate(points))
            out.append('<path d="%s" style="stroke:%s;stroke-width:2"/>' % (path, colour))
            for size, value in points:
                out.append('<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>' % (x(size), y(value), colour))
            out.append('<text x="%.1f" y="%.1f" style="fill:%s">%s</text>' % (x(points[0][0]) + 6, y(points[0][1]) - 7, colour, label))
        out.append('<text x="%d" y="%d">posts</text>' % (left, top + height + 34))
    return "\n".join(out + ["</svg>", ""])
