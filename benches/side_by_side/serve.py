#!/usr/bin/env python3
"""What a request costs feedmill and nginx, which serves the very same bytes as files: rounds in turn, one serving thread each.

Both servers run on core 0, the load generator on core 1, 64 connections kept alive. The figure to trust is processor time per
request; requests per second are as much the load generator's as the server's, and only count where the server's core is busy.
"""
import argparse
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

import corpus
import peers
import processes
from report import machine, median, say, spread, table

IDENTITY, GZIP = {"Accept-Encoding": "identity"}, {"Accept-Encoding": "gzip"}


def load(wrk, port, path, headers, seconds, connections, pid):
    """One bounded run of wrk: requests per second, processor microseconds per request, how busy the server was, p99 in ms."""
    command = ["taskset", "-c", "1", wrk, "-t1", "-c%d" % connections, "-d%ds" % seconds, "--latency"]
    for name, value in headers.items():
        command += ["-H", "%s: %s" % (name, value)]
    before, begun = processes.cpu_seconds(pid), time.monotonic()
    said = subprocess.run(command + ["http://127.0.0.1:%d%s" % (port, path)], capture_output=True, text=True, check=True,
                          timeout=seconds + 60).stdout
    used, wall = processes.cpu_seconds(pid) - before, time.monotonic() - begun
    requests = int(re.search(r"(\d+) requests in", said).group(1))
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", said) or re.search(r"Socket errors: (.*)", said)
    if bad:
        raise RuntimeError("the load on %s met errors: %s" % (path, bad.group(0)))
    amount, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", said).groups()
    return {
        "requests": requests,
        "rps": float(re.search(r"Requests/sec:\s+([\d.]+)", said).group(1)),
        "cpu": used * 1e6 / max(1, requests),
        "busy": used / wall,
        "p99": float(amount) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[unit],
    }


def system_calls(wrk, port, path, headers, connections, pid):
    """System calls a request, from perf's tracepoint over one short run; `None` where that cannot be had."""
    perf = shutil.which("perf")
    if not perf:
        return None
    watcher = subprocess.Popen([perf, "stat", "-x,", "-e", "raw_syscalls:sys_enter", "-p", str(pid)], stderr=subprocess.PIPE, text=True)
    time.sleep(0.2)
    requests = load(wrk, port, path, headers, 1, connections, pid)["requests"]
    watcher.send_signal(signal.SIGINT)
    counted = re.search(r"^(\d+),", watcher.communicate(timeout=20)[1], re.M)
    return int(counted.group(1)) / requests if counted else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", help="a feedmill to measure; without, this tree is built")
    parser.add_argument("--posts", type=int, default=100_000)
    parser.add_argument("--words", type=int, default=140, help="words of a post: 140 make a feed of about 55 kB")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--only", help="part of the names of the cases to run")
    parser.add_argument("--install", action="store_true", help="install what is missing")
    parser.add_argument("--record", action="store_true", help="put the table into BENCHMARKS.md")
    options = parser.parse_args()
    nginx, wrk = peers.find("nginx", options.install), peers.find("wrk", options.install)
    if not nginx or not wrk or not shutil.which("taskset"):
        return
    program = processes.binary(options.binary)
    with tempfile.TemporaryDirectory(prefix="feedmill-serve.") as folder:
        posts = os.path.join(folder, "posts")
        corpus.write(posts, options.posts, words=options.words)
        with processes.Feedmill(program, posts, os.path.join(folder, "state"), cores="0", threads=1) as feedmill:
            feedmill.wait_ready()
            rows = measure(feedmill, nginx, wrk, folder, options)
    head = ["what", "CPU µs, feedmill", "CPU µs, nginx", "**CPU ratio**", "requests/s ratio", "busy, both", "p99 ratio", "system calls a request, both", "target", ""]
    versions = [peers.version("nginx", nginx), peers.version("wrk", wrk)]
    about = "%s. %d rounds of %d s in turn, %d connections, %s posts." % (
        machine(versions), options.rounds, options.seconds, options.connections, "{:,}".format(options.posts))
    say("serve", "Serving", about + "\n\n" + table(head, rows), {}, options.record)


