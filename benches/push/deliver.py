#!/usr/bin/env python3
"""How quickly subscribers of the hub get a saved post, and what that costs requests and memory.

    python3 benches/push/deliver.py target/dist/feedmill [--subscriptions 10000] [--hosts 100]

Everything is on the loopback: one feedmill, and subscribers at 127.1.0.1 to 127.1.0.HOSTS in this process. It prints the time from a save
to its delivery with one subscriber, then with all of them, of which one host is slow and one is dead (nothing listens there), the times of
GET requests before and meanwhile, and the memory for each subscription.
"""

import argparse
import asyncio
import os
import re
import statistics
import subprocess
import tempfile
import time
import urllib.parse

SLOW_SECONDS = 5.0
PORT = 18080


class Subscribers:
    """All subscribers: answers challenges, and notes when each callback was sent what."""

    def __init__(self):
        self.delivered = {}
        self.confirmed = 0
        self.slow = set()

    async def serve(self, hosts):
        return [await asyncio.start_server(self.answer, host, PORT, backlog=512) for host in hosts]

    async def answer(self, reader, writer):
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            method, target, _ = head.split("\r\n", 1)[0].split(" ", 2)
            host = writer.get_extra_info("sockname")[0]
            if method == "GET":
                query = urllib.parse.parse_qs(target.partition("?")[2])
                body = query.get("hub.challenge", [""])[0].encode()
                self.confirmed += 1
            else:
                length = int(re.search(r"(?im)^content-length: (\d+)", head).group(1))
                document = await reader.readexactly(length)
                if host in self.slow:
                    await asyncio.sleep(SLOW_SECONDS)
                newest = max(re.findall(rb"Post (\d+)", document), key=int, default=b"")
                self.delivered[(host, target)] = (newest.decode(), time.monotonic())
                body = b""
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


class Site:
    """A running feedmill."""

    def __init__(self, program, folder):
        self.folder = folder
        os.mkdir(f"{folder}/posts")
        self.number = 0
        self.save()
        with open(f"{folder}/feedmill.toml", "w") as file:
            file.write(
                "[site]\nbase_url = 'http://site.example'\n[server]\nlisten = '127.0.0.1:0'\nadmin = 'off'\n"
                "[push]\nallow = ['127.0.0.0/8']\nmax_subscriptions = 100000\nmax_subscriptions_per_host = 100000\n"
            )
        self.process = subprocess.Popen([program, "serve"], cwd=folder, stderr=subprocess.PIPE, text=True)
        lines = iter(self.process.stderr.readline, "")
        self.port = next(int(found.group(1)) for line in lines if (found := re.search(r"listens +\S+?:(\d+)", line)))

    def save(self):
        """Saves another post; returns its number."""
        self.number += 1
        path = f"{self.folder}/posts/{self.number}.md"
        with open(path + ".new", "w") as file:
            file.write(f"---\ntitle: Post {self.number}\ndate: 2026-01-31T00:00:{self.number % 60:02}Z\n---\n{'Words. ' * 50}\n")
        os.rename(path + ".new", path)
        return str(self.number)

    def memory(self):
        """The resident memory in bytes."""
        with open(f"/proc/{self.process.pid}/status") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) * 1024

    async def request(self, head, body=b""):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(head.encode() + b"\r\nHost: site.example\r\nConnection: close\r\n\r\n" + body)
        answer = await reader.read()
        writer.close()
        return answer

    async def subscribe(self, callback):
        form = urllib.parse.urlencode(
            {"hub.mode": "subscribe", "hub.topic": "http://site.example/atom.xml", "hub.callback": callback}
        ).encode()
        head = f"POST /hub HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}"
        answer = await self.request(head, form)
        return answer.startswith(b"HTTP/1.1 202")

    async def time_requests(self, seconds):
        """The times of GET requests one after the other, in milliseconds."""
        times, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            begun = time.monotonic()
            await self.request("GET /atom.xml HTTP/1.1")
            times.append((time.monotonic() - begun) * 1000)
            await asyncio.sleep(0.005)
        return times


async def until(condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.005)
    return True


def percentile(times, share):
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


async def one_subscriber(site, subscribers, host, rounds):
    await site.subscribe(f"http://{host}:{PORT}/0")
    await until(lambda: subscribers.confirmed == 1, 10)
    times = []
    for _ in range(rounds):
        await asyncio.sleep(0.3)
        begun = time.monotonic()
        number = site.save()
        got = lambda: subscribers.delivered.get((host, "/0"), ("", 0))
        if not await until(lambda: got()[0] == number, 20):
            raise SystemExit(f"post {number} was not delivered")
        times.append((got()[1] - begun) * 1000)
    print(f"one subscriber: save to delivery {statistics.median(times):.1f} ms median, {max(times):.1f} ms at most, {rounds} saves")


async def many_subscribers(site, subscribers, hosts, count, servers):
    before, begun = site.memory(), time.monotonic()
    wanted = subscribers.confirmed
    callbacks = [(hosts[number % len(hosts)], f"/{number}") for number in range(1, count)]
    for start in range(0, len(callbacks), 400):
        batch = callbacks[start : start + 400]
        taken = await asyncio.gather(*(site.subscribe(f"http://{host}:{PORT}{path}") for host, path in batch))
        wanted += sum(taken)
        if not await until(lambda: subscribers.confirmed >= wanted, 60):
            raise SystemExit(f"{subscribers.confirmed} of {wanted} were verified")
    await asyncio.sleep(2)
    print(f"{count} subscriptions at {len(hosts)} hosts: made in {time.monotonic() - begun:.1f} s")
    print(f"memory: {(site.memory() - before) / count:.0f} bytes a subscription")
    idle = await site.time_requests(5)
    slow, dead = hosts[-2], hosts[-1]
    subscribers.slow.add(slow)
    servers[-1].close()
    others = {(host, path) for host, path in callbacks if host not in (slow, dead)}
    begun = time.monotonic()
    number = site.save()
    busy = asyncio.create_task(site.time_requests(5))

    def missing():
        return sum(subscribers.delivered.get(other, ("", 0))[0] != number for other in others)

    if not await until(lambda: missing() == 0, 120):
        raise SystemExit(f"{missing()} of {len(others)} were not told")
    last = max(subscribers.delivered[other][1] for other in others)
    print(f"one slow and one dead host: the {len(others)} others have it after {last - begun:.1f} s")
    for name, times in [("idle", idle), ("meanwhile", await busy)]:
        print(f"GET {name}: {percentile(times, 0.5):.2f} ms median, {percentile(times, 0.99):.2f} ms p99, {len(times)} requests")
    print(f"memory afterwards: {site.memory() / 2**20:.1f} MiB")


async def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--subscriptions", type=int, default=10_000)
    parser.add_argument("--hosts", type=int, default=100)
    parser.add_argument("--saves", type=int, default=20)
    arguments = parser.parse_args()
    hosts = [f"127.1.0.{number}" for number in range(1, min(arguments.hosts, 250) + 1)]
    subscribers = Subscribers()
    servers = await subscribers.serve(hosts)
    with tempfile.TemporaryDirectory() as folder:
        site = Site(os.path.abspath(arguments.program), folder)
        try:
            await one_subscriber(site, subscribers, hosts[0], arguments.saves)
            await many_subscribers(site, subscribers, hosts, arguments.subscriptions, servers)
        finally:
            site.process.kill()
            site.process.wait()


asyncio.run(main())
