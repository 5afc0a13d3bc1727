#!/usr/bin/env python3
"""Mutation testing with one build for all mutants.

`cargo mutants` builds the crate once for each mutant. This script asks it for the list of mutants only, and writes all of
them into one copy of the source tree: the body of each function becomes a `match` on a number that is read from the
environment variable MUTANT, with one arm for each mutant. Arms that do not compile are removed ("unviable").
Then each test runs once alone, and notes which functions it reaches; and for each mutant only the tests run that reach
its function: first those of its module, then the other unit tests, then, for what survives, the integration tests.

    benches/mutants/switch.py build --cargo-mutants ~/.cargo/bin/cargo-mutants --copy ../mutated --state state.json \\
        src/post/html.rs 'src/post/html/*.rs' src/http/media.rs
    benches/mutants/switch.py reach --state state.json     # which test reaches which function
    benches/mutants/switch.py run --state state.json       # unit tests; go on later by giving the same command again
    benches/mutants/switch.py run --state state.json --integration
    benches/mutants/switch.py report --state state.json
    benches/mutants/switch.py build ... --only survived    # again, with new tests, for what survived

It needs Python 3.11, cargo-mutants 27 and Linux. Mutants of constants, and of the few functions whose return type does not
allow a `match`, are listed as "not switched": they need a build each. Do not edit the source tree during a build. For 1,900 mutants, expect one build of some minutes and then 1 to 3 seconds of processor time for each mutant.
The copy is made anew by each build, and no mutated file is ever written to the source tree.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

SWITCH = """
/// The number of the mutant that is on; notes in a file that the function `site` was reached.
#[doc(hidden)]
pub fn mutant(site: usize) -> u32 {
    use std::io::Write;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    static CHOSEN: OnceLock<(u32, Option<std::fs::File>)> = OnceLock::new();
    static REACHED: [AtomicBool; SITES] = [const { AtomicBool::new(false) }; SITES];
    let (number, file) = CHOSEN.get_or_init(|| {
        let number = std::env::var("MUTANT").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
        let file = std::env::var("MUTANT_REACHED").ok();
        (number, file.and_then(|path| std::fs::OpenOptions::new().append(true).create(true).open(path).ok()))
    });
    if let Some(file) = file && !REACHED[site].swap(true, Relaxed) {
        let _ = (&*file).write_all(format!("{site}\\n").as_bytes());
    }
    *number
}
"""
TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|b?r(?P<h>#*)".*?"(?P=h)|b?"(?:\\.|[^"\\])*"|b?'(?:\\.[^']*|[^'\\])'|[({\[\]})]""", re.DOTALL
)


class Text:
    """A source file, and the offsets of its lines: spans are lines and columns from 1, in characters."""

    def __init__(self, text):
        self.text = text
        self.starts = [0] + [found.end() for found in re.finditer("\n", text)]

    def offset(self, place):
        return self.starts[place["line"] - 1] + place["column"] - 1

    def span(self, span):
        return self.offset(span["start"]), self.offset(span["end"])


def body_start(text, start, end):
    """The offset of the brace that opens the body of the function in `start..end`."""
    depth = 0
    for token in TOKEN.finditer(text, start, end):
        found = token.group()
        if found == "{" and depth == 0:
            return token.start()
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(found, 0)
    raise ValueError(f"a function without a body: {text[start:end][:80]}")


def list_mutants(args):
    """The mutants of the files, each with a number that stays."""
    command = [args.cargo_mutants, "mutants", "--list", "--json"]
    for file in args.files:
        command += ["-f", file]
    listed = json.loads(subprocess.run(command, cwd=args.source, check=True, capture_output=True, text=True).stdout)
    names = collections.Counter()
    mutants = {}
    for mutant in listed:
        mutant.pop("diff", None)
        # line numbers in a name change when tests are added above, so that a mutant is known by the rest
        short = mutant["file"] + ": " + mutant["name"].split(": ", 1)[1]
        names[short] += 1
        mutant["key"] = f"{short} #{names[short]}"
        mutants[mutant["key"]] = mutant
    return mutants


