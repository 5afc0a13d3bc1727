"""The cases: files that a tool keeps back, or keeps in part, and files that it publishes.

In paths and texts `§` stands for the marker of the case, one word that is nowhere else, and `¤` for a folder of its own.
"""
from dataclasses import dataclass

BODY = "\n§body is what this post says, and a few more words stand after it.\n"
LATER = "2199-01-02"
LATEST = "9999-12-31"
PAST = "2020-01-02"


@dataclass
class Case:
    tool: str
    what: str
    files: dict
    # `post`: nothing of the files may be seen; `text`: nothing of the words `§hidden`
    hides: str = "post"
    # why, where no tool is the judge
    reason: str = ""
    number: int = 0
    state: str = ""
    twin_of: int = 0

    @property
    def marker(self):
        return f"xqzleak{self.number:03}" if not self.twin_of else f"xqzopen{self.number:03}"

    def written(self):
        def whole(text):
            return text.replace("§", self.marker).replace("¤", f"folder{self.number}")

        return {whole(name): whole(text) for name, text in self.files.items()}


def yaml(*lines, title="§title", date=PAST, body=BODY, tags=True):
    head = [f"title: {title}"] if title else []
    if date:
        head.append(f"date: {date}")
    head += lines
    if tags:
        head.append("tags: [§tag]")
    return "---\n" + "\n".join(head) + "\n---\n" + body


def toml(*lines, date=PAST, body=BODY):
    head = ['title = "§title"'] + ([f"date = {date}"] if date else []) + ['tags = ["§tag"]'] + list(lines)
    return "+++\n" + "\n".join(head) + "\n+++\n" + body


def json_(pairs, date=PAST):
    head = ['"title": "§title"'] + ([f'"date": "{date}"'] if date else []) + ['"tags": ["§tag"]'] + list(pairs)
    return "{\n  " + ",\n  ".join(head) + "\n}\n" + BODY


