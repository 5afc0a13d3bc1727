#!/usr/bin/env python3
"""Other people's readers against the real program.

    tests/clients/run.py path/to/feedmill

Each client subscribes, asks again while nothing has changed (and must be answered 304), and asks again after a new post (and must
find it, and nothing twice). A client that is not installed is skipped, and that is said. Clients: curl, feedparser, reader,
newsboat, and a browser's fetch() from another origin (chromium). curl, reader and newsboat try the same with nginx serving what
`feedmill build` wrote.

Last, reader and newsboat stay subscribed while a site moves to another server, which imports its feed, and while everything happens to a site that must never bring an item back: names, titles,
slugs, folders and the domain change, files are rewritten by git, the program and what it remembers are moved.
"""
import contextlib
import http.client
import http.server
import json
import os
import re
import shutil
import socket
import sqlite3
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
        self.program = program
        self.recorder = Recorder(None)
        self.base = f"http://127.0.0.1:{self.recorder.server_address[1]}"
        self.start()
        threading.Thread(target=self.recorder.serve_forever, daemon=True).start()

    def command(self, *arguments):
        """How feedmill is run here."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FEEDMILL_")}
        return {"args": [self.program, *arguments], "cwd": self.folder, "text": True, "env": environment}

    def start(self, *arguments):
        self.process = subprocess.Popen(
            **self.command("serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", *arguments), stderr=subprocess.PIPE)
        for line in self.process.stderr:
            # with a base URL the one it listens at is told apart, and last
            if found := re.search(r"^  (?:read|listens) +http://([^/\s]+)", line):
                self.upstream = self.recorder.upstream = found[1]
            if "Ctrl-C" in line:
                break
        self.said = []
        threading.Thread(target=self.said.extend, args=(self.process.stderr,), daemon=True).start()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(PATIENCE) == 0, "feedmill ends well"

    def restart(self, *arguments):
        self.stop()
        self.start(*arguments)

    def write(self, number):
        (self.posts / f"post-{number}.md").write_text(post(number))

    def wait_for(self, what, condition):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"never: {what}"
            time.sleep(0.01)

    def add(self, number):
        """Adds a post, and waits until it is served with a date: one that lies ahead of the clock is not sent."""
        self.write(number)
        for path in ("/rss.xml", "/atom.xml", "/feed.json"):
            self.wait_for("the new post", lambda path=path: self.shows(path, f"Post {number}"))

    def get(self, path):
        connection = http.client.HTTPConnection(self.upstream, timeout=PATIENCE)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer, body

    def shows(self, path, text):
        answer, body = self.get(path)
        return text in body and answer.getheader("Last-Modified") is not None

    def items(self):
        return json.loads(self.get("/feed.json")[1])["items"]

    def close(self):
        self.recorder.shutdown()
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Skip(Exception):
    pass


def need(command):
    found = shutil.which(command) or shutil.which(command, path="/usr/sbin:/sbin")
    if not found:
        raise Skip(f"{command} is not installed")
    return found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class BuiltSite(Site):
    """nginx with the files of `feedmill build --for nginx`, which is run again after each new post."""

    def __init__(self, program):
        self.nginx = need("nginx")
        super().__init__(program)

    def start(self, *_):
        work, port = self.folder / "nginx", free_port()
        work.mkdir()
        # the workers of a server that root starts are somebody else
        self.folder.chmod(0o755)
        self.build()
        out = self.folder / "out"
        temporary = "".join(f"{kind}_temp_path {work}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (work / "nginx.conf").write_text(
            f"daemon off; master_process off; pid {work}/pid; error_log stderr; events {{}}\n"
            f"http {{ include /etc/nginx/mime.types; access_log off; {temporary} include {out}/.feedmill-nginx-maps.conf;\n"
            f"server {{ listen 127.0.0.1:{port}; root {out}; include {out}/.feedmill-nginx-server.conf; }} }}\n")
        self.process = subprocess.Popen([self.nginx, "-c", work / "nginx.conf", "-p", work], stderr=subprocess.DEVNULL)
        self.upstream = self.recorder.upstream = f"127.0.0.1:{port}"
        self.wait_for("nginx", self.answers)

    def answers(self):
        try:
            return self.get("/rss.xml")[0].status == 200
        except OSError:
            return False

    def build(self):
        subprocess.run(**self.command("build", "out", "--for", "nginx", "--compress", "--base-url", self.base), check=True,
                       capture_output=True, timeout=PATIENCE)

    def write(self, number):
        super().write(number)
        if (self.folder / "out").exists():
            self.build()


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


class Newsboat:
    """A newsboat of its own, subscribed to one feed."""

    def __init__(self, home, url):
        need("newsboat")
        self.home = home
        home.mkdir()
        (home / "urls").write_text(url + "\n")
        (home / "config").write_text("")

    def run(self, *commands):
        home = self.home
        done = subprocess.run(["newsboat", "-u", home / "urls", "-C", home / "config", "-c", home / "cache.db", "-x", *commands],
                              check=True, capture_output=True, text=True, timeout=PATIENCE, env={**os.environ, "HOME": str(home)})
        return done.stdout

    def reload(self):
        """How many items there are after asking again, and how many of them are unread."""
        self.run("reload")
        unread = int(self.run("print-unread").split()[0])
        return self.ask("SELECT count(*) FROM rss_item WHERE deleted = 0"), unread

    def mark_all_as_read(self):
        self.ask("UPDATE rss_item SET unread = 0")

    def ask(self, sql):
        with contextlib.closing(sqlite3.connect(self.home / "cache.db")) as cache, cache:
            row = cache.execute(sql).fetchone()
        return row and row[0]


def newsboat(site):
    mine = Newsboat(site.folder / "newsboat", site.base + "/atom.xml")
    assert mine.reload() == (3, 3)
    # it sends what it knows from the third time on
    for _ in range(3):
        mine.run("reload")
    assert site.recorder.statuses("/atom.xml")[-1] == 304, site.recorder.answers
    assert mine.reload() == (3, 3)
    site.add(4)
    assert mine.reload() == (4, 4)


class LongReader:
    """The library reader, subscribed to one feed."""

    def __init__(self, url):
        try:
            from reader import make_reader
        except ImportError as error:
            raise Skip(error) from error
        self.mine = make_reader(":memory:")
        self.url = url
        self.mine.add_feed(url)

    def reload(self):
        self.mine.update_feed(self.url)
        return self.mine.get_entry_counts().total, sum(1 for _ in self.mine.get_entries(read=False))

    def mark_all_as_read(self):
        for entry in list(self.mine.get_entries(read=False)):
            self.mine.mark_entry_as_read(entry)


def subscribers(site):
    """Who has read everything is shown nothing again, whatever happens to the site."""
    need("git")
    for number in (4, 5, 6):
        site.add(number)
    readers = {f"reader{path}": LongReader(site.base + path) for path in ("/rss.xml", "/atom.xml", "/feed.json")}
    readers["newsboat/atom.xml"] = Newsboat(site.folder / "newsboat", site.base + "/atom.xml")
    for name, mine in readers.items():
        assert mine.reload() == (6, 6), (name, mine.reload())
        mine.mark_all_as_read()
    ids = {item["id"] for item in site.items()}
    steps = 0

    def nothing_is_new(after, wanted=(6, 0)):
        nonlocal steps
        found = {name: mine.reload() for name, mine in readers.items()}
        assert set(found.values()) == {wanted}, f"after {after}, items and unread ones of each: {found}"
        steps += 1

    def has_item(**wanted):
        return lambda: any(all(item[key] == value for key, value in wanted.items()) for item in site.items())

    posts, old, new = site.posts, "http://old.example", "http://new.example"
    site.restart("--base-url", old)
    nothing_is_new("the first address")
    (posts / "post-1.md").rename(posts / "renamed.md")
    site.wait_for("the new name", has_item(url=f"{old}/posts/renamed"))
    nothing_is_new("a rename")
    (posts / "post-2.md").write_text(post(2).replace("Post 2", "A better title"))
    site.wait_for("the new title", has_item(title="A better title"))
    nothing_is_new("a retitle")
    (posts / "post-3.md").write_text(post(3).replace("date:", "slug: third\ndate:"))
    site.wait_for("the new slug", has_item(url=f"{old}/posts/third"))
    nothing_is_new("a new slug")
    (posts / "archive").mkdir()
    (posts / "post-4.md").rename(posts / "archive" / "post-4.md")
    site.wait_for("the move", lambda: any("archive/post-4.md" in line for line in site.said))
    nothing_is_new("a move to a folder")
    site.restart("--base-url", new)
    site.wait_for("the new domain", has_item(url=f"{new}/posts/third"))
    nothing_is_new("another domain")

    def git(*arguments):
        subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@example.com", *arguments],
                       cwd=posts, check=True, capture_output=True, timeout=PATIENCE)
    git("init", "--quiet", "--initial-branch=first")
    git("add", ".")
    git("commit", "--quiet", "--message=one")
    git("checkout", "--quiet", "-b", "second")
    for path in posts.rglob("*.md"):
        path.write_text(path.read_text() + "\nAnd a word more.\n")
    git("commit", "--quiet", "--all", "--message=two")
    site.wait_for("the second branch", lambda: all("a word more" in item["content_html"] for item in site.items()))
    nothing_is_new("an edit of every file")
    git("checkout", "--quiet", "first")
    site.wait_for("the first branch", lambda: not any("a word more" in item["content_html"] for item in site.items()))
    nothing_is_new("a checkout")
    git("checkout", "--quiet", "second")
    git("checkout", "--quiet", "first")
    nothing_is_new("two checkouts in a row")

    # while it runs, as a backup does
    shutil.copytree(site.folder / ".feedmill", site.folder / "backup")
    site.restart("--base-url", new)
    nothing_is_new("a restart")
    site.stop()
    shutil.rmtree(site.folder / ".feedmill")
    (site.folder / "backup").rename(site.folder / ".feedmill")
    site.start("--base-url", new)
    nothing_is_new("what is remembered from a backup")

    # both keep what a feed no longer has
    (posts / "post-5.md").rename(site.folder / "post-5.md")
    site.wait_for("the deletion", lambda: len(site.items()) == 5)
    nothing_is_new("a deletion")
    (site.folder / "post-5.md").rename(posts / "back.md")
    site.wait_for("the return", lambda: len(site.items()) == 6)
    nothing_is_new("its return")
    assert {item["id"] for item in site.items()} == ids
    site.add(7)
    nothing_is_new("a new post", (7, 1))
    print(f"subscribers: {len(readers)} through {steps} steps")


def moved(site):
    """Who has read everything at one server is shown nothing again by another one, which imported the feed of the first."""
    site.restart("--base-url", site.base)
    # more than the newest feed has, so that the import has to read the archives
    for number in range(4, 29):
        site.write(number)
    site.wait_for("all posts", lambda: site.get("/posts/post-28")[0].status == 200)
    readers = {f"reader{path}": LongReader(site.base + path) for path in ("/rss.xml", "/atom.xml", "/feed.json")}
    with contextlib.suppress(Skip):
        readers["newsboat/atom.xml"] = Newsboat(site.folder / "newsboat", site.base + "/atom.xml")
    before = {name: mine.reload()[0] for name, mine in readers.items()}
    for mine in readers.values():
        mine.mark_all_as_read()
    new = site.folder / "new"
    new.mkdir()
    (site.folder / "feedmill.toml").rename(new / "feedmill.toml")
    done = subprocess.run(**{**site.command("import", site.base + "/atom.xml", "posts"), "cwd": new}, check=True, capture_output=True,
                          timeout=PATIENCE)
    assert "28 of 28 keep their id; 0 would appear as new" in done.stderr, done.stderr
    site.stop()
    old, site.folder = site.folder, new
    try:
        site.start("--base-url", site.base)
        assert len(site.items()) == 20 and site.get("/posts/post-1")[0].status == 200
        after = {name: mine.reload() for name, mine in readers.items()}
        assert after == {name: (count, 0) for name, count in before.items()}, (before, after)
    finally:
        site.folder = old


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
    served = [(Site, client) for client in (curl, feedparser, reader, newsboat, browser, moved, subscribers)]
    built = [(BuiltSite, client) for client in (curl, reader, newsboat)]
    for kind, client in served + built:
        name = client.__name__ if kind is Site else f"{client.__name__}, from nginx"
        site = None
        try:
            site = kind(program)
            client(site)
            passed += 1
            print(f"{name}: ok")
        except Skip as why:
            skipped += 1
            print(f"{name}: SKIPPED, {why}")
        except Exception as error:  # pylint: disable=broad-except
            failed += 1
            print(f"{name}: FAILED, {type(error).__name__}: {error}\n  answers: {site and site.recorder.answers}")
        finally:
            if site:
                site.close()
    print(f"clients: {passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