def make_sites(mutants, source):
    """The functions with mutants, the outermost where one lies in another: [file, start, end, keys]."""
    files = collections.defaultdict(list)
    for mutant in mutants.values():
        if mutant["function"] and mutant["state"] not in ("unviable", "not switched"):
            files[mutant["file"]].append(mutant)
    sites = []
    for file, inside in sorted(files.items()):
        text = Text((source / file).read_text())
        spans = collections.defaultdict(list)
        for mutant in inside:
            spans[text.span(mutant["function"]["span"])].append(mutant["key"])
        last = None
        for (start, end), keys in sorted(spans.items(), key=lambda item: (item[0][0], -item[0][1])):
            if last and end <= last[2]:
                last[3].extend(keys)
            else:
                last = [file, start, end, keys]
                sites.append(last)
    return sites


def write_file(args, file, sites, mutants):
    """Writes one file with its switches. Returns [(first line, last line, site, key or None)] of what is in it."""
    text = Text((Path(args.source) / file).read_text())
    out, at, lines, written = [], 0, [], 1

    def put(piece):
        nonlocal written
        out.append(piece)
        written += piece.count("\n")

    for number, (_, start, end, keys) in sites:
        opens = body_start(text.text, start, end)
        body = text.text[opens:end]
        head = text.text[start:opens]
        put(text.text[at:start])
        first = written
        returned = re.search(r"->\s*impl\s+(.*?)\s*(?:\bwhere\b.*)?$", head, re.DOTALL)
        wrap = (f"Box::new({{}}) as Box<dyn {returned.group(1)} + '_>" if returned else "{}").format
        put(head + "{ match crate::mutant(%d) {\n" % number)
        for key in keys:
            mutant = mutants[key]
            if mutant["state"] in ("unviable", "not switched"):
                continue
            from_, to = text.span(mutant["span"])
            arm = written
            put(f"{mutant['number']} => {{ {wrap(body[: from_ - opens] + mutant['replacement'] + body[to - opens :])} }}\n")
            lines.append((arm, written - 1, number, key))
        put(f"_ => {{ {wrap(body)} }}\n}} }}")
        lines.append((first, written, number, None))
        at = end
    put(text.text[at:])
    (Path(args.copy) / file).write_text("".join(out))
    return lines


def write_copy(args, mutants):
    """Writes the mutated tree anew. Returns the sites, and for each file what its lines are."""
    copy = Path(args.copy)
    copy.mkdir(parents=True, exist_ok=True)
    for old in copy.iterdir():
        if old.name != "target":
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=args.source, check=True, capture_output=True
    )
    for name in set(listed.stdout.decode().split("\0")) - {""}:
        if (Path(args.source) / name).exists():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(Path(args.source) / name, copy / name, follow_symlinks=False)
    manifest = Path(args.copy) / "Cargo.toml"
    manifest.write_text(re.sub(r"(?ms)^\[lints\..*?(?=^\[(?!lints)|\Z)", "", manifest.read_text()))
    sites = make_sites(mutants, Path(args.source))
    per_file = collections.defaultdict(list)
    for number, site in enumerate(sites):
        per_file[site[0]].append((number, site))
    lines = {file: write_file(args, file, inside, mutants) for file, inside in per_file.items()}
    lib = Path(args.copy) / "src/lib.rs"
    lib.write_text("#![allow(warnings, arithmetic_overflow, unconditional_panic, unconditional_recursion)]\n" + lib.read_text() + SWITCH.replace("SITES", str(max(1, len(sites)))))
    return sites, lines


def cargo(args, *words):
    """Runs cargo in the copy. Returns its messages."""
    run = subprocess.run(["cargo", *words, "--message-format=json"], cwd=args.copy, stdout=subprocess.PIPE, text=True, check=False)
    return run.returncode, [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]


def build(args):
    """Writes and compiles the mutated tree until it compiles."""
    state = load(args)
    before = state.get("mutants", {})
    mutants = list_mutants(args)
    for number, (key, mutant) in enumerate(mutants.items(), 1):
        mutant["number"] = number
        mutant["state"] = before.get(key, {}).get("state", "new" if mutant["function"] else "not switched")
    if args.only:
        mutants = {key: mutant for key, mutant in mutants.items() if mutant["state"] in args.only}
    while True:
        sites, lines = write_copy(args, mutants)
        code, messages = cargo(args, "test", "--no-run", "--lib")
        errors = [each["message"] for each in messages if each.get("message", {}).get("level") == "error"]
        if code == 0:
            break
        removed = 0
        for error in errors:
            removed += remove_unviable(error, lines, mutants, sites)
        print(f"{len(errors)} errors, {removed} mutants removed", flush=True)
        if not removed:
            sys.exit("\n".join(error.get("rendered", "") for error in errors)[:4000])
    state["mutants"] = {**before, **mutants}
    state["sites"] = [site[3] for site in sites]
    state["copy"] = str(Path(args.copy).resolve())
    state["binaries"] = {}
    save(args, state)
    if args.test:
        code, more = cargo(args, "test", "--no-run", "--test", args.test)
        messages += more
    for message in messages:
        if message.get("executable"):
            # a build of the source tree in the same target folder would overwrite it
            kind = message["target"]["kind"][0]
            name = {"lib": "lib", "test": "it"}.get(kind, message["target"]["name"])
            kept = Path(state["copy"]) / "target/mutants" / name
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.unlink(missing_ok=True)
            shutil.copy2(message["executable"], kept)
            state["binaries"][name] = str(kept)
    print(f"{len(mutants)} mutants, {len(sites)} functions, binaries: {state['binaries']}")
    save(args, state)
    return code