def hugo():
    def post(what, text, name="content/posts/§.md", **more):
        return Case("hugo", what, {name: text, **more})

    for line in ["draft: true", "draft: True", "draft: TRUE", 'draft: "true"', "draft: 1", "Draft: true", "DRAFT: true",
                 "draft:  true   # later", "draft: 'true'", "draft: !!bool true"]:
        yield post(line, yaml(line))
    for line in ["published: false", "draft: yes", "draft: on", "draft: t", 'draft: "1"', "draft: maybe"]:
        yield post(line, yaml(line))
    for key in ["date", "publishDate", "publishdate", "pubdate", "published"]:
        for when in [LATER, LATEST, f"{LATER}T10:00:00Z", f"{LATER}T10:00:00+02:00", f'"{LATER}"', f"{LATER} 10:00:00"]:
            yield post(f"{key}: {when}", yaml(f"{key}: {when}", date=None if key == "date" else PAST))
    for key in ["date", "publishDate"]:
        for when in ["TBD", "2027-02-30", "6. Mai 2199", "24 décembre 2199", "tomorrow", "Dec 24", "[[2199-05-06]]", "[2199-05-06]",
                     "{created: 2199-05-06}", "2199-13-01", "soon", "2199", "2199-05", "06.05.2199", "May 6, 2199",
                     "Fri, 06 May 2199 10:00:00 +0000", "2199/05/06", "2199-05-06 10:00:00 +0200 CEST", "2199-5-6"]:
            quoted = when if when[0] in "[{" else f'"{when}"'
            yield post(f"{key}: {when}", yaml(f"{key}: {quoted}", date=None if key == "date" else PAST))
    for key in ["expiryDate", "expirydate", "unpublishDate", "unpublishdate"]:
        yield post(f"{key}: 2020-06-01", yaml(f"{key}: 2020-06-01"))
    yield post("expiryDate: never?", yaml('expiryDate: "nevr"'))
    yield post("expiryDate: 2020-02-31", yaml('expiryDate: "2020-02-31"'))
    for block in ["build:\n  render: never\n  list: never", "_build:\n  render: never\n  list: never", "build:\n  render: false\n  list: false",
                  "build: {render: never, list: never, publishResources: false}", "build:\n  list: never",
                  "build:\n  render: link\n  list: never"]:
        yield post(block.replace("\n", " "), yaml(block))
    yield Case("hugo", "_build: list: false", {"content/posts/§.md": yaml("_build:\n  list: false")}, state="unlisted",
               reason="this Hugo refuses the older spelling of `build`, whatever it says; with the new one the page is in no list")
    for line in ["draft = true", f"publishDate = {LATER}", f"publishDate = {LATER}T10:00:00Z", f'publishDate = "{LATER}"',
                 "expiryDate = 2020-06-01", f'publishDate = "TBD"', "Draft = true"]:
        yield post(f"TOML {line}", toml(line))
    yield post("TOML date later", toml(date=LATER))
    yield post("TOML [build]", toml("[build]", 'render = "never"', 'list = "never"'))
    for pair in ['"draft": true', f'"publishDate": "{LATER}"', '"expiryDate": "2020-06-01"', '"draft": "true"',
                 '"build": {"render": "never", "list": "never"}']:
        yield post(f"JSON {pair}", json_([pair]))
    yield post("bundle that is a draft", yaml("draft: true"), "content/posts/§/index.md",
               **{"content/posts/§/other.md": yaml(title="§titleother"), "content/posts/§/§notes.txt": "§body\n"})
    yield post("headless bundle", yaml("headless: true"), "content/posts/§/index.md")
    yield Case("hugo", "text of a published bundle", {"content/posts/plain-¤/index.md": yaml(title="Plain", tags=False, body="\nPlain.\n").replace("Plain", "A bundle"),
                                                      "content/posts/plain-¤/§.md": yaml()})
    yield Case("hugo", "cascade: draft in _index.md", {"content/¤s/_index.md": "---\ntitle: A section\ncascade:\n  draft: true\n---\n",
                                                       "content/¤s/§.md": yaml()})
    yield Case("hugo", "cascade: build in _index.md", {"content/¤s/_index.md": "---\ntitle: A section\ncascade:\n  build:\n    render: never\n    list: never\n---\n",
                                                       "content/¤s/§.md": yaml()})
    yield Case("hugo", "cascade with target in _index.md", {
        "content/¤s/_index.md": "---\ntitle: A section\ncascade:\n  - target:\n      path: '/¤s/**'\n    build:\n      render: never\n      list: never\n---\n",
        "content/¤s/deep/§.md": yaml()})
    yield Case("hugo", "TOML cascade in _index.md", {"content/¤s/_index.md": "+++\ntitle = 'A section'\n[cascade]\ndraft = true\n+++\n",
                                                     "content/¤s/§.md": yaml()})
    yield Case("hugo", "cascade: expiryDate", {"content/¤s/_index.md": "---\ntitle: A section\ncascade:\n  expiryDate: 2020-06-01\n---\n",
                                               "content/¤s/§.md": yaml()})
    yield post("archetype", yaml("draft: true"), "archetypes/§.md")
    yield post("archetype with placeholders", '---\ntitle: \'{{ replace .File.ContentBaseName "-" " " | title }}\'\ndate: {{ .Date }}\n---\n§body\n',
               "archetypes/§.md")
    yield post("layout", yaml(), "layouts/partials/§.md")
    yield post("asset", yaml(), "assets/§.md")
    yield post("data", yaml(), "data/§.md")
    yield post("dot file", yaml(), "content/posts/.§.md")
    yield post("Org draft", "#+TITLE: §title\n#+DATE: 2020-01-02\n#+DRAFT: true\n\n§body\n", "content/posts/§.org")
    yield post("HTML draft", yaml("draft: true", body="<p>§body</p>\n"), "content/posts/§.html")
    yield Case("hugo", "HTML comment", {"content/posts/§x.md": yaml(title="Open", tags=False, body="\nOpen text.\n\n<!-- §hidden -->\n\nMore.\n")},
               hides="text")
    for line in ["draft: false", "hide: [toc]", "share: false", "share: {enable: true}", "build:\n  list: always",
                 "expiryDate: 2199-01-01", "private: false", "unlisted: false", "visible: true", "date:", "draft:", "hidden: false",
                 'draft: "false"', "comments: false"]:
        if line == "date:":
            yield post("empty lastmod", yaml("lastmod:"))
        else:
            yield post(line, yaml(line))


