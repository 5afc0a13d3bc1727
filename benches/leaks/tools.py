"""The tools that judge: each lays out its site, builds it, and says where its output is."""
import os
import re
import shutil
import subprocess

TIMEOUT = 900


def write(folder, files):
    for name, text in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def run(command, folder, **environment):
    """Whether `command` succeeded, and what it said."""
    done = subprocess.run(command, cwd=folder, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=TIMEOUT, check=False)
    return done.returncode == 0, done.stdout.decode(errors="replace")


class Tool:
    # what lies in every site, in the posts folder of the test too
    signs = {}
    # what only the build needs
    scaffold = {}
    output = "public"

    def __init__(self, python, node):
        self.python, self.node = python, node

    def bin(self, name):
        return os.path.join(self.python, "bin", name)

    def version(self):
        raise NotImplementedError

    def prepare(self, folder):
        write(folder, {**self.scaffold, **self.signs})

    def command(self):
        raise NotImplementedError

    def build(self, folder):
        shutil.rmtree(os.path.join(folder, self.output), ignore_errors=True)
        return run(self.command(), folder)

    @staticmethod
    def first_version(text):
        return re.search(r"\d+\.\d+[\w.]*", text).group(0)


class Hugo(Tool):
    signs = {"hugo.toml": "baseURL = 'https://example.com/'\ntitle = 'A site'\n"}
    scaffold = {
        "layouts/home.html": "{{ range site.RegularPages }}{{ .Title }} {{ .Content }}\n{{ end }}",
        "layouts/page.html": "{{ .Title }} {{ .Content }}",
        "layouts/section.html": "{{ range .Pages }}{{ .Title }}\n{{ end }}",
        "layouts/taxonomy.html": "{{ range .Pages }}{{ .Title }}\n{{ end }}",
        "layouts/term.html": "{{ range .Pages }}{{ .Title }}\n{{ end }}",
    }

    def command(self):
        return [self.bin("hugo"), "--quiet", "--ignoreCache"]

    def version(self):
        return re.search(r"hugo v([\d.]+)", run([self.bin("hugo"), "version"], "/")[1]).group(1)


class Pelican(Tool):
    signs = {"pelicanconf.py": "PATH = 'content'\nTIMEZONE = 'UTC'\nSITENAME = 'A site'\nDEFAULT_LANG = 'en'\nWITH_FUTURE_DATES = False\n"
                               "DRAFT_SAVE_AS = ''\nFEED_ALL_ATOM = 'feeds/all.atom.xml'\nDELETE_OUTPUT_DIRECTORY = True\nCACHE_CONTENT = False\n"}
    output = "output"

    def command(self):
        return [self.bin("pelican"), "-s", "pelicanconf.py", "-o", "output"]

    def version(self):
        return self.first_version(run([self.bin("pelican"), "--version"], "/")[1])


class Nikola(Tool):
    output = "output"

    def prepare(self, folder):
        # it makes a site itself, and only where nothing is yet
        shutil.rmtree(folder, ignore_errors=True)
        good, said = run([self.bin("nikola"), "init", "-q", folder], os.path.dirname(folder))
        if not good:
            raise SystemExit(said)
        os.makedirs(os.path.join(folder, "posts"), exist_ok=True)
        self.signs = {"conf.py": "BLOG_TITLE = 'A site'\nPOSTS = (('posts/*.md', 'posts', 'post.tmpl'),)\n"}

    def command(self):
        return [self.bin("nikola"), "build", "-q"]

    def version(self):
        return self.first_version(run([self.bin("nikola"), "version"], "/")[1])


class MkDocs(Tool):
    signs = {"mkdocs.yml": "site_name: A site\nsite_url: https://example.com/\ntheme:\n  name: material\nplugins:\n  - search\n  - meta\n  - blog:\n"
                           "      draft_if_future_date: true\n"}
    scaffold = {"docs/index.md": "# A site\n", "docs/blog/index.md": "# Blog\n"}
    output = "site"

    def command(self):
        return [self.bin("mkdocs"), "build", "-q"]

    def version(self):
        listed = run([self.bin("python"), "-m", "pip", "show", "mkdocs-material"], "/")[1]
        return re.search(r"Version: (\S+)", listed).group(1)


class NodeTool(Tool):
    package = ""

    def prepare(self, folder):
        super().prepare(folder)
        link = os.path.join(folder, "node_modules")
        if not os.path.lexists(link):
            os.makedirs(link)
            # a folder of its own, for some cases lie in it
            for name in os.listdir(os.path.join(self.node, "node_modules")):
                os.symlink(os.path.join(self.node, "node_modules", name), os.path.join(link, name))

    def version(self):
        import json
        with open(os.path.join(self.node, "node_modules", self.package, "package.json"), encoding="utf-8") as file:
            return json.load(file)["version"]


class Hexo(NodeTool):
    package = "hexo"
    signs = {"_config.yml": "title: A site\nurl: https://example.com\npermalink: :title/\ntheme: mini\nfuture: false\n"
                            "encrypt:\n  silent: true\n"}
    scaffold = {
        "package.json": '{"name": "site", "private": true, "hexo": {"version": ""}, "dependencies": {"hexo": "*", "hexo-renderer-marked": "*", '
                        '"hexo-renderer-ejs": "*", "hexo-generator-index": "*", "hexo-generator-tag": "*", "hexo-generator-archive": "*", '
                        '"hexo-generator-feed": "*", "hexo-blog-encrypt": "*", "hexo-hide-posts": "*"}}\n',
        **{f"themes/mini/layout/{name}.ejs": "<% page.posts.each(post => { %><%= post.title %> <%- post.content %>\n<% }) %>"
           for name in ("index", "tag", "archive")},
        "themes/mini/layout/post.ejs": "<%= page.title %> <%- page.content %>",
    }

    def command(self):
        return [os.path.join(self.node, "node_modules/.bin/hexo"), "generate", "--force", "--silent"]


class Eleventy(NodeTool):
    package = "@11ty/eleventy"
    # the preprocessor is that of the tool's own starter, eleventy-base-blog
    signs = {"eleventy.config.js": 'export default function (config) {\n'
             '  config.addPreprocessor("drafts", "*", (data) => {\n    if (data.draft) {\n      return false;\n    }\n  });\n}\n'}
    scaffold = {
        "package.json": '{"name": "site", "private": true, "type": "module"}\n',
        "index.njk": "---\neleventyExcludeFromCollections: true\n---\n"
                     "{% for post in collections.all %}{{ post.data.title }} {{ post.templateContent | safe }}\n{% endfor %}",
    }
    output = "_site"

    def command(self):
        return [os.path.join(self.node, "node_modules/.bin/eleventy"), "--quiet"]


class Jekyll(Tool):
    signs = {"_config.yml": "title: A site\nurl: https://example.com\n"}
    scaffold = {
        "index.html": "---\n---\n{% for post in site.posts %}{{ post.title }} {{ post.content }}\n{% endfor %}",
        "tags.html": "---\n---\n{% for tag in site.tags %}{{ tag[0] }}\n{% endfor %}",
    }
    output = "_built"

    def command(self):
        return ["jekyll", "build", "--quiet", "--destination", self.output]

    def version(self):
        return self.first_version(run(["jekyll", "--version"], "/")[1])


TOOLS = {"hugo": Hugo, "pelican": Pelican, "nikola": Nikola, "mkdocs": MkDocs, "hexo": Hexo, "eleventy": Eleventy, "jekyll": Jekyll}