def measure(feedmill, nginx, wrk, folder, options):
    newest = corpus.name(options.posts - 1)[:-3]
    deep = max(1, options.posts // 20 // 2)
    # name, path, request header, which figure has which target
    cases = [
        ("304", "/rss.xml", dict(GZIP), "cpu", 1.15),
        ("200 gzip", "/rss.xml", GZIP, "cpu", 1.15),
        ("200 identity", "/rss.xml", IDENTITY, "cpu", 1.50),
        ("page of a post, gzip", "/posts/" + newest, GZIP, "cpu", 1.15),
        ("listing, page %d" % deep, "/api/posts?page=%d&per_page=20" % deep, IDENTITY, "cpu", 1.15),
    ]
    files, asked = {}, {}
    for name, path, headers, _, _ in cases:
        identity, coded = (processes.get(feedmill.port, path, header) for header in (IDENTITY, GZIP))
        if identity[0] != 200 or coded[0] != 200 or coded[1].get("content-encoding") != "gzip":
            raise RuntimeError("%s: not served as expected: %s %s" % (path, identity[0], coded[0]))
        file = re.sub(r"\W+", "-", path).strip("-")
        files[file] = (identity[2], coded[2])
        asked[name] = (path, "/" + file, len(coded[2] if headers.get("Accept-Encoding") == "gzip" else identity[2]))
    cache = processes.get(feedmill.port, "/rss.xml")[1].get("cache-control", "no-cache")
    rows = []
    with peers.Nginx(nginx, os.path.join(folder, "nginx"), files, cache, cores="0") as other:
        for name, _, headers, figure, target in cases:
            if options.only and options.only not in name:
                continue
            ours, theirs, size = asked[name]
            servers = [(feedmill, ours, dict(headers)), (other, theirs, dict(headers))]
            for server, path, header in servers:
                status, answer, body = processes.get(server.port, path, header)
                if name == "304":
                    header["If-None-Match"] = answer["etag"]
                    status, _, body = processes.get(server.port, path, header)
                if (status, len(body)) != ((304, 0) if name == "304" else (200, size)):
                    raise RuntimeError("%s: port %d answered %d with %d bytes" % (name, server.port, status, len(body)))
            rounds = []
            for number in range(options.rounds):
                measured = [None, None]
                for at in ((0, 1), (1, 0))[number % 2]:
                    server, path, header = servers[at]
                    measured[at] = load(wrk, server.port, path, header, options.seconds, options.connections, server.pid)
                rounds.append(measured)
            calls = [system_calls(wrk, server.port, path, header, options.connections, server.pid) for server, path, header in servers]
            ratios = {key: [a[key] / max(1e-9, b[key]) for a, b in rounds] for key in ("cpu", "rps", "p99")}
            reached = median(ratios[figure]) <= target if figure == "cpu" else median(ratios[figure]) >= target
            size = "" if name == "304" else ", %.1f kB" % (size / 1000)
            rows.append([
                name + size, *("%.1f" % median([pair[at]["cpu"] for pair in rounds]) for at in (0, 1)),
                spread(ratios["cpu"]), spread(ratios["rps"]),
                " / ".join("%.0f %%" % (100 * median([pair[at]["busy"] for pair in rounds])) for at in (0, 1)),
                "%.2f" % median(ratios["p99"]),
                " / ".join("?" if count is None else "%.1f" % count for count in calls),
                ("CPU ≤ %.2f" if figure == "cpu" else "requests/s ≥ %.2f") % target, "reached" if reached else "**missed**",
            ])
            print("  %s: CPU ratio %s" % (name, spread(ratios["cpu"])), flush=True)
    return rows


if __name__ == "__main__":
    main()
