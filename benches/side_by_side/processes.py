"""Programs under measurement: started, watched and ended by id; and what the system says they cost."""
import http.client
import os
import resource
import signal
import socket
import subprocess
import sys
import time

TICK = os.sysconf("SC_CLK_TCK")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def cpu_seconds(pid):
    """Seconds of processor time that a process has used, in user and kernel, threads that ended included (proc(5), fields 14, 15)."""
    with open("/proc/%d/stat" % pid) as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory(pid):
    """Resident, proportional and peak resident memory of a process, in bytes."""
    found = {}
    for path, keys in (("/proc/%d/status" % pid, ("VmRSS", "VmHWM")), ("/proc/%d/smaps_rollup" % pid, ("Pss",))):
        try:
            with open(path) as file:
                for line in file:
                    key, _, rest = line.partition(":")
                    if key in keys:
                        found[key] = int(rest.split()[0]) * 1024
        except OSError:
            pass
    return found


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def get(port, path, headers=None):
    """One request on a connection of its own: status, header with names in lower case, body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path, headers=headers or {"Accept-Encoding": "identity"})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def wait_for(condition, seconds=60, pause=0.01):
    """Waits until `condition` gives something true; that."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            found = condition()
            if found:
                return found
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(pause)
    raise TimeoutError("what was waited for did not come about in %d s" % seconds)


def end(process):
    """Ends a process that was started here."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def binary(named=None):
    """The program: the one that is named, else this tree, built as it is shipped."""
    if named:
        return os.path.abspath(named)
    print("building feedmill", file=sys.stderr)
    subprocess.run(["cargo", "build", "--profile", "dist", "--locked", "--quiet"], cwd=ROOT, check=True)
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
    return os.path.join(target, "dist", "feedmill")


class Feedmill:
    """A running `feedmill serve`."""

    def __init__(self, program, posts, state, limit=20, cores=None, threads=None):
        self.port, self.admin = free_port(), free_port()
        config = state + ".toml"
        with open(config, "w") as file:
            file.write('[site]\nbase_url = "https://bench.example"\ntitle = "Bench"\n[feed]\nlimit = %d\n[server]\n'
                       "max_connections_per_address = 1024\n" % limit)
        command = [program, "serve", posts, "--config", config, "--state", state, "--listen", "127.0.0.1:%d" % self.port,
                   "--admin", "127.0.0.1:%d" % self.admin, "--log", "json"]
        environment = dict(os.environ, RUST_LOG="error")
        if threads:
            environment["TOKIO_WORKER_THREADS"] = str(threads)
        if cores is not None:
            command = ["taskset", "-c", cores] + command
        self.begun = time.monotonic()
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.pid = self.process.pid

    def wait_ready(self, seconds=600):
        wait_for(lambda: self.alive() and get(self.port, "/readyz")[0] == 200, seconds, 0.001)
        return self

    def alive(self):
        if self.process.poll() is not None:
            raise RuntimeError("feedmill ended with %d" % self.process.returncode)
        return True

    def status(self):
        import json
        return json.loads(get(self.admin, "/status", {"Accept": "application/json"})[2])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end(self.process)


def run(command, cwd, timeout):
    """Runs a program to its end: seconds of wall and of processor time, and its peak memory in bytes."""
    begun = time.monotonic()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        _, said = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return None
    wall = time.monotonic() - begun
    if process.returncode:
        raise RuntimeError("%s: %s" % (command[0], said.decode(errors="replace")[-500:]))
    return wall


def children():
    """Processor time and the largest peak memory of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime, used.ru_maxrss * 1024