def remove_unviable(error, lines, mutants, sites):
    """Marks the mutants in which the error lies. An error elsewhere in a function marks all of its mutants."""
    removed = 0
    for span in error["spans"]:
        if not span["is_primary"]:
            continue
        inside = [each for each in lines.get(span["file_name"], []) if each[0] <= span["line_start"] <= each[1]]
        arms = [each for each in inside if each[3]] or inside
        for _, _, site, key in arms:
            for each in [key] if key else sites[site][3]:
                if mutants[each]["state"] not in ("unviable", "not switched"):
                    mutants[each]["state"] = "unviable" if key else "not switched"
                    mutants[each]["why"] = error["message"]
                    removed += 1
    return removed


def load(args):
    return json.loads(Path(args.state).read_text()) if Path(args.state).exists() else {}


def save(args, state):
    fresh = Path(args.state + ".new")
    fresh.write_text(json.dumps(state))
    fresh.replace(args.state)


def run_tests(state, binary, words, mutant=0, reached=None, timeout=600):
    """Runs tests in a process group of their own. Returns "passed", "failed" or "timeout", and the output."""
    # the names do not begin with FEEDMILL_: tests remove such variables from the environment of the programs that they start
    environment = {**os.environ, "MUTANT": str(mutant), "RUSTC_BOOTSTRAP": "1", "INSTA_UPDATE": "no"}
    environment |= {"CARGO_MANIFEST_DIR": state["copy"], "PROPTEST_MAX_SHRINK_ITERS": "0", "RUST_BACKTRACE": "0"}
    for name, path in state["binaries"].items():
        environment[f"CARGO_BIN_EXE_{name}"] = path
    environment.pop("MUTANT_REACHED", None)
    if reached:
        environment["MUTANT_REACHED"] = reached

    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (12 << 30, 12 << 30))
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 30, 1 << 30))

    with tempfile.TemporaryFile() as out, tempfile.TemporaryDirectory(prefix="mutant-") as temporary:
        environment["TMPDIR"] = temporary
        process = subprocess.Popen(
            [state["binaries"][binary], "-Z", "unstable-options", "--fail-fast", *words],
            cwd=state["copy"], env=environment, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            start_new_session=True, preexec_fn=limit,
        )
        try:
            outcome = "passed" if process.wait(timeout) == 0 else "failed"
        except subprocess.TimeoutExpired:
            outcome = "timeout"
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
        out.seek(0)
        return outcome, out.read().decode(errors="replace")


def reach(args):
    """Runs each test alone (or each module of the integration tests), and notes the functions that it reaches."""
    state = load(args)
    found = state.setdefault("reach", {}) if args.add else state.__setitem__("reach", {}) or state["reach"]

    def one(job):
        binary, words = job
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/reached"
            outcome, _ = run_tests(state, binary, words, reached=path)
            numbers = sorted({int(line) for line in Path(path).read_text().split()}) if Path(path).exists() else []
            return binary, words[0], outcome, numbers

    jobs = []
    for binary in args.binaries:
        listed = subprocess.run([state["binaries"][binary], "--list"], cwd=state["copy"], capture_output=True, text=True, check=True)
        names = [line.removesuffix(": test") for line in listed.stdout.splitlines() if line.endswith(": test")]
        if binary == "it":
            modules = sorted({name.split("::")[0] for name in names if "::" in name})
            jobs += [(binary, [f"{module}::"]) for module in modules if module not in args.skip]
        else:
            jobs += [(binary, [name, "--exact"]) for name in names if f"{binary} {name}" not in found]
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for binary, name, outcome, numbers in pool.map(one, jobs):
            if outcome != "passed":
                print(f"{binary} {name}: {outcome} without any mutant, left out", flush=True)
                continue
            found[f"{binary} {name}"] = numbers
    print(f"{len(found)} tests or modules of tests")
    save(args, state)