def pelican():
    def head(*lines, date="2020-01-02"):
        return "\n".join(["Title: §title", *([f"Date: {date}"] if date else []), "Tags: §tag", *lines]) + "\n" + BODY

    def post(what, text, name="content/§.md"):
        return Case("pelican", what, {name: text})

    for line in ["Status: draft", "Status: Draft", "Status: DRAFT", "status: draft", "STATUS: draft", "Status: skip", "Status: hidden",
                 "Status: private", "Status: pending", "Status: drfat", "Status:   draft  "]:
        yield post(line, head(line))
    yield Case("pelican", "Status: unlisted", {"content/§.md": head("Status: unlisted")}, state="unlisted",
               reason="Pelican refuses the word; it says what it says everywhere else")
    for when in [LATER, LATEST, f"{LATER} 10:00", f"{LATER}T10:00:00Z", "TBD", "2027-02-30", "02/01/2199", "Jan 2 2199", "2199-01"]:
        yield post(f"Date: {when}", head(date=when))
    for line in ["status: draft", "Status: draft", "status: hidden", "status: skip"]:
        yield post(f"YAML {line}", yaml(line))
    yield post("Status: draft in a folder", head("Status: draft"), "content/deep/er/§.md")
    yield post("rst draft", "§title\n######\n\n:date: 2020-01-02\n:status: draft\n:tags: §tag\n\n§body\n", "content/§.rst")
    yield post("HTML draft", '<html><head><title>§title</title><meta name="date" content="2020-01-02"/><meta name="status" content="draft"/></head>'
               "<body>§body</body></html>\n", "content/§.html")
    yield post("dot file", head(), "content/.§.md")
    for line in ["Status: published", "Mood: calm", "Summary: a summary"]:
        yield post(line, head(line))


def nikola():
    def head(*lines, date="2020-01-02 10:00:00 UTC"):
        return "\n".join([".. title: §title", ".. slug: §slug", *([f".. date: {date}"] if date else []), *lines]) + "\n" + BODY

    def comment(*lines):
        return "<!--\n.. title: §title\n.. slug: §slug\n.. date: 2020-01-02 10:00:00 UTC\n" + "\n".join(lines) + "\n-->\n" + BODY

    def post(what, text, name="posts/§.md", **more):
        return Case("nikola", what, {name: text, **more})

    for line in [".. status: draft", ".. status: private", ".. tags: draft", ".. tags: private", ".. tags: §tag, draft", ".. tags: §tag, private",
                 ".. status: Draft"]:
        yield post(line, head(line))
    yield post("comment .. status: draft", comment(".. status: draft"))
    yield post("comment .. status: private", comment(".. status: private"))
    yield post("later", head(date=f"{LATER} 10:00:00 UTC"))
    yield post("latest", head(date=f"{LATEST} 10:00:00 UTC"))
    for line in ["status: draft", "status: private"]:
        yield post(f"YAML {line}", yaml(line, date="2020-01-02 10:00:00", tags=False))
    yield post("YAML later", yaml(date=f"{LATER} 10:00:00", tags=False))
    yield post("TOML status", '+++\ntitle = "§title"\nslug = "§slug"\ndate = "2020-01-02 10:00:00"\nstatus = "draft"\n+++\n' + BODY)
    for line in [".. status: draft", ".. status: private", ".. tags: draft"]:
        yield post(f"two files {line}", BODY, **{"posts/§.meta": head(line).replace(BODY, "")})
    yield post("two files later", BODY, **{"posts/§.meta": head(date=f"{LATER} 10:00:00 UTC").replace(BODY, "")})
    yield post("date: TBD", head(date="TBD"))
    yield post("rst draft", head(".. status: draft"), "posts/§.rst")
    yield post("Notebook text draft", head(".. status: draft"), "posts/§.txt")
    for line in [".. status: published", ".. status: featured", ".. tags: §tag", ".. mood: calm"]:
        yield post(line, head(line))
    yield post("two files, public", BODY, **{"posts/§.meta": head().replace(BODY, "")})


