#!/usr/bin/env python3
"""Other people's WebSub subscribers against the hub of the real program.

    tests/clients/push.py path/to/feedmill [--npm FOLDER]

Each subscriber finds the hub, subscribes, and must be sent a new post, an edit and a withdrawal, each once and as it is at the address of the
feed; after it has unsubscribed it must be sent nothing more. One that is not installed is skipped, and that is said. Subscribers:
Flask-WebSub (PyPI), pubsubhubbub (npm, in FOLDER).
"""
import argparse
import json
import logging
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

PATIENCE = 30.0

NODE_CLIENT = """
const hubs = require('pubsubhubbub');
const [topic, hub, port] = process.argv.slice(1);
const say = (event, body) => process.stdout.write(JSON.stringify({event, body}) + '\\n');
const client = hubs.createServer({callbackUrl: `http://127.0.0.1:${port}/callback`});
client.on('subscribe', () => say('subscribe'));
client.on('unsubscribe', () => say('unsubscribe'));
client.on('denied', data => say('denied', String(data.error)));
client.on('error', error => say('error', String(error)));
client.on('feed', data => say('feed', data.feed.toString()));
client.on('listen', () => client.subscribe(topic, hub));
client.listen(Number(port), '127.0.0.1');
process.stdin.on('data', () => client.unsubscribe(topic, hub));
process.stdin.on('end', () => process.exit(0));
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(what, condition):
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.01)
    return found


class Site:
    """A running feedmill with a hub, whose subscribers are on this machine."""

    def __init__(self, program):
        self.folder = Path(tempfile.mkdtemp(prefix="feedmill-push-"))
        self.posts = self.folder / "posts"
        self.posts.mkdir()
        self.write("first", "Text of the first.")
        port = free_port()
        self.base = f"http://127.0.0.1:{port}"
        (self.folder / "feedmill.toml").write_text(
            f"[site]\nbase_url = '{self.base}'\n[push]\nhub = true\nallow = ['127.0.0.0/8']\n[watch]\ndelete_grace = 0.1\n")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FEEDMILL_")}
        self.process = subprocess.Popen(
            [program, "serve", "--listen", f"127.0.0.1:{port}", "--admin", "off"],
            cwd=self.folder, text=True, env=environment, stderr=subprocess.PIPE)
        for line in self.process.stderr:
            if "Ctrl-C" in line:
                break
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def write(self, name, text):
        (self.posts / f"{name}.md").write_text(f"---\ntitle: The {name}\ndate: 2026-01-01\n---\n{text}\n")

    def remove(self, name):
        (self.posts / f"{name}.md").unlink()

    def get(self, path):
        with urllib.request.urlopen(self.base + path, timeout=PATIENCE) as answer:
            return answer.read().decode()

    def close(self):
        self.process.terminate()
        assert self.process.wait(PATIENCE) == 0, "feedmill ends well"
        shutil.rmtree(self.folder, ignore_errors=True)


class FlaskWebSub:
    """The subscriber of Flask-WebSub, in this process. It finds the hub by itself."""

    def __init__(self, topic):
        from flask import Flask
        from flask_websub.subscriber import SQLite3SubscriberStorage, SQLite3TempSubscriberStorage, Subscriber, discover
        from werkzeug.serving import make_server

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.events, self.bodies = [], []
        self.folder = tempfile.mkdtemp(prefix="feedmill-flask-")
        app = Flask(__name__)
        port = free_port()
        app.config["SERVER_NAME"] = f"127.0.0.1:{port}"
        path = f"{self.folder}/subscriptions.db"
        self.subscriber = Subscriber(SQLite3SubscriberStorage(path), SQLite3TempSubscriberStorage(path))
        app.register_blueprint(self.subscriber.build_blueprint(url_prefix="/callbacks"))
        self.subscriber.add_success_handler(lambda topic, callback, mode: self.events.append(mode))
        self.subscriber.add_error_handler(lambda topic, callback, reason: self.events.append(f"denied: {reason}"))
        self.subscriber.add_listener(lambda topic, callback, body: self.bodies.append(body.decode()))
        self.server = make_server("127.0.0.1", port, app, threaded=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.app = app
        with app.app_context():
            self.callback = self.subscriber.subscribe(**discover(topic))

    def unsubscribe(self):
        with self.app.app_context():
            self.subscriber.unsubscribe(self.callback)

    def close(self):
        self.server.shutdown()
        shutil.rmtree(self.folder, ignore_errors=True)


class PubSubHubbub:
    """The subscriber of npm's pubsubhubbub."""

    def __init__(self, topic, hub, modules):
        self.events, self.bodies = [], []
        self.process = subprocess.Popen(
            ["node", "-e", NODE_CLIENT, topic, hub, str(free_port())],
            env={**os.environ, "NODE_PATH": str(modules), "NODE_NO_WARNINGS": "1"},
            text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            said = json.loads(line)
            if said["event"] == "feed":
                self.bodies.append(said["body"])
            else:
                self.events.append(": ".join(filter(None, [said["event"], said.get("body")])))

    def unsubscribe(self):
        self.process.stdin.write("unsubscribe\n")
        self.process.stdin.flush()

    def close(self):
        self.process.stdin.close()
        self.process.wait(PATIENCE)


def follow(site, client, path):
    """Takes `client`, which has asked for the feed at `path`, through everything that happens to a subscription."""
    wait_for("a verified subscription", lambda: client.events)
    assert client.events == ["subscribe"], client.events
    steps = [
        ("a new post", lambda: site.write("second", "Text of the second."), lambda body: "Text of the second" in body),
        ("an edit", lambda: site.write("second", "Other words now."), lambda body: "Other words now" in body),
        ("a withdrawal", lambda: site.remove("second"), lambda body: "Other words now" not in body),
    ]
    for number, (what, change, is_there) in enumerate(steps, 1):
        change()
        wait_for(f"{what} at the subscriber", lambda: len(client.bodies) == number)
        assert is_there(client.bodies[-1]), f"{what}: {client.bodies[-1]}"
        assert client.bodies[-1] == site.get(path), f"{what}: what is sent is what is served"
    client.unsubscribe()
    wait_for("the end of the subscription", lambda: len(client.events) == 2)
    assert client.events[1] == "unsubscribe", client.events
    site.write("third", "Text of the third.")
    wait_for("the third post", lambda: "Text of the third" in site.get(path))
    time.sleep(0.5)
    assert len(client.bodies) == len(steps), "nothing is sent after the end"
    site.remove("third")
    wait_for("its withdrawal", lambda: "Text of the third" not in site.get(path))


def try_flask(site, _):
    try:
        import flask_websub.subscriber  # noqa: F401
    except ImportError:
        return "is not installed (pip install Flask-WebSub)"
    client = FlaskWebSub(site.base + "/atom.xml")
    try:
        follow(site, client, "/atom.xml")
    finally:
        client.close()
    return None


def try_node(site, npm):
    modules = npm and Path(npm) / "node_modules"
    if shutil.which("node") is None or not modules or not (modules / "pubsubhubbub").is_dir():
        return "is not installed (npm install pubsubhubbub)"
    client = PubSubHubbub(site.base + "/rss.xml", site.base + "/hub", modules)
    try:
        follow(site, client, "/rss.xml")
    finally:
        client.close()
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=Path)
    parser.add_argument("--npm", help="the folder with node_modules")
    arguments = parser.parse_args()
    for name, attempt in [("Flask-WebSub", try_flask), ("pubsubhubbub", try_node)]:
        site = Site(arguments.program.resolve())
        try:
            missing = attempt(site, arguments.npm)
        finally:
            site.close()
        print(f"SKIPPED: {name} {missing}" if missing else f"{name}: a post, an edit and a withdrawal came by push", flush=True)


if __name__ == "__main__":
    main()
