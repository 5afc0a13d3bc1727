"""A site of 41 posts with everything that a page may have to show, and the program that serves it.

Five scripts, tables, code, formulas, footnotes, figures, a word without end, a bundle of a post with its picture; beside the 41, one
post that is withdrawn and one whose file cannot be read.
"""
import http.client
import os
import re
import shutil
import struct
import subprocess
import tempfile
import threading
import time
import zlib
from pathlib import Path

PATIENCE = 30.0

CONFIG = """[site]
title = 'The Tide Mill'
description = 'Notes from the people who keep a tide mill turning.'
footer = 'Made by the crew of the mill. [How to visit](/posts/a-day-at-the-mill)'
[site.author]
name = 'Ada Quill'
"""

# title, summary, tags; the newest first
NOTES = [
    ("Why we stopped guessing the height of the tide", "A gauge, a notebook and a winter of readings changed how we plan our days.",
     "tides measuring"),
    ("A gear that wears evenly", "Eleven teeth and thirty-seven: how a hunting tooth shares the wear among all of its neighbours.",
     "gears"),
    ("The sluice gate closes itself", "A float, a lever and no electricity: the gate has not missed a tide since spring.", "gates tides"),
    ("What a quiet bearing tells you", "We put a microphone below the main shaft and learned to hear trouble two weeks early.",
     "bearings measuring"),
    ("Grinding at half the speed", "Slower stones keep the flour cool. We measured how much, and what it costs in hours.", "stones flour"),
    ("Our second pond", "More water is not more power: what we learned from a pond that was too shallow.", "ponds"),
    ("Replacing a shaft without stopping", "Two chain hoists, nine people, one low tide.", "shafts repairs"),
    ("How we choose stones", "French burr, millstone grit or basalt, and why the answer has changed twice.", "stones"),
    ("Mud is a maintenance problem", "Silt takes a hand's breadth of the pond every year unless somebody takes it back.", "ponds repairs"),
    ("A calendar for the moon", "The roster follows the moon now. Here is the table behind it.", "tides"),
    ("Oak, elm or steel", "Paddles of three materials after ten years under the same water.", "wheels"),
    ("The log of a storm", "Wind from the north-east, a surge of four feet and a gate that held.", "gates"),
    ("Dressing a stone by lamplight", "Low light from one side shows each furrow. A short manual with drawings.", "stones repairs"),
    ("Eels have the right of way", "A pass of brushes and a trickle of water let young eels climb past the wheel.", "ponds wheels"),
    ("Counting turns with a magnet", "A sensor that costs less than lunch, and the three mistakes we made with it.", "measuring"),
    ("Salt, iron and patience", "What rusts, what does not, and what merely looks as if it did.", "repairs"),
    ("The weight of a sack", "Twelve sacks an hour sounds like a lot until one has to carry them.", "flour"),
    ("A sluice in three drawings", "Plan, section and the one that shows where to put your fingers.", "gates"),
    ("Spare parts for the next century", "We dry elm for wedges that nobody alive will drive in.", "repairs wheels"),
    ("Why the bell rings twice", "Once for the gate and once for the stones, and never for anything else.", "gates stones"),
    ("Flour that keeps", "Moisture, temperature and the difference that a paper bag makes.", "flour"),
    ("Listening to the wheel", "Sixteen paddles make a rhythm; fifteen make another.", "wheels measuring"),
    ("The last wooden cog", "Hornbeam is hard, quiet and out of fashion. We still like it.", "gears"),
    ("A pond is a battery", "Twice a day the sea charges it for nothing.", "ponds tides"),
    ("Learning to wait", "Between two tides there are six hours. This is what we do with them.", "tides"),
    ("Grease, oil or water", "Three ways to keep a bearing cool, tried one summer each.", "bearings"),
    ("Who opens the gate at night", "A short history of alarm clocks.", "gates"),
    ("The first sack of the year", "Wheat from the field across the creek, ground eleven days after harvest.", "flour"),
    ("Measuring a stone's heat", "Paint that changes its colour is better than any thermometer we own.", "stones measuring"),
    ("How the wheel was hung", "From a barge, at the highest tide of the decade.", "wheels"),
    ("We are open", "The mill turns again.", "tides"),
]

