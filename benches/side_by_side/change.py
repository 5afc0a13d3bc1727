#!/usr/bin/env python3
"""From a save to new bytes at a client: one post, a thousand at once, and what requests feel while saves go on.

A save renames a finished file over the newest post, as editors do. The client asks for the feed on a connection that stays open,
with a condition, every 0.2 ms, until it gets one that tells of the save.
"""
import argparse
import json
import os
import socket
import tempfile
import threading
import time

import corpus
import processes
from report import machine, median, quantile, say, table

PAUSE = 0.0002


class Client:
    """A connection that is kept: one request after another, answers read to their end."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def get(self, path, tag=None):
        """Status, tag and body."""
        condition = "If-None-Match: %s\r\n" % tag if tag else ""
        self.socket.sendall(("GET %s HTTP/1.1\r\nHost: bench\r\n%s\r\n" % (path, condition)).encode())
        while b"\r\n\r\n" not in self.rest:
            self._more()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        status = int(lines[0].split()[1])
        length = 0 if status == 304 else int(headers["content-length"])
        while len(self.rest) < length:
            self._more()
        body, self.rest = self.rest[:length], self.rest[length:]
        return status, headers.get("etag"), body

    def _more(self):
        piece = self.socket.recv(1 << 18)
        if not piece:
            raise ConnectionError("the server closed the connection")
        self.rest += piece


class Folder:
    """A folder of posts, and new versions of them beside it."""

    def __init__(self, folder, count, words):
        self.posts, self.aside, self.words = os.path.join(folder, "posts"), os.path.join(folder, "aside"), words
        os.makedirs(self.aside)
        corpus.write(self.posts, count, words=words)

    def prepare(self, number, mark):
        """A finished version of post `number`; what puts it in place."""
        path = os.path.join(self.aside, corpus.name(number))
        with open(path, "w", encoding="utf-8") as file:
            file.write(corpus.text(number, words=self.words, mark=mark))
        return lambda: os.rename(path, os.path.join(self.posts, corpus.name(number)))


def saves(client, folder, newest, times, pause=PAUSE):
    """Milliseconds from each of some saves to new bytes, asked for after every `pause` seconds."""
    took = []
    for number in range(times):
        mark = " save%d." % number
        put = folder.prepare(newest, mark)
        _, tag, _ = client.get("/rss.xml")
        time.sleep(0.05 + 0.013 * (number % 7))
        begun = time.perf_counter()
        put()
        while True:
            status, _, body = client.get("/rss.xml", tag)
            now = time.perf_counter()
            if status == 200 and mark.encode() in body:
                break
            if now - begun > 60:
                raise TimeoutError("a save never showed")
            time.sleep(pause)
        took.append((now - begun) * 1000)
    return took


def processor_time(feedmill, client, folder, newest, times):
    """Milliseconds of processor time that a save costs the server. The client asks seldom here, so that its requests cost next to nothing."""
    before = processes.cpu_seconds(feedmill.pid)
    saves(client, folder, newest, times, 0.05)
    return (processes.cpu_seconds(feedmill.pid) - before) * 1000 / times


def burst(feedmill, client, folder, count, posts):
    """`count` posts renamed into place at once: milliseconds until the last of them shows, whether all did, and builds."""
    puts = [folder.prepare(number, " burst.") for number in range(posts - count, posts)]
    title = corpus.text(posts - 1, words=folder.words, mark=" burst.").split('"')[1].encode()
    builds = feedmill.status()["watching"]["builds"]
    _, tag, _ = client.get("/rss.xml")
    begun = time.perf_counter()
    for put in puts:
        put()
    renamed = time.perf_counter() - begun
    while True:
        status, _, body = client.get("/rss.xml", tag)
        shown = time.perf_counter() - begun
        if status == 200 and title in body:
            break
        if shown > 120:
            raise TimeoutError("a burst never showed")
        time.sleep(PAUSE)
    # what was renamed first was seen first: with the last, all of them show, and that is looked at
    seen = 0
    for page in range(1, -(-count // 200) + 1):
        listed = json.loads(client.get("/api/posts?per_page=200&page=%d" % page)[2])
        seen += sum(" burst." in post["title"] for post in listed["posts"])
    return shown * 1000, renamed * 1000, seen, feedmill.status()["watching"]["builds"] - builds


def paced(port, seconds, every=0.002):
    """Milliseconds that requests take which come at a steady pace. One that is late makes none after it late: each has its own clock."""
    client, took = Client(port), []
    begun = time.perf_counter()
    while (now := time.perf_counter()) - begun < seconds:
        client.get("/rss.xml")
        took.append((time.perf_counter() - now) * 1000)
        time.sleep(max(0.0, every - (time.perf_counter() - now)))
    return took


def under_saves(feedmill, folder, newest, seconds, rounds):
    """p99 of requests with nothing else going on, and under ten saves a second, in turn."""
    idle, busy = [], []
    for _ in range(rounds):
        idle.append(quantile(paced(feedmill.port, seconds), 0.99))
        stop = threading.Event()

        def save():
            number = 0
            while not stop.wait(0.1):
                folder.prepare(newest, " paced%d." % number)()
                number += 1

        saver = threading.Thread(target=save)
        saver.start()
        try:
            busy.append(quantile(paced(feedmill.port, seconds), 0.99))
        finally:
            stop.set()
            saver.join()
    return median(idle), median(busy), median([b / a for a, b in zip(idle, busy)])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", help="a feedmill to measure; without, this tree is built")
    parser.add_argument("--posts", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--words", type=int, default=700)
    parser.add_argument("--saves", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--record", action="store_true", help="put the table into BENCHMARKS.md")
    options = parser.parse_args()
    program = processes.binary(options.binary)
    rows, figures = [], {}
    for posts in options.posts:
        with tempfile.TemporaryDirectory(prefix="feedmill-change.") as place:
            folder = Folder(place, posts, options.words)
            with processes.Feedmill(program, folder.posts, os.path.join(place, "state")) as feedmill:
                feedmill.wait_ready()
                client = Client(feedmill.port)
                saves(client, folder, posts - 1, 3)
                took = saves(client, folder, posts - 1, options.saves)
                cpu = processor_time(feedmill, client, folder, posts - 1, 20)
                last_build = feedmill.status()["watching"]["last_build_seconds"] * 1000
                count = min(1_000, posts)
                shown, renamed, seen, builds = burst(feedmill, client, folder, count, posts)
                idle, busy, ratio = under_saves(feedmill, folder, posts - 1, options.seconds, options.rounds)
        figures[str(posts)] = {"median": median(took), "p99": quantile(took, 0.99), "burst": shown, "ratio": ratio, "cpu": cpu}
        rows.append([
            "{:,}".format(posts), "%.1f" % median(took), "%.1f" % quantile(took, 0.99), "%.1f" % last_build, "%.1f" % cpu,
            "%.0f (renamed in %.0f)" % (shown, renamed), "%d of %d" % (seen, count), builds, "%.2f / %.2f" % (idle, busy), "%.2f" % ratio,
        ])
        print("  %d posts: median %.1f ms" % (posts, median(took)), flush=True)
    rows.append(["target", "≤ 8", "≤ 25", "", "", "≤ 250", "all", "≤ 5", "", "≤ 2.00"])
    head = ["posts", "save to new bytes, median ms", "p99 ms", "of it the last build, ms", "CPU ms a save",
            "1,000 renamed at once: shown after, ms", "all shown",
            "builds", "p99 of requests, ms: idle / 10 saves a second", "ratio"]
    about = "%s. %d saves." % (machine(), options.saves)
    growth = [figures[str(size)]["cpu"] for size in options.posts]
    if len(growth) > 1:
        about += " Processor time of one change grows %.1f× from %s to %s posts (target: at most 1.5×)." % (
            growth[-1] / growth[0], "{:,}".format(options.posts[0]), "{:,}".format(options.posts[-1]))
    say("change", "Changes", about + "\n\n" + table(head, rows), figures, options.record)


if __name__ == "__main__":
    main()
