#!/usr/bin/env python3
"""From nothing to a site: feedmill's start to the first right answers in every format, against whole builds by Hugo and Zola.

The peers write RSS, Atom and JSON of the home page and of every tag, the posts' pages and lists of twenty: what feedmill then
serves. Rounds are in turn. The page cache is warm: every file was read before.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time

import corpus
import peers
import processes
from report import machine, median, say, spread, table

HERE = os.path.dirname(os.path.abspath(__file__))
FORMATS = ("rss.xml", "atom.xml", "feed.json")
# Seconds after which a file counts as no longer just written.
FRESH = 3


def start(program, posts, state, newest):
    """Seconds, of wall and of the processor, until feedmill has given the newest post in every format; peak memory."""
    with processes.Feedmill(program, posts, state) as feedmill:
        # until it listens there is nothing to ask; from then on the first request waits for the first site
        for name in FORMATS:
            def answered():
                feedmill.alive()
                status, _, body = processes.get(feedmill.port, "/" + name, {"Accept-Encoding": "identity"})
                return status == 200 and newest in body
            processes.wait_for(answered, 600, 0.001)
        wall = time.monotonic() - feedmill.begun
        return wall, processes.cpu_seconds(feedmill.pid), processes.memory(feedmill.pid)["VmHWM"]


def build(command, folder, output, expected, newest, timeout):
    """The same of a builder that ends by itself, or `None` if it does not in time."""
    shutil.rmtree(output, ignore_errors=True)
    measure = ["/usr/bin/env", "python3", "-c", MEASURE] + command
    try:
        done = subprocess.run(measure, cwd=folder, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode:
        raise RuntimeError("%s: %s" % (command[0], (done.stdout + done.stderr)[-800:]))
    for name in expected:
        with open(os.path.join(output, name), "rb") as file:
            if newest not in file.read():
                raise RuntimeError("%s: %s does not tell of the newest post" % (command[0], name))
    wall, cpu, peak = done.stderr.strip().rsplit("\n", 1)[-1].split()
    return float(wall), float(cpu), int(peak)


# in a process of its own, so that what it counts of its children is this one command
MEASURE = """
import resource, subprocess, sys, time
begun = time.monotonic()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
wall, used = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
print("\\n%f %f %d" % (wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024), file=sys.stderr)
sys.exit(code)
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", help="a feedmill to measure; without, this tree is built")
    parser.add_argument("--posts", type=int, nargs="+", default=[1_000, 10_000], help="also 100000 and 1000000, which take a while")
    parser.add_argument("--words", type=int, default=700)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers-up-to", type=int, default=10_000, help="sizes beyond are feedmill's alone")
    parser.add_argument("--timeout", type=float, default=300, help="seconds for one build by a peer")
    parser.add_argument("--install", action="store_true", help="install what is missing")
    parser.add_argument("--record", action="store_true", help="put the table into BENCHMARKS.md")
    options = parser.parse_args()
    found = {name: path for name in ("hugo", "zola") if (path := peers.find(name, options.install))}
    program = processes.binary(options.binary)
    rows, figures = [], {}
    for posts in options.posts:
        with tempfile.TemporaryDirectory(prefix="feedmill-build.") as place:
            measured = measure(program, found if posts <= options.peers_up_to else {}, place, posts, options)
        base = median([wall for wall, _, _ in measured["first"]])
        base_cpu = median([cpu for _, cpu, _ in measured["first"]])
        figures[str(posts)] = {name: median([wall for wall, _, _ in runs]) for name, runs in measured.items() if runs}
        for name, runs in measured.items():
            if not runs:
                rows.append(["{:,}".format(posts), name, "not done in %.0f s" % options.timeout, "", "", "", "", ""])
                continue
            wall, cpu, peak = ([run[at] for run in runs] for at in range(3))
            target = {"zola": "≥ 200×", "hugo": "≥ 60×"}.get(name, "") if posts == 10_000 else "≤ 10 s" if posts == 1_000_000 else ""
            is_peer = name in ("hugo", "zola")
            rows.append([
                "{:,}".format(posts), {"first": "feedmill, first start", "restart": "feedmill, restart with its ledger"}.get(name, name),
                spread(wall, 3), spread(cpu), "%.0f" % (median(peak) / 2**20),
                "%.1f×" % (median(wall) / base) if is_peer else "", "%.1f×" % (median(cpu) / max(0.01, base_cpu)) if is_peer else "", target,
            ])
    versions = [peers.version(name, path) for name, path in found.items()]
    missing = ["%s was not there" % name for name in ("hugo", "zola") if name not in found]
    head = ["posts", "what", "wall s", "CPU s", "peak MiB", "wall against feedmill's first start", "CPU likewise", "target"]
    about = "%s. %d rounds in turn." % (machine(versions + missing), options.rounds)
    say("build", "From nothing to a site", about + "\n\n" + table(head, rows), figures, options.record)


def measure(program, found, place, posts, options):
    folder, kept = os.path.join(place, "posts"), os.path.join(place, "kept")
    corpus.write(folder, posts, words=options.words)
    # what was written just now has to hold still before it is believed, and a site is older than that
    time.sleep(FRESH)
    newest = str(posts - 1).encode()
    jobs = {
        "first": lambda number: start(program, folder, os.path.join(place, "state%d" % number), newest),
        "restart": lambda _: start(program, folder, kept, newest),
    }
    for name, path in found.items():
        site = os.path.join(place, name)
        shutil.copytree(os.path.join(HERE, "sites", name), site)
        content = os.path.join(site, "content", "posts")
        if name == "zola":
            os.makedirs(content)
            shutil.copy(os.path.join(HERE, "sites", "zola", "section.md"), os.path.join(content, "_index.md"))
            os.remove(os.path.join(site, "section.md"))
            write_zola(content, posts, options.words)
            command, expected = [path, "build"], ("rss.xml", "atom.xml", "feed.json")
        else:
            shutil.copytree(folder, content)
            command, expected = [path, "--quiet", "--cacheDir", os.path.join(place, "cache")], ("index.xml", "atom.xml", "feed.json")
        output = os.path.join(site, "public")
        jobs[name] = lambda _, command=command, site=site, output=output, expected=expected: build(
            command, site, output, expected, newest, options.timeout)
    # the restart needs a ledger, which the first start of all writes
    start(program, folder, kept, newest)
    measured = {name: [] for name in jobs}
    for number in range(options.rounds):
        order = list(jobs)
        for name in order[number % len(order):] + order[:number % len(order)]:
            if number and not measured[name]:
                continue
            run = jobs[name](number)
            if run:
                measured[name].append(run)
                print("  %d posts, %s: %.3f s" % (posts, name, run[0]), file=sys.stderr, flush=True)
    return measured


def write_zola(content, posts, words):
    for number in range(posts):
        with open(os.path.join(content, corpus.name(number)), "w", encoding="utf-8") as file:
            file.write(corpus.text(number, "zola", words))


if __name__ == "__main__":
    main()
