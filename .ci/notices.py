"""The licences of everything that a binary for a target contains, as text: `python3 .ci/notices.py x86_64-unknown-linux-musl`.

Nearly all of them ask that their text goes with the binary. A text that several crates share is printed once.
"""

import json
import pathlib
import subprocess
import sys

NAMES = ("license", "licence", "copying", "notice", "copyright", "unlicense")


def packages(target):
    """The packages that are linked into the program: not those that only build or test it."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", target]
    metadata = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    described = {package["id"]: package for package in metadata["packages"]}
    root = metadata["resolve"]["root"]
    linked, waiting = {root}, [root]
    while waiting:
        for dependency in nodes[waiting.pop()]["deps"]:
            package = described[dependency["pkg"]]
            is_normal = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            is_macro = any("proc-macro" in kind for one in package["targets"] for kind in one["kind"])
            if is_normal and not is_macro and package["id"] not in linked:
                linked.add(package["id"])
                waiting.append(package["id"])
    linked.remove(root)
    return sorted((described[one] for one in linked), key=lambda package: (package["name"], package["version"]))


def texts(package):
    """The licence files of a package."""
    folder = pathlib.Path(package["manifest_path"]).parent
    files = {path for path in folder.iterdir() if path.is_file() and path.name.lower().startswith(NAMES)}
    folders = [folder / name for name in ("LICENSES", "licenses")]
    files |= {path for below in folders if below.is_dir() for path in below.iterdir() if path.is_file()}
    if package["license_file"]:
        files.add(folder / package["license_file"])
    return [path.read_text(encoding="utf-8", errors="replace").strip() for path in sorted(files)]


def main():
    users = {}
    without = []
    found = packages(sys.argv[1])
    for package in found:
        own = texts(package)
        for text in own:
            users.setdefault(text, []).append(f"{package['name']} {package['version']}")
        if not own:
            without.append(package)
    print("feedmill contains these crates:\n")
    for package in found:
        authors = f", by {', '.join(package['authors'])}" if package in without and package["authors"] else ""
        print(f"- {package['name']} {package['version']}: {package['license'] or 'see its text'}{authors}")
    if without:
        names = ", ".join(package["name"] for package in without)
        print(f"\nThese come without a file of their own; the texts of their licences are below, with other crates: {names}.")
    for text, names in sorted(users.items(), key=lambda pair: pair[1]):
        print(f"\n{'=' * 80}\n{', '.join(dict.fromkeys(names))}\n{'-' * 80}\n{text}")


if __name__ == "__main__":
    main()
