#!/usr/bin/env python3
"""The pages for people in a real browser, and in the hands of two checkers.

    tests/clients/pages.py path/to/feedmill [--npm FOLDER] [--pictures FOLDER]

Drives Chromium (by Playwright) over the site of `mill.py`; runs axe-core on every kind of page, light and dark, and the Nu HTML checker
over all of them, both from FOLDER/node_modules (`npm install --prefix FOLDER axe-core vnu-jar`). What is not installed is skipped, and
that is said. With --pictures it only takes the pictures for the README.
"""
import argparse
import base64
import json
import shutil
import subprocess
import sys
from pathlib import Path

from mill import KINDS, Mill

POSTS, PAGES = 41, 6
WIDTHS = (320, 390, 768, 1280)
LARGEST_FIRST_PAGE = 20_000
SCHEMES = ("light", "dark")

# what a page may stumble over, as the page sees it
OVERFLOWING = """() => [...document.querySelectorAll('body *')]
  .filter(element => !element.closest('.table, pre, .skip') && element.getBoundingClientRect().width > 0)
  .filter(element => { const box = element.getBoundingClientRect(); return box.right > innerWidth + 1 || box.left < -1; })
  .slice(0, 3).map(element => element.outerHTML.slice(0, 100))"""
FOCUSED = """() => {
  const focused = document.activeElement, box = focused.getBoundingClientRect(), style = getComputedStyle(focused);
  return {
    name: focused.outerHTML.slice(0, 80), link: focused.getAttribute('href'), isBody: focused === document.body,
    isSeen: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    isMarked: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1.5,
  };
}"""


class Skip(Exception):
    pass


class Tab:
    """One page in a browser of its own, which is watched."""

    def __init__(self, browser, mill, width=1280, scheme="light", **options):
        self.mill = mill
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
        self.page = self.context.new_page()
        self.said, self.asked = [], []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        # what the browser had not finished when the page was left
        self.page.on("requestfailed", lambda request: request.failure == "net::ERR_ABORTED" or self.said.append(
            f"{request.url}: {request.failure}"))
        self.page.on("request", lambda request: self.asked.append(request.url))

    def go(self, path):
        return self.page.goto(self.mill.base + path)

    def text(self, selector):
        return [text.strip() for text in self.page.locator(selector).all_inner_texts()]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()


def walk(tab):
    """From the first page to the last by its links: the addresses of the posts on the way."""
    tab.go("/")
    found = []
    for number in range(1, PAGES + 1):
        assert f"{POSTS} posts so far" in tab.text("header.title .about")[0]
        where = f"Page {number} / {PAGES} · {POSTS} posts"
        assert where in tab.text(".pager")[0], (where, tab.text(".pager"))
        links = tab.page.locator(".entries article :is(h2, h3) a")
        found += [links.nth(n).get_attribute("href") for n in range(links.count())]
        if number < PAGES:
            tab.page.get_by_role("link", name="Next", exact=True).click()
    assert tab.page.get_by_role("link", name="Next", exact=True).count() == 0
    tab.page.get_by_role("link", name="Previous", exact=True).click()
    assert tab.page.url.endswith(f"/page/{PAGES - 1}")
    tab.page.get_by_role("link", name="First", exact=True).click()
    assert tab.page.url == f"{tab.mill.base}/"
    assert len(found) == len(set(found)) == POSTS, found
    return found


def look_for(tab, words):
    tab.go("/")
    tab.page.get_by_role("link", name="Search", exact=True).click()
    tab.page.get_by_role("searchbox").fill(words)
    tab.page.get_by_role("searchbox").press("Enter")
    return tab.text(".entries article :is(h2, h3)")


def paging(browser, mill):
    with Tab(browser, mill) as tab:
        shown = walk(tab)
    listed = json.loads(mill.get(f"/api/posts?per_page={POSTS}")[2])["posts"]
    assert [mill.base + address for address in shown] == [post["url"] for post in listed]


def searching(browser, mill):
    with Tab(browser, mill) as tab:
        assert look_for(tab, "hunting tooth") == ["A gear that wears evenly"]
        assert look_for(tab, "水車") == ["潮が水車を回すまで"]
        assert look_for(tab, "zeppelin") == [] and "Nothing was found" in tab.text("main")[0]
        assert tab.page.get_by_role("searchbox").input_value() == "zeppelin"


def subscribing(browser, mill):
    feeds = [f"{mill.base}/{name}" for name in ("rss.xml", "atom.xml", "feed.json")]
    with Tab(browser, mill) as tab:
        for path in ("/feed", "/rss.xml", "/atom.xml", "/subscribe"):
            tab.go(path)
            assert tab.text("h1") == ["Subscribe to The Tide Mill"], path
            assert tab.text(".feeds code") == feeds, path
        for feed in feeds:
            tab.page.get_by_text(feed, exact=True).click()
            assert tab.page.evaluate("() => getSelection().toString()").strip() == feed, "one click takes the whole address"
        for reader in tab.page.locator(".readers a").all():
            address = reader.get_attribute("href")
            assert feeds[0] in address or feeds[0].replace(":", "%3A").replace("/", "%2F").replace(".", "%2E") in address, address
        tab.go("/tags/tides/rss.xml")
        assert f"{mill.base}/tags/tides/atom.xml" in tab.text(".feeds code")
    for accept in ("*/*", "application/rss+xml, text/html;q=0.9", "text/html,application/xml;q=0.9,*/*;q=0.8"):
        status, headers, _ = mill.get("/rss.xml", accept=accept)
        assert status == 200 and headers["content-type"].startswith("application/rss+xml"), "a reader gets the feed"


