#!/usr/bin/env python3
"""Other people's readers against the real program.

    tests/clients/run.py path/to/feedmill

Each client subscribes, asks again while nothing has changed (and must be answered 304), and asks again after a new post (and must
find it, and nothing twice). A client that is not installed is skipped, and that is said. Clients: curl, feedparser, reader,
newsboat, and a browser's fetch() from another origin (chromium).
"""
import contextlib
import http.client
import http.server
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

PATIENCE = 20.0


def post(number):
    return f"---\ntitle: Post {number}\ndate: 2026-01-{number:02}T09:00:00Z\n---\nText of {number}.\n"


class Recorder(http.server.ThreadingHTTPServer):
    """Stands between a client and feedmill and writes down what is answered."""

    daemon_threads = True

    def __init__(self, upstream):
        super().__init__(("127.0.0.1", 0), Relay)
        self.upstream = upstream
        self.answers = []

    def statuses(self, path):
        return [status for asked, status in self.answers if asked == path]


class Relay(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def relay(self):
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=PATIENCE)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
        upstream.request(self.command, self.path, headers=headers)
        answer = upstream.getresponse()
        body = answer.read()
        self.server.answers.append((self.path, answer.status))
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "transfer-encoding"):
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        upstream.close()

    do_GET = do_HEAD = do_OPTIONS = relay

    def log_message(self, *_):
        pass


class Site:
    """A running feedmill with three posts, and a recorder before it."""

    def __init__(self, program):
        self.folder = Path(tempfile.mkdtemp(prefix="feedmill-clients-"))
        self.posts = self.folder / "posts"
        self.posts.mkdir()
        for number in (1, 2, 3):
            self.write(number)
        # a client may keep nothing here, or it would rightly not ask again
        (self.folder / "feedmill.toml").write_text("[site]\ntitle = 'Tried by readers'\n[cache]\nfeeds = 0\n")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FEEDMILL_")}
        self.process = subprocess.Popen(
            [program, "serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"],
            cwd=self.folder, stderr=subprocess.PIPE, text=True, env=environment)
        address = None
        for line in self.process.stderr:
            if found := re.search(r"^  read +http://([^/]+)/", line):
                address = found[1]
            if "Ctrl-C" in line:
                break
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        self.upstream = address
        self.recorder = Recorder(address)
        threading.Thread(target=self.recorder.serve_forever, daemon=True).start()
        self.base = f"http://127.0.0.1:{self.recorder.server_address[1]}"

    def write(self, number):
        (self.posts / f"post-{number}.md").write_text(post(number))

    def add(self, number):
        """Adds a post, and waits until it is served with a date: one that lies ahead of the clock is not sent."""
        self.write(number)
        deadline = time.monotonic() + PATIENCE
        for path in ("/rss.xml", "/atom.xml", "/feed.json"):
            while not self.shows(path, f"Post {number}"):
                assert time.monotonic() < deadline, "the new post never came"
                time.sleep(0.01)

    def shows(self, path, text):
        connection = http.client.HTTPConnection(self.upstream, timeout=PATIENCE)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return text in body and answer.getheader("Last-Modified") is not None

    def close(self):
        self.recorder.shutdown()
        self.process.terminate()
        assert self.process.wait(PATIENCE) == 0, "feedmill ends well"
        shutil.rmtree(self.folder, ignore_errors=True)


class Skip(Exception):
    pass


def need(command):
    found = shutil.which(command)
    if not found:
        raise Skip(f"{command} is not installed")
    return found


def curl(site):
    need("curl")
    headers, etags = site.folder / "headers", site.folder / "etags"

    def fetch(path):
        subprocess.run(["curl", "-sS", "--compressed", "--etag-save", etags, "--etag-compare", etags, "-D", headers, "-o",
                        site.folder / "body", site.base + path], check=True, timeout=PATIENCE)
        return int(headers.read_text().split()[1])
    for number, path in enumerate(("/rss.xml", "/atom.xml", "/feed.json"), 4):
        etags.unlink(missing_ok=True)
        etags.touch()
        assert fetch(path) == 200
        assert fetch(path) == 304
        site.add(number)
        assert fetch(path) == 200 and f"Post {number}" in (site.folder / "body").read_text()