RICH = r"""---
title: Everything a page can hold
date: 2026-06-20
updated: 2026-06-25
tags: [measuring, gears]
authors: [Ada Quill, Ben Ferrow]
summary: Headings, code, tables, figures, formulas and footnotes on one page, to see whether all of them are a pleasure to read.
---

A post is mostly paragraphs, and a paragraph is read best when its lines are neither short nor long. This one has [a link](/tags/gears),
some *stress*, some **weight**, `a little code`, ~~a second thought~~ and a note.[^pond] The water stands at $h_0 = 2.4$ metres.

## The numbers

| Paddles | Material | Turns a minute | Torque in newton metres | Power in kilowatts | Flour in kilograms an hour | Remarks |
|--:|---|--:|--:|--:|--:|---|
| 12 | oak | 6.5 | 5,900 | 4.0 | 95 | heavy when wet, quiet |
| 15 | elm | 7.1 | 6,200 | 4.6 | 104 | the one that we kept |
| 16 | steel | 7.4 | 6,050 | 4.7 | 108 | loud, and cold to the touch |

### What the wheel gives

$$ P = \rho \, g \, Q \, h \, \eta $$

1. The gate opens.
2. The wheel turns:
   - slowly at first,
   - then as fast as it ever does.
3. The stones follow.

- [x] grease the bearing
- [ ] dress the stones

> A mill is a clock that makes flour.

> [!NOTE]
> The pond is deeper than it looks.

## The code

```rust
/// How long the pond lasts at this flow, in hours.
fn hours(pond: &Pond, flow: f64) -> Option<f64> {
    let volume = pond.area * pond.depth; // cubic metres
    (flow > 0.0).then(|| volume / flow / 3600.0)
}
```

```python
@dataclass
class Tide:
    height: float = 0.0  # metres above datum

    def is_high(self) -> bool:
        return self.height > 4.2 and f"{self.height:.1f} m, which is more than the sill of the upper gate will ever let through again" != ""
```

```sh
grep -c 'gate open' log/*.txt | sort -t: -k2 -n > "$HOME/gates.txt"  # the busiest day last
```

```diff
-let turns = 12;
+let turns = 15;
```

```html
<a class="gate" href="/tides?day=1">Today's <em>tides</em></a> <!-- and tomorrow's -->
```

```css
.pond:hover { color: #1b6b54; width: calc(100% - 2rem) !important; }
```

![The pond at low water](pond.png "The pond at low water, from the north bank")

## Main

A heading whose name is that of a part of the page.

[^pond]: The upper one. The lower one is [another story](/posts/our-second-pond).
"""

LONG = """---
title: Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaftssatzungsänderungsantrag
date: 2025-02-03
tags: [measuring]
lang: de
summary: https://example.com/a/very/long/address/without/a/single/place/to/break/it/in/two/which/is/nevertheless/shown
---
Ein Wort ohne Ende: Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetzesentwurfsbegleitschreibenvordruckausgabestelle.

`a_function_with_a_name_that_goes_on_and_on_and_on_and_on_and_on_and_on_until_somebody_renames_it()`

https://example.com/a/very/long/address/without/a/single/place/to/break/it/in/two/which/is/nevertheless/shown

## Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz

$$a_{1}+a_{2}+a_{3}+a_{4}+a_{5}+a_{6}+a_{7}+a_{8}+a_{9}+a_{10}+a_{11}+a_{12}+a_{13}+a_{14}+a_{15}+a_{16}$$
"""

# path, text
SPECIAL = [
    ("everything/index.md", RICH),
    ("long-word.md", LONG),
    ("ja.md", """---
title: 潮が水車を回すまで
date: 2026-06-24
lang: ja
tags: [潮汐, wheels]
slug: ushio
summary: 満ち潮を池にため、引き潮で水車を回す。一日二回、海が動力をくれる仕組みを図なしで説明します。
---
満ち潮のとき、水門は自然に開き、池に海水が入ります。引き潮になると水門は閉じ、たまった水だけが水車を通って海へ戻ります。

## 待つ時間

潮と潮のあいだは約六時間あります。そのあいだに石を研ぎ、軸に油をさし、粉を袋に詰めます。`flow = volume / time` という式だけ覚えておけば十分です。

> 急がない水が、いちばん遠くまで石を回す。
"""),
    ("zh.md", """---
title: 潮汐磨坊的一天
date: 2026-06-18
lang: zh-Hans
tags: [潮汐]
slug: chaoxi
summary: 涨潮蓄水，退潮磨面。我们记录了从第一声铃响到最后一袋面粉的全部过程。
---
清晨四点，第一声铃响，闸门打开，海水慢慢流进池塘。六个小时以后，水位比海面高出两米，水轮开始转动。
"""),
    ("ar.md", """---
title: كيف يعمل طاحون المد والجزر
date: 2026-06-23
lang: ar
tags: [المد, tides]
slug: madd
summary: يملأ المد البركة مرتين في اليوم، ثم تدير المياه العائدة إلى البحر العجلة والأحجار.
---
عندما يرتفع البحر تنفتح البوابة من تلقاء نفسها، وعندما ينخفض تنغلق وتبقى المياه في البركة. ثم نفتح القناة فتدور العجلة ببطء.

## الأرقام

| المادة | السرعة |
|---|--:|
| بلوط | 6.5 |
| دردار | 7.1 |

- نشحّم المحور
- ننقش الأحجار

```rust
let turns = 15; // تعليق
```

> الماء الصبور يدير الحجر الثقيل.
"""),
    ("he.md", """---
title: יום אחד בטחנת הגאות
date: 2026-06-17
lang: he
tags: [tides]
slug: geut
summary: הגאות ממלאת את הבריכה פעמיים ביום, והשפל מסובב את הגלגל.
---
בשעה ארבע בבוקר נפתח השער והמים זורמים אל הבריכה. שש שעות אחר כך הגלגל מתחיל להסתובב.
"""),
    ("unsaid.md", """---
title: שלט ישן בלי שפה
date: 2025-03-02
tags: [gates]
---
מצאנו שלט עץ ישן מתחת לגלגל.
"""),
    ("a-day-at-the-mill/index.md", """---
title: A day at the mill
date: 2026-06-16
tags: [tides, flour]
image: pond.png
summary: From the first bell to the last sack, with a picture of the pond.
---
The day begins when the water says so.

![The pond](pond.png)
"""),
    ("bare.md", "---\ndate: 2025-02-01\ntags: []\n---\nA post without a title.\n"),
    ("code.md", """---
title: "`gate.close()` & <friends>"
date: 2025-01-01
tags: [gates, c++]
summary: "What is <b>markup</b> in a title stays text & nothing else."
---
Nothing to see.
"""),
]