def dark_and_light(browser, mill):
    seen = {}
    for scheme in SCHEMES:
        with Tab(browser, mill, scheme=scheme) as tab:
            tab.go("/posts/everything")
            colours = "() => ['html', 'h1', '.content a', 'pre', '.hl-keyword'].map(name => {" \
                      "const style = getComputedStyle(document.querySelector(name)); return [style.color, style.backgroundColor]; })"
            seen[scheme] = tab.page.evaluate(colours)
    assert all(light != dark for light, dark in zip(seen["light"], seen["dark"])), seen


def every_width(browser, mill):
    for width in WIDTHS:
        with Tab(browser, mill, width=width) as tab:
            for kind, path in KINDS.items():
                tab.go(path)
                wide = tab.page.evaluate("() => document.documentElement.scrollWidth")
                assert wide <= width, f"{kind} is {wide} wide in {width}: {tab.page.evaluate(OVERFLOWING)}"
                outside = tab.page.evaluate(OVERFLOWING)
                assert not outside, f"{kind} at {width}: {outside}"
    # with letters twice as large, as WCAG 1.4.4 has it
    with Tab(browser, mill, width=640) as tab:
        for kind, path in KINDS.items():
            tab.go(path)
            tab.page.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
            assert tab.page.evaluate("() => document.documentElement.scrollWidth") <= 640, kind


def keyboard(browser, mill):
    with Tab(browser, mill) as tab:
        for kind, path in KINDS.items():
            if kind == "400":
                continue
            tab.go(path)
            first = press_tab(tab, kind)
            assert first["link"] == "#page:main", f"{kind}: the way past the navigation comes first, not {first['name']}"
            reached = [first["link"]]
            for _ in range(200):
                focused = press_tab(tab, kind)
                # after the last one comes the browser's own, or the first again
                if focused is None or focused["link"] == first["link"]:
                    break
                reached.append(focused["link"])
            links = tab.page.eval_on_selector_all("a[href]", "links => links.map(link => link.getAttribute('href'))")
            reached = [link for link in reached if link is not None]
            assert reached == links, f"{kind}: in the order in which they are read: {reached} and not {links}"
        # past the navigation, and on from there
        tab.go("/")
        tab.page.keyboard.press("Tab")
        tab.page.keyboard.press("Enter")
        tab.page.keyboard.press("Tab")
        assert tab.page.evaluate("() => document.activeElement.closest('main') !== null")
        # what scrolls is scrolled by keys
        tab.go("/posts/everything")
        for scroller in (".table", "pre:nth-of-type(2)"):
            box = tab.page.locator(scroller).first
            tab.page.set_viewport_size({"width": 390, "height": 900})
            box.focus()
            tab.page.keyboard.press("ArrowRight")
            tab.page.wait_for_function("box => box.scrollLeft > 0", arg=box.element_handle())


def press_tab(tab, kind):
    tab.page.keyboard.press("Tab")
    focused = tab.page.evaluate(FOCUSED)
    if focused["isBody"]:
        return None
    assert focused["isSeen"], f"{kind}: {focused['name']} has the focus where nobody sees it"
    assert focused["isMarked"], f"{kind}: {focused['name']} does not show that it has the focus"
    return focused


def without_scripts(browser, mill):
    with Tab(browser, mill, java_script_enabled=False) as tab:
        walk(tab)
        assert look_for(tab, "hunting tooth") == ["A gear that wears evenly"]
        tab.page.get_by_role("link", name="Subscribe", exact=True).first.click()
        assert f"{mill.base}/rss.xml" in tab.text(".feeds code")
        tab.go("/posts/everything")
        assert tab.page.locator(".hl-keyword").count() > 5, "code is in colour"


def quiet(browser, mill):
    """Nothing is said on the console, and nothing is asked of another host."""
    with Tab(browser, mill) as tab:
        for kind, path in KINDS.items():
            status = tab.go(path).status
            if status >= 400:
                # browsers say so of every answer that is none
                tab.said = [said for said in tab.said if f"status of {status}" not in said]
            assert not tab.said, f"{kind}: {tab.said}"
        assert all(url.startswith(mill.base) for url in tab.asked), tab.asked