def mkdocs():
    def post(what, text, name="docs/blog/posts/§.md", **more):
        return Case("mkdocs", what, {name: text, **more})

    for line in ["draft: true", "draft: yes", "draft: True", "draft: on", 'draft: "true"', "draft: 1"]:
        yield post(line, yaml(line, tags=False))
    yield post("date.created later", yaml(f"date:\n  created: {LATER}", date=None, tags=False))
    yield post("date.created, updated later", yaml(f"date:\n  created: {LATER}\n  updated: {LATER}", date=None, tags=False))
    for when in [LATER, LATEST, f"{LATER} 10:00:00", f"{LATER}T10:00:00Z"]:
        yield post(f"date {when}", yaml(date=when, tags=False))
    for when in ["TBD", '"6. Mai 2199"', "2027-02-30", "[2199-05-06]"]:
        yield post(f"date {when}", yaml(date=when, tags=False))
    yield post("draft in a folder", yaml("draft: true", tags=False), "docs/blog/posts/deep/§.md")
    yield post(".meta.yml beside", yaml(tags=False), "docs/blog/posts/¤d/§.md", **{"docs/blog/posts/¤d/.meta.yml": "draft: true\n"})
    yield post(".meta.yml above", yaml(tags=False), "docs/blog/posts/¤d/e/§.md", **{"docs/blog/posts/¤d/.meta.yml": "draft: true\n"})
    yield post("dot file", yaml(tags=False), "docs/blog/posts/.§.md")
    for line in ["draft: false", "hide: [toc]", "hide:\n  - navigation", "search:\n  exclude: false", "pin: true", "comments: true"]:
        yield post(line, yaml(line, tags=False))
    yield post("date.created", yaml("date:\n  created: 2020-01-02\n  updated: 2020-02-02", date=None, tags=False))


def hexo():
    def post(what, text, name="source/_posts/§.md"):
        return Case("hexo", what, {name: text})

    for line in ["published: false", "published: no", "published: off", "published: False"]:
        yield post(line, yaml(line))
    for when in [LATER, LATEST, f"{LATER} 10:00:00", f"{LATER}T10:00:00Z"]:
        yield post(f"date {when}", yaml(date=when))
    yield post("_drafts", yaml(), "source/_drafts/§.md")
    yield post("_drafts, deep", yaml(), "source/_drafts/deep/§.md")
    yield post("_x.md", yaml(), "source/_posts/_§.md")
    yield post("_x/", yaml(), "source/_posts/_deep/§.md")
    yield post("_data", yaml(), "source/_data/§.md")
    yield post("scaffold", "---\ntitle: {{ title }}\ndate: {{ date }}\ntags:\n---\n§body\n", "scaffolds/§.md")
    yield post("dot file", yaml(), "source/_posts/.§.md")
    yield post("x.md~", yaml(), "source/_posts/§.md~")
    yield post("JSON published", '"title": "§title",\n"date": "2020-01-02",\n"published": false\n;;;\n' + BODY)
    yield post("hidden: true", yaml("hidden: true"))
    for line in ["password: §secret", "password: 4711"]:
        yield Case("hexo", line, {"source/_posts/§.md": yaml(line)}, state="no",
                   reason="hexo-blog-encrypt shows the title and encrypts the text; here nothing is shown")
    for line in ["published: true", "mood: calm", "comments: false", "toc: false", "layout: post", "hidden: false"]:
        yield post(line, yaml(line))