def module_of(file):
    parts = Path(file).with_suffix("").parts[1:]
    return "::".join(parts[:2])


def run(args):
    """Runs for each mutant the tests that reach its function, and notes whether one failed."""
    state = load(args)
    mutants = state["mutants"]
    by_site = collections.defaultdict(list)
    binary = "it" if args.integration else "lib"
    for name, numbers in state["reach"].items():
        kind, name = name.split(" ", 1)
        if kind == binary:
            for number in numbers:
                by_site[number].append(name)
    wanted = ("survived", "not reached") if args.integration or args.again else ("new",)
    jobs = []
    for number, keys in enumerate(state["sites"]):
        for key in keys:
            if mutants[key]["state"] in wanted and (not args.filter or re.search(args.filter, key)):
                jobs.append((number, mutants[key]))
    lock, done = threading.Lock(), 0

    def one(job):
        nonlocal done
        site, mutant = job
        tests = by_site[site]
        outcome, killer = ("survived" if tests else mutant["state"] if args.integration else "not reached"), None
        if binary == "it":
            stages = [[test] for test in tests]
        else:
            near = [test for test in tests if test.startswith(module_of(mutant["file"]))]
            far = [test for test in tests if test not in near]
            stages = [stage + ["--exact"] for stage in (near, far) if stage]
        for words in stages:
            result, output = run_tests(state, binary, words, mutant["number"], timeout=args.timeout)
            if result != "passed":
                failed = re.search(r"test (\S+) \.\.\. FAILED", output)
                outcome, killer = "killed", failed.group(1) if failed else result
                break
        with lock:
            mutant["state"], mutant["killer"] = outcome, killer
            done += 1
            print(f"{done}/{len(jobs)} {outcome} {mutant['key']} {killer or ''}", flush=True)
            if done % 20 == 0:
                save(args, state)

    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        list(pool.map(one, jobs))
    save(args, state)


def report(args):
    """Prints the counts for each file, and every mutant that no test kills."""
    state = load(args)
    counts = collections.defaultdict(collections.Counter)
    for mutant in state["mutants"].values():
        counts[mutant["file"]][mutant["state"]] += 1
    kinds = ["killed", "survived", "not reached", "unviable", "not switched", "new"]
    print(f"{'file':44}" + "".join(f"{kind:>13}" for kind in kinds))
    for file, count in sorted(counts.items()):
        print(f"{file:44}" + "".join(f"{count[kind]:13}" for kind in kinds))
    for mutant in state["mutants"].values():
        if mutant["state"] in ("survived", "not reached", "not switched"):
            print(f"{mutant['state']:12} {mutant['name']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for function, help_ in ((build, "write and compile"), (reach, "note what tests reach"), (run, "run"), (report, "print")):
        command = commands.add_parser(function.__name__, help=help_)
        command.set_defaults(function=function)
        command.add_argument("--state", required=True, help="the file in which results are kept")
        command.add_argument("--jobs", type=int, default=2)
        if function is build:
            command.add_argument("--cargo-mutants", default="cargo-mutants")
            command.add_argument("--source", default=".")
            command.add_argument("--copy", required=True, help="the folder for the mutated tree")
            command.add_argument("--test", default="it", help="the integration test that is built too; empty for none")
            command.add_argument("--only", action="append", help="mutants in this state only")
            command.add_argument("files", nargs="+")
        if function is reach:
            command.add_argument("--binaries", nargs="+", default=["lib", "it"])
            command.add_argument("--skip", nargs="*", default=[], help="modules of integration tests that are left out")
            command.add_argument("--add", action="store_true", help="only tests that are not known yet; leave it out after tests were changed")
        if function is run:
            command.add_argument("--integration", action="store_true", help="what survived, with the integration tests")
            command.add_argument("--again", action="store_true", help="what survived, with the unit tests")
            command.add_argument("--filter", help="a regular expression for the mutants' names")
            command.add_argument("--timeout", type=float, default=120)
    args = parser.parse_args()
    sys.exit(args.function(args))


if __name__ == "__main__":
    main()