def weight(browser, mill):
    with Tab(browser, mill) as tab:
        answers = []
        tab.page.on("response", lambda answer: answers.append(answer))
        tab.page.goto(mill.base + "/", wait_until="networkidle")
        sizes = {answer.url.removeprefix(mill.base): answer.request.sizes() for answer in answers}
    total = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes.values())
    print(f"  the first page: {total} bytes in {len(sizes)} answers")
    assert total <= LARGEST_FIRST_PAGE, sizes
    assert {path.split("?")[0] for path in sizes} <= {"/", "/style.css", "/favicon.svg"}, sizes


def axe(browser, mill, npm):
    """No violation of WCAG 2.2 AA, or of what axe-core holds for good practice."""
    source = npm / "node_modules/axe-core/axe.min.js"
    if not source.exists():
        raise Skip("axe-core is not installed")
    script, problems = source.read_text(), []
    for scheme in SCHEMES:
        for width in (390, 1280):
            with Tab(browser, mill, width=width, scheme=scheme) as tab:
                for kind, path in KINDS.items():
                    tab.go(path)
                    tab.page.evaluate(script)
                    for violation in tab.page.evaluate("() => axe.run()")["violations"]:
                        nodes = [(node["html"][:120], node["failureSummary"][:300]) for node in violation["nodes"][:3]]
                        problems.append(f"{kind}, {scheme}, {width} wide: {violation['id']}: {nodes}")
    assert not problems, "\n  ".join(problems)


def nu(_, mill, npm):
    """No error that the Nu HTML checker knows, in pages and style sheet."""
    jar, java = npm / "node_modules/vnu-jar/build/dist/vnu.jar", shutil.which("java")
    if not jar.exists() or not java:
        raise Skip("the checker (vnu-jar) or java is not installed")
    folder = mill.folder / "checked"
    folder.mkdir()
    names = {}
    for number, (kind, path) in enumerate(KINDS.items()):
        page = folder / f"{number}.html"
        page.write_bytes(mill.get(path, accept="text/html")[2])
        names[page.name] = kind
    (folder / "style.css").write_bytes(mill.get("/style.css")[2])
    done = subprocess.run([java, "-Xss4m", "-jar", jar, "--format", "json", "--also-check-css", "--skip-non-css", "--skip-non-html", folder],
                          capture_output=True, text=True, timeout=300)
    messages = json.loads(done.stderr or '{"messages": []}')["messages"]
    said = [f"{names.get(Path(one['url']).name, one['url'])}:{one.get('lastLine')}: {one['type']}: {one['message']}\n    {one.get('extract')}"
            for one in messages]
    for one in sorted({line for line in said if ": info: " in line}):
        print(f"  {one}")
    errors = [line for line in said if ": info: " not in line]
    assert not errors, "\n  ".join(errors[:20])
    assert done.returncode == 0, done.stderr[-500:]


def pictures(browser, mill, folder):
    """The pictures for the README: a list, a post in the dark, and one from right to left on a phone."""
    for name, path, width, height, scheme in (
            ("all-posts", "/", 960, 1080, "light"), ("a-post", "/posts/everything#the-code", 960, 1080, "dark"),
            ("on-a-phone", "/posts/madd", 390, 844, "light")):
        with Tab(browser, mill, width=width, scheme=scheme) as tab:
            tab.page.set_viewport_size({"width": width, "height": height})
            tab.go(path)
            taken = tab.context.new_cdp_session(tab.page).send("Page.captureScreenshot", {"format": "webp", "quality": 80})
            (folder / f"{name}.webp").write_bytes(base64.b64decode(taken["data"]))


def main():
    arguments = argparse.ArgumentParser(description="The pages for people in a real browser.")
    arguments.add_argument("program", type=Path)
    arguments.add_argument("--npm", type=Path, default=Path("target/clients"))
    arguments.add_argument("--pictures", type=Path)
    arguments.add_argument("--only", nargs="*")
    chosen = arguments.parse_args()
    program = shutil.which("chromium") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        print(f"pages: SKIPPED, {error}")
        return 0
    if not program:
        print("pages: SKIPPED, chromium is not installed")
        return 0
    checks = [paging, searching, subscribing, dark_and_light, every_width, keyboard, without_scripts, quiet, weight]
    passed, failed, skipped = 0, 0, 0
    mill = Mill(str(chosen.program.resolve()))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        if chosen.pictures:
            pictures(browser, mill, chosen.pictures)
            checks = []
        checks = [(check, (browser, mill)) for check in checks]
        if not chosen.pictures:
            checks += [(check, (browser, mill, chosen.npm)) for check in (axe, nu)]
        for check, given in checks:
            if chosen.only and check.__name__ not in chosen.only:
                continue
            try:
                check(*given)
                passed += 1
                print(f"{check.__name__}: ok", flush=True)
            except Skip as why:
                skipped += 1
                print(f"{check.__name__}: SKIPPED, {why}", flush=True)
            except Exception as error:  # pylint: disable=broad-except
                failed += 1
                print(f"{check.__name__}: FAILED, {type(error).__name__}: {error}", flush=True)
        browser.close()
    mill.close()
    print(f"pages: {passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