def eleventy():
    def post(what, text, name="posts/§.md", **more):
        return Case("eleventy", what, {name: text, **more})

    for line in ["draft: true", "draft: True", "draft: yes", "draft: on", "draft: 1", 'draft: "true"']:
        yield post(line, yaml(line))
    yield post("permalink: false, in no collection", yaml("permalink: false", "eleventyExcludeFromCollections: true"))
    yield post("eleventyExcludeFromCollections", yaml("eleventyExcludeFromCollections: true"))
    for when in ["TBD", "2027-02-30", "tomorrow", '"24 décembre 2199"']:
        yield post(f"date {when}", yaml(date=when))
    yield post("directory data", yaml(), "¤d/§.md", **{"¤d/¤d.json": '{"draft": true}\n'})
    yield post("directory data 11tydata", yaml(), "¤d/§.md", **{"¤d/¤d.11tydata.json": '{"draft": true}\n'})
    yield post("directory data above", yaml(), "¤d/e/§.md", **{"¤d/¤d.json": '{"draft": true}\n'})
    yield post("file data", yaml(), **{"posts/§.json": '{"draft": true}\n'})
    yield post("file data 11tydata", yaml(), **{"posts/§.11tydata.json": '{"draft": true}\n'})
    yield post("directory data, no page", yaml(), "¤d/§.md",
               **{"¤d/¤d.json": '{"permalink": false, "eleventyExcludeFromCollections": true}\n'})
    yield post("_includes", yaml(), "_includes/§.md")
    yield post("_data", yaml(), "_data/§.md")
    yield post("_includes in a folder", yaml(), "_includes/parts/§.md")
    yield post("node_modules", yaml(), "node_modules/§/readme-§.md")
    yield Case("eleventy", "Nunjucks comment", {"posts/§x.md": yaml(title="Open", tags=False, body="\nOpen text.\n\n{# §hidden #}\n\nMore.\n",
                                                                 *["templateEngineOverride: njk,md"])}, hides="text")
    yield Case("eleventy", "Nunjucks comment over lines", {"posts/§x.md": yaml(title="Open", tags=False, body="\nOpen text.\n\n{#\n§hidden\n\nand more\n#}\n\nMore.\n",
                                                                 *["templateEngineOverride: njk,md"])}, hides="text")
    for line in ["draft: false", "mood: calm", "eleventyExcludeFromCollections: false", "layout:"]:
        yield post(line, yaml(line))


