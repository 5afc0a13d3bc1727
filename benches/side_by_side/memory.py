#!/usr/bin/env python3
"""Memory of a running feedmill once all feeds of the site are finished in every coding, and after readers came for the rest."""
import argparse
import os
import tempfile
import time

import corpus
import processes
from report import machine, say, table

MIB = 2**20
# resident memory at so many posts, at most
TARGETS = {10_000: 40 * MIB, 100_000: 220 * MIB}


def settled(pid):
    """Memory once it has not moved for three seconds, for a minute at most: what work took is given back some time after it."""
    seen = [processes.memory(pid)]
    while len(seen) < 120:
        time.sleep(0.5)
        seen.append(processes.memory(pid))
        lately = [now["VmRSS"] for now in seen[-7:]]
        if len(lately) == 7 and max(lately) - min(lately) < 256 * 1024:
            break
    return seen[-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", help="a feedmill to measure; without, this tree is built")
    parser.add_argument("--posts", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--words", type=int, default=700)
    parser.add_argument("--record", action="store_true", help="put the table into BENCHMARKS.md")
    options = parser.parse_args()
    program = processes.binary(options.binary)
    rows, figures = [], {}
    for posts in options.posts:
        with tempfile.TemporaryDirectory(prefix="feedmill-memory.") as place:
            folder = os.path.join(place, "posts")
            corpus.write(folder, posts, words=options.words)
            with processes.Feedmill(program, folder, os.path.join(place, "state")) as feedmill:
                feedmill.wait_ready()
                for name in ("rss.xml", "atom.xml", "feed.json"):
                    for coding in ("identity", "gzip", "br"):
                        assert processes.get(feedmill.port, "/" + name, {"Accept-Encoding": coding})[0] == 200
                finished = settled(feedmill.pid)
                # every tag's feed, pages of the listing and for people, and some posts
                paths = ["/tags/%s/rss.xml" % tag for tag in corpus.TAGS]
                paths += ["/api/posts?page=%d&per_page=200" % page for page in range(1, min(20, posts // 200) + 1)]
                paths += ["/page/%d" % page for page in range(2, 12)]
                paths += ["/posts/" + corpus.name(number)[:-3] for number in range(posts - 50, posts)]
                for path in paths:
                    status = processes.get(feedmill.port, path, {"Accept-Encoding": "gzip"})[0]
                    assert status == 200, (path, status)
                visited = settled(feedmill.pid)
        target = TARGETS.get(posts)
        reached = "" if target is None else "reached" if finished["VmRSS"] <= target else "**missed**"
        figures[str(posts)] = {"rss": finished["VmRSS"] / MIB, "per_post": finished["VmRSS"] / posts}
        rows.append([
            "{:,}".format(posts), "**%.0f**" % (finished["VmRSS"] / MIB), "%.0f" % (finished.get("Pss", 0) / MIB),
            "%.0f" % (finished["VmHWM"] / MIB), "{:,.0f}".format(finished["VmRSS"] / posts), "%.0f" % (visited["VmRSS"] / MIB),
            "" if target is None else "≤ %.0f MiB" % (target / MIB), reached,
        ])
        print("  %d posts: %.0f MiB" % (posts, finished["VmRSS"] / MIB), flush=True)
    head = ["posts", "resident MiB, site feeds finished", "proportional MiB", "peak MiB", "resident bytes a post", "resident MiB after 100 other requests",
            "target", ""]
    say("memory", "Memory", "%s.\n\n%s" % (machine(), table(head, rows)), figures, options.record)


if __name__ == "__main__":
    main()
