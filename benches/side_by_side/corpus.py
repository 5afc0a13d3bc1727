#!/usr/bin/env python3
"""Write a corpus of made-up Markdown posts: the same bytes for the same arguments, on every machine.

    corpus.py FOLDER COUNT [--tool feedmill|zola] [--words 700]

Post n depends on n alone, so a larger corpus holds every smaller one. `feedmill` writes YAML front matter, which Hugo reads as
well; `zola` writes the same posts in TOML, with Zola's names for the keys.
"""
import argparse
import os
import random

VOCABULARY = (
    "harbour lantern slow river copper orchard between paper winter signal quiet bridge market thread early garden stone window "
    "letter morning the and of a to in is it was for on with as at by from over under after before while never often every "
    "small round narrow open plain heavy salt cloud ladder kettle meadow engine tide anchor naïve Zürich façade ørret søndag 北"
).split()
TAGS = ["sea", "boats", "bread", "maps", "music", "tools", "letters", "weather", "trains", "paint", "stones", "birds", "radio",
        "knots", "lamps", "clocks", "paper", "games", "bees", "rivers", "bridges", "gardens", "apples", "wool", "ink", "tea"]
# where the newest of `count` posts stands: minutes between posts, so that a million end before now
STEP_MINUTES = 10
FIRST_YEAR_SECONDS = 946_684_800  # 2000-01-01


def _pool():
    """Blocks of Markdown to take posts from: to write a million posts from scratch would take longer than any measurement."""
    dice = random.Random("feedmill")
    words = lambda count: " ".join(dice.choices(VOCABULARY, k=count))
    blocks = []
    for n in range(512):
        kind = n % 8
        if kind == 0:
            block = "- %s\n- `%s`\n- %s" % (words(8), words(2), words(6))
        elif kind == 1:
            block = "```rust\nfn f%d() -> usize {\n    // %s\n    %d\n}\n```" % (n, words(8), n)
        elif kind == 2:
            block = "| %s | %s |\n|---|---|\n| %d | %s |" % (words(1), words(1), n, words(3))
        elif kind == 3:
            block = "> %s." % words(20)
        else:
            block = "%s, *%s* and [%s](https://example.org/%d); %s **%s**, %s." % (
                words(20).capitalize(), words(3), words(2), n, words(18), words(2), words(15))
        blocks.append(block)
    headings = ["## " + words(4).capitalize() for _ in range(64)]
    titles = [words(5).capitalize() for _ in range(512)]
    return blocks, headings, titles


BLOCKS, HEADINGS, TITLES = _pool()


def date(number):
    seconds = FIRST_YEAR_SECONDS + number * STEP_MINUTES * 60
    days, rest = divmod(seconds, 86_400)
    # civil from days (Hinnant)
    days += 719_468
    era, day_of_era = divmod(days, 146_097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    year = year_of_era + era * 400 + (month <= 2)
    day = day_of_year - (153 * shifted + 2) // 5 + 1
    return "%04d-%02d-%02dT%02d:%02d:%02dZ" % (year, month, day, rest // 3600, rest // 60 % 60, rest % 60)


def name(number):
    return "p%07d.md" % number


def text(number, tool="feedmill", words=700, mark=""):
    """The text of post `number`. `mark` is added to its title."""
    dice = random.Random(number)
    title = "%s %d%s" % (TITLES[dice.randrange(len(TITLES))], number, mark)
    tags = sorted(dice.sample(TAGS, 1 + number % 3))
    tag_list = "[%s]" % ", ".join('"%s"' % tag for tag in tags)
    summary = TITLES[dice.randrange(len(TITLES))] + "."
    if tool == "zola":
        head = '+++\ntitle = "%s"\ndate = %s\ndescription = "%s"\n[taxonomies]\ntags = %s\n+++\n' % (
            title, date(number), summary, tag_list)
    else:
        head = '---\ntitle: "%s"\ndate: %s\ntags: %s\nsummary: "%s"\n---\n' % (title, date(number), tag_list, summary)
    parts, left = [], words
    while left > 0:
        parts.append(HEADINGS[dice.randrange(len(HEADINGS))])
        for _ in range(4):
            block = BLOCKS[dice.randrange(len(BLOCKS))]
            parts.append(block)
            left -= block.count(" ") + 1
    return head + "\n" + "\n\n".join(parts) + "\n"


def write(folder, count, tool="feedmill", words=700):
    """Writes posts 0 to `count`-1 into `folder`; what is there already is left as it is."""
    os.makedirs(folder, exist_ok=True)
    there = len(os.listdir(folder))
    for number in range(there, count):
        with open(os.path.join(folder, name(number)), "w", encoding="utf-8") as file:
            file.write(text(number, tool, words))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("count", type=int)
    parser.add_argument("--tool", choices=("feedmill", "zola"), default="feedmill")
    parser.add_argument("--words", type=int, default=700)
    options = parser.parse_args()
    write(options.folder, options.count, options.tool, options.words)


if __name__ == "__main__":
    main()