def jekyll():
    def post(what, text, name="_posts/2020-01-02-§.md", **more):
        return Case("jekyll", what, {name: text, **more})

    for line in ["published: false", "published: no", "published: off", "published: False"]:
        yield post(line, yaml(line, date=None))
    for when in [LATER, LATEST, f"{LATER} 10:00:00", f"{LATER} 10:00:00 +0200", f"{LATER}T10:00:00Z"]:
        yield post(f"date {when}", yaml(date=when))
    for when in ["TBD", '"6. Mai 2199"', "2027-02-30"]:
        yield post(f"date {when}", yaml(date=when))
    yield post("later by its name", yaml(date=None), f"_posts/{LATER}-§.md")
    yield post("_drafts", yaml(date=None), "_drafts/§.md")
    yield post("_drafts with a date", yaml(), "_drafts/2020-01-02-§.md")
    yield post("_drafts in a category", yaml(), "category/_drafts/§.md")
    yield Case("jekyll", "no date in its name", {"_posts/§.md": yaml()}, state="yes",
               reason="Jekyll takes it for no post; it has a date, and lies as the posts of Hexo do")
    for folder in ["_includes", "_layouts", "_data", "_sass", "_archive", "_site", "_site/2020", "vendor/bundle", "node_modules/x", "_templates",
                   ".jekyll-cache"]:
        yield post(folder, yaml(), f"{folder}/§.md")
    for name in ["_posts/2020-01-02-§.md~", "_posts/.2020-01-02-§.md", "_posts/#2020-01-02-§.md#", "_§.md", ".§.md", "§.md~", "#§.md"]:
        yield post(name.replace("§", "x"), yaml(), name)
    yield Case("jekyll", "kramdown comment", {"_posts/2020-01-02-§x.md": yaml(title="Open", date=None, tags=False, body="\nOpen text.\n\n{::comment}\n§hidden\n{:/comment}\n\nMore.\n")}, hides="text")
    yield Case("jekyll", "kramdown comment in a line", {"_posts/2020-01-02-§x.md": yaml(title="Open", date=None, tags=False, body="\nOpen text {::comment}§hidden{:/comment} and more.\n")}, hides="text")
    yield Case("jekyll", "kramdown comment, short end", {"_posts/2020-01-02-§x.md": yaml(title="Open", date=None, tags=False, body="\nOpen text.\n\n{::comment}\n§hidden\n{:/}\n\nMore.\n")}, hides="text")
    yield Case("jekyll", "Liquid comment", {"_posts/2020-01-02-§x.md": yaml(title="Open", date=None, tags=False, body="\nOpen text.\n\n{% comment %}\n§hidden\n{% endcomment %}\n\nMore.\n")}, hides="text")
    yield Case("jekyll", "Liquid comment with dashes", {"_posts/2020-01-02-§x.md": yaml(title="Open", date=None, tags=False, body="\nOpen {%- comment -%} §hidden {%- endcomment -%} text.\n")}, hides="text")
    for line in ["published: true", "mood: calm", "sitemap: false", "comments: false", "toc: true", "share: false"]:
        yield post(line, yaml(line, date=None))