WITHDRAWN = "---\ntitle: The gate that was not ours\ndate: 2025-04-01\nslug: withdrawn\n---\nGone.\n"
AWAY = "---\ntitle: A torn page\ndate: 2025-04-02\nslug: away\n---\nTorn.\n"

# every kind of page, by a name for people
KINDS = {
    "first": "/",
    "middle": "/page/3",
    "last": "/page/6",
    "tag": "/tags/tides",
    "author": "/authors/ada-quill",
    "section": "/sections/notes",
    "year": "/years/2026",
    "tags": "/tags",
    "authors": "/authors",
    "sections": "/sections",
    "years": "/years",
    "search": "/search",
    "found": "/search?q=water",
    "not found": "/search?q=zeppelin",
    "not searched": "/search?q=%22%22",
    "subscribe": "/subscribe",
    "subscribe to a tag": "/tags/tides/subscribe",
    "a post": "/posts/everything",
    "a long word": "/posts/long-word",
    "Japanese": "/posts/ushio",
    "Chinese": "/posts/chaoxi",
    "Arabic": "/posts/madd",
    "Hebrew": "/posts/geut",
    "unsaid": "/posts/unsaid",
    "a bundle": "/posts/a-day-at-the-mill",
    "bare": "/posts/bare",
    "code in a title": "/posts/code",
    "404": "/nothing/here",
    "410": "/posts/withdrawn",
    "503": "/posts/away",
    "400": "/%ff",
}


def picture(width=640, height=360):
    """A pond in the evening, as PNG."""
    rows = bytearray()
    for y in range(height):
        t = y / height
        sky = (int(236 - 90 * t), int(208 - 40 * t), int(170 + 40 * t))
        water = (int(40 + 60 * (1 - t)), int(98 - 30 * t), int(104 - 20 * t))
        rows += b"\0" + bytes(sky if t < 0.55 else water) * width

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(rows))) + chunk(b"IEND", b"")


class Mill:
    """The site, served."""

    def __init__(self, program):
        self.program = program
        self.folder = Path(tempfile.mkdtemp(prefix="feedmill-mill-"))
        self.posts = self.folder / "posts"
        (self.folder / "feedmill.toml").write_text(CONFIG)
        for number, (title, summary, tags) in enumerate(NOTES):
            date = f"2026-{6 - number // 6:02}-{15 - number % 6 * 2:02}" if number < 24 else f"2025-{12 - number % 12:02}-05"
            slug = re.sub(r"[^a-z]+", "-", title.lower()).strip("-")
            text = (f"---\ntitle: {title}\ndate: {date}\ntags: [{', '.join(tags.split())}]\nsummary: {summary}\n---\n"
                    f"{summary} The water does the rest.\n")
            self.write(f"notes/{slug}.md", text)
        for path, text in SPECIAL:
            self.write(path, text)
            if path.endswith("/index.md"):
                (self.posts / path).with_name("pond.png").write_bytes(picture())
        self.write("withdrawn.md", WITHDRAWN)
        self.write("away.md", AWAY)
        assert len(NOTES) + len(SPECIAL) == 41
        self.start()
        # what a restart finds broken is neither there nor withdrawn
        self.stop()
        self.write("away.md", "---\ntitle: A torn\n")
        self.start()
        (self.posts / "withdrawn.md").unlink()
        self.wait_for("/posts/withdrawn", 410)
        self.wait_for("/posts/away", 503)

    def write(self, path, text):
        path = self.posts / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def start(self):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FEEDMILL_")}
        self.process = subprocess.Popen(
            [self.program, "serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"],
            cwd=self.folder, stderr=subprocess.PIPE, text=True, env=environment)
        for line in self.process.stderr:
            if found := re.search(r"^  read +(http://[^/\s]+)/", line):
                self.base = found[1]
            if "Ctrl-C" in line:
                break
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(PATIENCE) == 0, "feedmill ends well"

    def get(self, path, **headers):
        """What is answered to a program: status, header and body, as they came."""
        connection = http.client.HTTPConnection(self.base.removeprefix("http://"), timeout=PATIENCE)
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, answer.headers, body

    def wait_for(self, path, status):
        deadline = time.monotonic() + PATIENCE
        while (answered := self.get(path)[0]) != status:
            assert time.monotonic() < deadline, f"{path} answers {answered} and not {status}"
            time.sleep(0.02)

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