def feedparser(site):
    try:
        import feedparser as parser
    except ImportError as error:
        raise Skip(error) from error
    for number, path in enumerate(("/rss.xml", "/atom.xml"), 4):
        url = site.base + path
        first = parser.parse(url)
        assert first.status == 200 and not first.bozo, first.get("bozo_exception")
        again = parser.parse(url, etag=first.etag)
        assert again.status == 304 and not again.entries
        dated = parser.parse(url, modified=first.modified)
        assert dated.status == 304, "by the date alone"
        site.add(number)
        # it asks for a delta (RFC 3229), and takes it
        new = parser.parse(url, etag=first.etag)
        assert new.status == 226 and [entry.title for entry in new.entries] == [f"Post {number}"]
        whole = parser.parse(url)
        assert whole.etag == new.etag and {entry.id for entry in first.entries} < {entry.id for entry in whole.entries}


def reader(site):
    try:
        from reader import make_reader
    except ImportError as error:
        raise Skip(error) from error
    for number, path in enumerate(("/rss.xml", "/atom.xml", "/feed.json"), 4):
        with contextlib.closing(make_reader(":memory:")) as mine:
            url = site.base + path
            mine.add_feed(url)
            mine.update_feed(url)
            known = {entry.id for entry in mine.get_entries()}
            assert len(known) == number - 1, known
            mine.update_feed(url)
            assert site.recorder.statuses(path)[-1] == 304
            for entry in mine.get_entries():
                mine.mark_entry_as_read(entry)
            site.add(number)
            mine.update_feed(url)
            unread = [entry.title for entry in mine.get_entries(read=False)]
            assert unread == [f"Post {number}"], unread


def newsboat(site):
    need("newsboat")
    home = site.folder / "newsboat"
    home.mkdir()
    (home / "urls").write_text(site.base + "/atom.xml\n")
    (home / "config").write_text("")

    def run(*commands):
        done = subprocess.run(["newsboat", "-u", home / "urls", "-C", home / "config", "-c", home / "cache.db", "-x", *commands],
                              check=True, capture_output=True, text=True, timeout=PATIENCE, env={**os.environ, "HOME": str(home)})
        return done.stdout
    run("reload")
    assert run("print-unread").startswith("3 unread"), run("print-unread")
    # it sends what it knows from the third time on
    for _ in range(3):
        run("reload")
    assert site.recorder.statuses("/atom.xml")[-1] == 304, site.recorder.answers
    assert run("print-unread").startswith("3 unread")
    site.add(4)
    run("reload")
    assert run("print-unread").startswith("4 unread"), run("print-unread")


def browser(site):
    chromium = need("chromium")
    page = """<!doctype html><title>elsewhere</title><pre id=out>nothing</pre><script>
      (async () => {
        const url = URL_HERE, said = [];
        try {
          const first = await fetch(url, {cache: 'no-store'});
          said.push(first.status, (await first.json()).items.length, first.headers.get('etag') !== null);
          const again = await fetch(url, {cache: 'no-store', headers: {'If-None-Match': first.headers.get('etag')}});
          said.push(again.status);
        } catch (error) { said.push(String(error)); }
        document.getElementById('out').textContent = said.join(' ');
      })();
    </script>""".replace("URL_HERE", repr(site.base + "/feed.json"))

    class Elsewhere(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_):
            pass
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as elsewhere:
        threading.Thread(target=elsewhere.serve_forever, daemon=True).start()
        done = subprocess.run(
            [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             f"--user-data-dir={site.folder / 'profile'}", "--virtual-time-budget=10000", "--dump-dom",
             f"http://127.0.0.1:{elsewhere.server_address[1]}/"],
            capture_output=True, text=True, timeout=60)
        elsewhere.shutdown()
    said = re.search(r"<pre id=\"out\">(.*?)</pre>", done.stdout)
    assert said and said[1] == "200 3 true 304", (said and said[1], done.stderr[-500:])
    assert ("/feed.json", 204) in site.recorder.answers, "the browser asked first whether it may"


def main():
    program = str(Path(sys.argv[1]).resolve())
    passed = failed = skipped = 0
    for client in (curl, feedparser, reader, newsboat, browser):
        site = Site(program)
        try:
            client(site)
            passed += 1
            print(f"{client.__name__}: ok")
        except Skip as why:
            skipped += 1
            print(f"{client.__name__}: SKIPPED, {why}")
        except Exception as error:  # pylint: disable=broad-except
            failed += 1
            print(f"{client.__name__}: FAILED, {type(error).__name__}: {error}\n  answers: {site.recorder.answers}")
        finally:
            site.close()
    print(f"clients: {passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