def by_the_rule():
    def post(what, text, reason, name="posts/§.md", **more):
        return Case("rule", what, {name: text, **more}, reason=reason)

    own = "the tool's own word; the tool is a service, or was not to be had"
    for line in ["publish: false", "dg-publish: false", "post-status: draft", "post-status: private", "post-status: pending", "post_status: draft",
                 "status: draft", "status: pending", "status: trash", "status: auto-draft", "status: idea", "status: wip", "status: unpublished",
                 "state: draft", "visibility: members", "visibility: paid", "visibility: private", "visibility: tiers", "public: false",
                 "is_draft: true", "isDraft: true", "draft?: true", "saveAsDraft: true", "private: true", "unpublished: true", "publish: no",
                 "publish: never", "Visibility: DRAFT", "in_progress: true", "stage: draft", "published_at:", "render: false", "headless: true"]:
        if line in ("published_at:", "in_progress: true", "stage: draft", "headless: true", "status: idea", "publish: never"):
            continue
        yield post(line, yaml(line), own)
    for line in ["password: §secret", "encrypted: true", "encrypt: true", "protected: true", "password: 4711", "pass: §secret"]:
        if line.startswith("pass:"):
            continue
        yield post(line, yaml(line), "protected posts are for those who have the password")
    slip = "one letter away from a word of visibility"
    for line in ["draf: true", "drfat: true", "draftt: true", "dreft: true", "publised: false", "publishd: false", "pubished: false",
                 "pubilshed: false", "privat: true", "privte: true", "unlsted: true", "pubishDate: 2199-01-02", "publisDate: 2199-01-02",
                 "expriyDate: 2020-06-01", "visibilty: private", "passwrd: §secret"]:
        yield post(line, yaml(line), slip)
    unread = "a date that is written but not understood"
    for when in ["TBD", "2027-02-30", "tomorrow", "soon", "next week", "Dec 24", "Q3 2199", "?", "XX.XX.2199", "2199-??-??", "after the launch",
                 "2199-05-06 25:00", "{2199-05-06: x}"]:
        yield post(f"date: {when}", yaml(date=f'"{when}"' if when[0] not in "[{" else when), unread)
        yield post(f"publishDate: {when}", yaml(f'publishDate: "{when}"' if when[0] not in "[{" else f"publishDate: {when}"), unread)
    later = "a date that lies ahead, in a form that people write"
    for when in ["6. Mai 2199", "24 décembre 2199", "6 mayo 2199", "5. Januar 2199", "[[2199-05-06]]", "[2199-05-06]", "06.05.2199",
                 "May 6th, 2199", "2199-05-06 10:00 (Fri)", "9999-12-31", "2199年5月6日"]:
        yield post(f"date: {when}", yaml(date=f'"{when}"'), later)
    for key in ["pubDatetime", "datePublished", "created_at", "publish_date", "published_at", "publishedAt", "publish_at", "post_date", "scheduled",
                "release_date"]:
        if key in ("scheduled", "release_date", "post_date", "created_at"):
            continue
        yield post(f"{key}: {LATER}", yaml(f"{key}: {LATER}"), "a date that lies ahead, under the key of another tool")
    for key in ["expires", "unpublish_date", "expiry_date", "expires_at"]:
        yield post(f"{key}: 2020-06-01", yaml(f"{key}: 2020-06-01"), "it is over")
    done = "its author was not done"
    yield post("conflict markers in the text", yaml(body="\n<<<<<<< HEAD\n§body\n=======\nother §body\n>>>>>>> branch\n"), done)
    yield post("conflict markers in the front matter", "---\ntitle: §title\n<<<<<<< HEAD\ndate: 2020-01-02\n=======\ndate: 2020-01-03\n>>>>>>> branch\n---\n§body\n", done)
    yield post("conflict markers with a base", yaml(body="\n<<<<<<< ours\n§body\n||||||| base\nx\n=======\nother §body\n>>>>>>> theirs\n"), done)
    for title in ["{{title}}", "<% tp.file.title %>", "{{ title }}", "{{ replace .Name \"-\" \" \" | title }}"]:
        yield post(f"title: {title}", yaml(title="'" + title + "'"), done)
    for date in ["{{date}}", "{{ .Date }}", "<% tp.date.now() %>"]:
        yield post(f"date: {date}", yaml(date="'" + date + "'"), done)
    for line in ["excalidraw-plugin: parsed", "kanban-plugin: basic", "kanban-plugin: board"]:
        yield post(line, yaml(line), "the note of a plugin")
    yield post("x.excalidraw.md", yaml(), "the note of a plugin", "posts/§.excalidraw.md")
    yield post("Zola section that is a draft", yaml(), own, "posts/¤d/§.md", **{"posts/¤d/_index.md": "+++\ntitle = \"A section\"\ndraft = true\n+++\n"})
    yield post("Zola page", toml("draft = true"), own)
    yield post("Docusaurus draft", yaml("draft: true"), own, "blog/2020-01-02-§/index.md", **{"blog/2020-01-02-§/§notes.txt": "§body\n"})
    yield post("a folder of drafts", yaml(), "folders that are named so", "drafts/§.md")
    yield post("a folder of drafts, _", yaml(), "folders that are named so", "_drafts/§.md")
    yield post("a folder of templates in a vault", yaml(), "the vault's folder of templates", "Templates/§.md", **{".obsidian/app.json": "{}\n"})
    for name in ["§.md.orig", "§.md.rej", "§.md.save", "§.md.bak", "§.md.BASE", "§.md.txt", "§.md~", ".§.md.swp", "#§.md#", "§.md.old", "§.md.1",
                 "§ (copy).md.bak", "§.org", "§.rst", "§.html", "§.adoc", "§.textile", "§.MD.ORIG", "§.md.tmp", "§_BACKUP_1.md", "§_LOCAL_1.md",
                 "§.md.sync-conflict", "§.yml", "§.json5", "§.tex", "§.docx.md.orig"]:
        if name in ("§.yml", "§.json5", "§.tex"):
            continue
        yield post(f"file {name}", yaml("draft: true"), "a copy of a post's file, or a post in another format", f"posts/{name}")
    for name in ["§.mkd", "§.mdown", "§.mdtext", "§.mkdn", "§.mdwn", "§.markdown", "§.mdx", "§.Md"]:
        yield post(f"draft {name}", yaml("draft: true"), "Markdown by another ending", f"posts/{name}")
    yield post("a draft's picture folder", yaml("draft: true"), "what belongs to a draft", "posts/§.md", **{"posts/§/§.txt": "§body\n"})
    hidden = {
        "HTML comment": "<!-- §hidden -->", "HTML comment over lines": "<!--\n§hidden\n\nmore\n-->", "Obsidian comment": "%% §hidden %%",
        "Obsidian comment over lines": "%%\n§hidden\n\nmore\n%%", "hidden element": "<div hidden>§hidden</div>",
        "hidden element with a value": '<div hidden="hidden">\n\n§hidden\n\n</div>', "display: none": '<p style="display:none">§hidden</p>',
        "display: none, spaced": '<div style="color: red; display : none;">§hidden</div>', "kramdown": "{::comment}\n§hidden\n{:/comment}",
        "template element": "<template>§hidden</template>", "MDX comment": "{/* §hidden */}",
    }
    for what, text in hidden.items():
        name = "posts/§x.mdx" if what.startswith("MDX") else "posts/§x.md"
        yield Case("rule", what, {name: yaml(title="Open", tags=False, body=f"\nOpen text.\n\n{text}\n\nMore.\n")}, hides="text",
                   reason="text that its markup hides")
    for key in ["token", "secret", "api_key", "password_hint", "apiKey", "access_token"]:
        if key in ("password_hint",):
            continue
        yield Case("rule", f"{key} beside a public text", {"posts/§x.md": yaml(f"{key}: §hidden", title="Open", tags=False, body="\nOpen text.\n")},
                   hides="text", reason="a secret")


def unlisted():
    for line in ["unlisted: true", "listed: false", "hidden: true", "hiddenInHomeList: true", "visibility: unlisted"]:
        yield Case("rule", line, {"posts/§.md": yaml(line)}, reason="to be read by who has its address", state="unlisted")


PLAIN = {
    "hugo": ("content/posts/§.md", [yaml("mood: calm"), toml('mood = "calm"'), json_(['"mood": "calm"'])]),
    "pelican": ("content/§.md", ["Title: §title\nDate: 2020-01-02\nTags: §tag\n" + BODY, yaml("mood: calm")]),
    "nikola": ("posts/§.md", [".. title: §title\n.. slug: §slug\n.. date: 2020-01-02 10:00:00 UTC\n.. tags: §tag\n" + BODY]),
    "mkdocs": ("docs/blog/posts/§.md", [yaml("mood: calm", tags=False)]),
    "hexo": ("source/_posts/§.md", [yaml("mood: calm")]),
    "eleventy": ("posts/§.md", [yaml("mood: calm")]),
    "jekyll": ("_posts/2020-01-02-§.md", [yaml("mood: calm", date=None)]),
    "rule": ("posts/§.md", [yaml("mood: calm"), toml('mood = "calm"')]),
}


def everything():
    """All cases, numbered, with a plain public post beside each."""
    cases = [case for tool in (hugo, pelican, nikola, mkdocs, hexo, eleventy, jekyll, by_the_rule, unlisted) for case in tool()]
    for number, case in enumerate(cases, 1):
        case.number = number
    twins = []
    for case in cases:
        name, texts = PLAIN[case.tool]
        # one tag for all of them, so that there are not as many feeds as posts
        text = texts[case.number % len(texts)].replace("§tag", "open")
        twins.append(Case(case.tool, "a plain post", {name: text}, number=case.number, twin_of=case.number,
                          reason="a plain post" if case.tool == "rule" else ""))
    return cases + twins
