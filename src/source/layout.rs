//! Detects which tools (Hugo, Jekyll, Obsidian, …) the posts folder belongs to, by the files that a tool keeps beside its posts.
//!
//! The configured folder may be a whole site or only its folder of posts. So signs are looked for in it and in its parent, and if that is
//! called `content`, `source` or `src`, in the one above. Only a fixed list of names is checked; there is no search.

mod people;

use std::fs::{self, File};
use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use crate::post::inherited::{Companion, CompanionKind, FOLDER_META};
use crate::source_file::SourceFile;
use crate::time::Timestamp;

/// The most bytes that are read of a tool's settings.
const LARGEST_SETTINGS: u64 = 64 * 1024;

/// How many folders, the posts folder included, are checked for the site that contains them.
const MOST_ABOVE: usize = 8;

/// The age after which the signs are looked up again.
const TRUSTED: Duration = Duration::from_mins(1);

/// A tool that keeps files of its own beside posts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tool {
    /// Hugo.
    Hugo,
    /// Zola.
    Zola,
    /// Jekyll.
    Jekyll,
    /// Hexo.
    Hexo,
    /// Eleventy.
    Eleventy,
    /// Obsidian.
    Obsidian,
    /// Any tool that installs packages beside its output.
    Packages,
}

/// The folder of files that a tool publishes unchanged: it contains no posts, but its pictures are served.
const FOLDER_OF_FILES: &str = "static";

impl Tool {
    /// The name of the tool.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Tool::Hugo => "Hugo",
            Tool::Zola => "Zola",
            Tool::Jekyll => "Jekyll",
            Tool::Hexo => "Hexo",
            Tool::Eleventy => "Eleventy",
            Tool::Obsidian => "Obsidian",
            Tool::Packages => "a package manager",
        }
    }

    /// The folders at the top of its tree that contain no posts.
    fn folders(self) -> &'static [&'static str] {
        match self {
            Tool::Hugo => &[
                "archetypes",
                "assets",
                "data",
                "i18n",
                "layouts",
                "public",
                "resources",
                FOLDER_OF_FILES,
                "themes",
            ],
            Tool::Zola => &["public", "sass", FOLDER_OF_FILES, "templates", "themes"],
            Tool::Hexo => &["public", "scaffolds", "themes"],
            Tool::Jekyll | Tool::Eleventy => &[],
            Tool::Obsidian => &["template", "templates"],
            Tool::Packages => &["node_modules", "vendor"],
        }
    }
}

/// Files and folders that identify a tool by name alone.
const SIGNS: [(Tool, &str); 20] = [
    (Tool::Hugo, "hugo.toml"),
    (Tool::Hugo, "hugo.yaml"),
    (Tool::Hugo, "hugo.yml"),
    (Tool::Hugo, "hugo.json"),
    (Tool::Hugo, "config/_default"),
    (Tool::Hugo, ".hugo_build.lock"),
    (Tool::Hexo, "scaffolds"),
    (Tool::Eleventy, ".eleventy.js"),
    (Tool::Eleventy, "eleventy.config.js"),
    (Tool::Eleventy, "eleventy.config.cjs"),
    (Tool::Eleventy, "eleventy.config.mjs"),
    (Tool::Eleventy, "eleventy.config.ts"),
    (Tool::Obsidian, ".obsidian"),
    (Tool::Packages, "package.json"),
    (Tool::Packages, "Gemfile"),
    (Tool::Packages, "composer.json"),
    (Tool::Packages, "go.mod"),
    (Tool::Packages, "vendor/bundle"),
    (Tool::Jekyll, "_config.yml"),
    (Tool::Jekyll, "_config.yaml"),
];

/// The names of Jekyll's settings files.
pub(in crate::source) const SITE_SETTINGS: [&str; 2] = ["_config.yml", "_config.yaml"];

/// The files and keys in which Obsidian and its plugins name the folder of templates.
const TEMPLATE_SETTINGS: [(&str, &str); 2] = [
    (".obsidian/templates.json", "folder"),
    (".obsidian/plugins/templater-obsidian/data.json", "templates_folder"),
];

/// The tools whose tree contains the posts folder, and their settings.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// The tools whose root is the posts folder.
    here: Vec<Tool>,
    /// The tools whose root is above it.
    above: Vec<Tool>,
    /// Folders of templates, below the posts folder, in lower case.
    templates: Vec<Utf8PathBuf>,
    /// Settings of the site that apply to posts, and companions in the folders above; the nearest first.
    pub(in crate::source) settings: Vec<Arc<Companion>>,
    seen: Option<Instant>,
}

impl Layout {
    /// Detects the layout of the posts folder at `root`.
    #[must_use]
    pub fn detect(root: &Utf8Path) -> Layout {
        let above: Vec<Utf8PathBuf> = folders_above(root);
        let mut layout = Layout {
            here: tools_at(root),
            above: above.iter().flat_map(|folder| tools_at(folder)).collect(),
            seen: Some(Instant::now()),
            ..Layout::default()
        };
        layout.read_templates(root, "");
        if let (Some(parent), Some(name)) = (above.first(), name_of(root)) {
            layout.read_templates(parent, &format!("{}/", name.to_lowercase()));
        }
        layout.settings = read_meta_above(root);
        layout
            .settings
            .extend(read_settings(root, above.first().map(Utf8PathBuf::as_path)));
        if layout.has(Tool::Hugo) {
            layout.settings.extend(read_hugo_settings(root, &above));
        }
        layout.settings.extend(people::read_people(root, &above));
        layout
    }

    /// Whether it has to be detected again.
    pub(in crate::source) fn is_old(&self) -> bool {
        self.seen.is_none_or(|seen| seen.elapsed() >= TRUSTED)
    }

    /// Whether the posts folder is in a tree of `tool`.
    #[must_use]
    pub fn has(&self, tool: Tool) -> bool {
        self.here.contains(&tool) || self.above.contains(&tool)
    }

    /// The tools for posts whose tree contains the posts folder.
    pub(in crate::source) fn tools(&self) -> impl Iterator<Item = Tool> {
        let mut tools: Vec<Tool> = self.here.iter().chain(&self.above).copied().collect();
        tools.retain(|tool| *tool != Tool::Packages);
        tools.sort_unstable();
        tools.dedup();
        tools.into_iter()
    }

    /// The folders of templates, below the posts folder.
    pub(in crate::source) fn templates(&self) -> impl Iterator<Item = &Utf8Path> {
        self.templates.iter().map(Utf8PathBuf::as_path)
    }

    /// The files with settings of `tool` that apply to posts.
    pub(in crate::source) fn settings_of(&self, tool: Tool) -> impl Iterator<Item = &Utf8Path> {
        let is_of_tool = move |path: &&Utf8Path| match path.file_name() {
            Some(name) if SITE_SETTINGS.contains(&name) => tool == Tool::Jekyll,
            Some(name) => tool == Tool::Hugo && (name.starts_with("hugo.") || name.starts_with("config.")),
            None => false,
        };
        let with_rules = self.settings.iter().filter(|companion| !companion.is_empty());
        with_rules.map(|companion| companion.path()).filter(is_of_tool)
    }

    /// The first folder on `path` that belongs to a tool, and that tool.
    #[must_use]
    pub fn folder_of_tool<'a>(&self, path: &'a Utf8Path) -> Option<(&'a Utf8Path, Tool)> {
        if self.here.is_empty() && self.above.is_empty() {
            return None;
        }
        let folder = path.parent()?;
        let first = folder.components().next()?.as_str();
        let top = path.ancestors().find(|above| above.as_str() == first)?;
        let is_of = |tool: Tool| tool.folders().iter().any(|known| first.eq_ignore_ascii_case(known));
        if let Some(tool) = self.here.iter().copied().find(|&tool| is_of(tool)) {
            return Some((top, tool));
        }
        if !self.templates.is_empty() {
            let lower = folder.as_str().to_lowercase();
            let lower = Utf8Path::new(&lower);
            if let Some(templates) = self.templates.iter().find(|templates| lower.starts_with(templates)) {
                let depth = templates.components().count();
                let place = path.ancestors().find(|above| above.components().count() == depth)?;
                return Some((place, Tool::Obsidian));
            }
        }
        // packages contain packages
        let packages = path.ancestors().skip(1).filter(|above| {
            above
                .file_name()
                .is_some_and(|name| name.eq_ignore_ascii_case("node_modules"))
        });
        packages.last().map(|folder| (folder, Tool::Packages))
    }

    /// Whether files in `folder`, found by [`Layout::folder_of_tool`], are served: the tool publishes them, or posts show them.
    #[must_use]
    pub fn is_shown(folder: &Utf8Path, tool: Tool) -> bool {
        let is = |name: &str| folder.as_str().eq_ignore_ascii_case(name);
        is(FOLDER_OF_FILES) || (tool == Tool::Hugo && is("assets"))
    }

    fn read_templates(&mut self, vault: &Utf8Path, prefix: &str) {
        for (settings, key) in TEMPLATE_SETTINGS {
            let folder = read_bounded(&vault.join(settings)).and_then(|text| {
                let json: serde_json::Value = serde_json::from_str(&text).ok()?;
                Some(json.get(key)?.as_str()?.trim_matches('/').to_lowercase())
            });
            let folder = folder.as_deref().and_then(|folder| folder.strip_prefix(prefix));
            // the top folder of a vault is not a folder of templates
            self.templates
                .extend(folder.filter(|folder| !folder.is_empty()).map(Utf8PathBuf::from));
        }
    }
}

/// The folders above `root` in which signs are looked for.
fn folders_above(root: &Utf8Path) -> Vec<Utf8PathBuf> {
    let Ok(root) = root.canonicalize_utf8() else {
        return Vec::new();
    };
    let mut above = Vec::new();
    if let Some(parent) = root.parent() {
        above.push(parent.to_owned());
        let is_within = |name: &str| matches!(name, "content" | "source" | "src");
        if let Some(site) = parent.parent().filter(|_| parent.file_name().is_some_and(is_within)) {
            above.push(site.to_owned());
        }
    }
    above
}

/// The folder of static files above `root` that has a file at `path`, as it is seen from `root`: `../static`, or `../../public`.
pub(super) fn static_folder_beside(root: &Utf8Path, path: &Utf8Path) -> Option<String> {
    let is_plain = path.components().all(|part| matches!(part, Utf8Component::Normal(_)));
    if path.as_str().is_empty() || !is_plain {
        return None;
    }
    let is_file = |file: Utf8PathBuf| fs::symlink_metadata(file).is_ok_and(|found| found.is_file());
    folders_above(root).into_iter().enumerate().find_map(|(depth, above)| {
        let has = |name: &&str| is_file(above.join(name).join(path));
        let name = [FOLDER_OF_FILES, "public"].into_iter().find(has)?;
        Some(format!("{}{name}", "../".repeat(depth + 1)))
    })
}

fn name_of(root: &Utf8Path) -> Option<String> {
    root.canonicalize_utf8().ok()?.file_name().map(str::to_owned)
}

fn tools_at(folder: &Utf8Path) -> Vec<Tool> {
    let is_there = |name: &str| fs::symlink_metadata(folder.join(name)).is_ok();
    let mut tools: Vec<Tool> = SIGNS
        .iter()
        .filter(|(_, sign)| is_there(sign))
        .map(|(tool, _)| *tool)
        .collect();
    // older versions of Hugo and Zola use the same name for their settings, with different keys for the site's address
    for name in ["config.toml", "config.yaml", "config.yml", "config.json"] {
        if let Some(text) = read_bounded(&folder.join(name)) {
            let has = |word: &str| text.contains(word);
            if has("base_url") && name == "config.toml" {
                tools.push(Tool::Zola);
            } else if has("baseURL") || has("baseurl") || has("baseUrl") {
                tools.push(Tool::Hugo);
            }
        }
    }
    let packages = read_bounded(&folder.join("package.json")).unwrap_or_default();
    if packages.contains("\"hexo\"") {
        tools.push(Tool::Hexo);
    }
    if tools.contains(&Tool::Hexo) {
        tools.retain(|tool| *tool != Tool::Jekyll);
    }
    tools.sort_unstable();
    tools.dedup();
    tools
}

/// The defaults for posts in Jekyll's settings in the folder above the posts folder. Settings in the posts folder are companions of its
/// posts, and replace these.
fn read_settings(root: &Utf8Path, above: Option<&Utf8Path>) -> Option<Arc<Companion>> {
    let below = name_of(root)?;
    let is_there = |name: &str| fs::symlink_metadata(root.join(name)).is_ok();
    if SITE_SETTINGS.into_iter().any(is_there) {
        return None;
    }
    let read = |name: &'static str| Some((name, read_bounded(&above?.join(name))?));
    let (name, text) = SITE_SETTINGS.into_iter().find_map(read)?;
    let source = SourceFile {
        path: format!("../{name}").into(),
        bytes: text.into_bytes().into(),
        modified: Timestamp::UNIX_EPOCH,
    };
    Some(Arc::new(Companion::parse(&source, CompanionKind::SiteSettings { below })))
}

/// The defaults for posts in Hugo's settings in the posts folder, or else in one of the folders `above` it.
fn read_hugo_settings(root: &Utf8Path, above: &[Utf8PathBuf]) -> Vec<Arc<Companion>> {
    let places = [root].into_iter().chain(above.iter().map(Utf8PathBuf::as_path));
    for (depth, folder) in places.enumerate() {
        let mut found = Vec::new();
        for stem in ["hugo", "config", "config/_default/hugo", "config/_default/config"] {
            for ending in ["toml", "yaml", "yml", "json"] {
                let name = format!("{stem}.{ending}");
                let Some(text) = read_bounded(&folder.join(&name)) else {
                    continue;
                };
                let source = SourceFile {
                    path: format!("{}{name}", "../".repeat(depth)).into(),
                    bytes: text.into_bytes().into(),
                    modified: Timestamp::UNIX_EPOCH,
                };
                let companion = Companion::parse(&source, CompanionKind::HugoSettings);
                found.extend((!companion.is_empty()).then(|| Arc::new(companion)));
            }
        }
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// Data for all posts in the folders above the posts folder, up to the folder of a `MkDocs` site; none without such a site.
fn read_meta_above(root: &Utf8Path) -> Vec<Arc<Companion>> {
    let is_site = |folder: &Utf8Path| {
        ["mkdocs.yml", "mkdocs.yaml"]
            .iter()
            .any(|name| fs::symlink_metadata(folder.join(name)).is_ok())
    };
    let mut found = Vec::new();
    let Ok(root) = root.canonicalize_utf8() else {
        return found;
    };
    let mut prefix = String::new();
    for folder in root.ancestors().take(MOST_ABOVE) {
        if is_site(folder) {
            return found;
        }
        let names = FOLDER_META.iter().filter(|_| !prefix.is_empty());
        for name in names {
            let Some(text) = read_bounded(&folder.join(name)) else {
                continue;
            };
            let source = SourceFile {
                path: format!("{prefix}{name}").into(),
                bytes: text.into_bytes().into(),
                modified: Timestamp::UNIX_EPOCH,
            };
            found.push(Arc::new(Companion::parse(&source, CompanionKind::FolderMeta)));
        }
        prefix.push_str("../");
    }
    Vec::new()
}

/// The text of the file at `path`, or its beginning; `None` if there is no such file.
fn read_bounded(path: &Utf8Path) -> Option<String> {
    // opening a pipe would block
    if !fs::metadata(path).is_ok_and(|metadata| metadata.is_file()) {
        return None;
    }
    let file = File::open(path).ok()?;
    let mut bytes = Vec::new();
    file.take(LARGEST_SETTINGS).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Tree<'a> = &'a [(&'a str, &'a str)];

    fn site(files: Tree) -> (tempfile::TempDir, Utf8PathBuf) {
        let temporary = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(temporary.path().canonicalize().unwrap()).unwrap();
        fs::create_dir_all(root.join("content/posts")).unwrap();
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        (temporary, root)
    }

    /// The folder of a tool that contains each path, if the posts folder is `below` the site.
    fn folders(files: Tree, below: &str, paths: &[&str]) -> Vec<Option<String>> {
        let (_keep, root) = site(files);
        let layout = Layout::detect(&root.join(below));
        let found = paths.iter().map(|path| layout.folder_of_tool(Utf8Path::new(path)));
        found
            .map(|found| found.map(|(folder, tool)| format!("{folder}: {}", tool.name())))
            .collect()
    }

    #[test]
    fn folders_belong_to_the_tools_whose_signs_are_found() {
        let own = |folder: &str| Some(folder.to_owned());
        let cases: [(Tree, &str, &str, Option<String>); 32] = [
            (&[], "", "templates/a.md", None),
            (&[], "", "archetypes/a.md", None),
            (&[], "", "vendor/a.md", None),
            (&[("hugo.toml", "")], "", "archetypes/a.md", own("archetypes: Hugo")),
            (&[("hugo.toml", "")], "", "public/x/a.md", own("public: Hugo")),
            (&[("hugo.yaml", "")], "", "assets/a.md", own("assets: Hugo")),
            (&[("hugo.json", "")], "", "data/x/a.md", own("data: Hugo")),
            (&[("config.toml", "baseURL = 'x'")], "", "i18n/en.md", own("i18n: Hugo")),
            (&[(".hugo_build.lock", "")], "", "static/a.md", own("static: Hugo")),
            (&[("hugo.yml", "")], "", "resources/a.md", own("resources: Hugo")),
            (&[], "", "assets/a.md", None),
            (&[("hugo.toml", "")], "content", "data/a.md", None),
            (&[("hugo.toml", "")], "", "content/data/a.md", None),
            (&[("config.toml", "base_url = 'x'")], "", "static/a.md", own("static: Zola")),
            (&[("config.toml", "base_url = 'x'")], "", "data/a.md", None),
            (&[("hugo.toml", "")], "", "content/archetypes/a.md", None),
            (&[("hugo.toml", "")], "", "archetypes.md", None),
            (
                &[("config.toml", "baseURL = 'x'")],
                "",
                "themes/a/README.md",
                own("themes: Hugo"),
            ),
            (
                &[("config.toml", "base_url = 'x'")],
                "",
                "templates/a.md",
                own("templates: Zola"),
            ),
            (&[("config.toml", "other = 'x'")], "", "templates/a.md", None),
            (&[("config/_default/x", "")], "", "layouts/a.md", own("layouts: Hugo")),
            (&[("hugo.toml", "")], "content", "archetypes/a.md", None),
            (&[("scaffolds/post.md", "")], "", "scaffolds/post.md", own("scaffolds: Hexo")),
            (
                &[("package.json", "")],
                "",
                "node_modules/x/README.md",
                own("node_modules: a package manager"),
            ),
            (
                &[("package.json", "")],
                "content",
                "notes/node_modules/x/node_modules/y.md",
                own("notes/node_modules: a package manager"),
            ),
            (&[("Gemfile", "")], "", "vendor/bundle/x.md", own("vendor: a package manager")),
            (
                &[(".obsidian/app.json", "")],
                "",
                "Templates/a.md",
                own("Templates: Obsidian"),
            ),
            (&[(".obsidian/app.json", "")], "", "notes/templates/a.md", None),
            (
                &[(".obsidian/templates.json", "{\"folder\": \"Meta/Forms\"}")],
                "",
                "Meta/Forms/deep/a.md",
                own("Meta/Forms: Obsidian"),
            ),
            (
                &[(".obsidian/templates.json", "{\"folder\": \"Meta/Forms\"}")],
                "",
                "Meta/a.md",
                None,
            ),
            (
                &[(".obsidian/templates.json", "{\"folder\": \"content/Forms\"}")],
                "content",
                "Forms/a.md",
                own("Forms: Obsidian"),
            ),
            (&[(".obsidian/templates.json", "{\"folder\": \"/\"}")], "", "notes/a.md", None),
        ];
        for (files, below, path, expected) in cases {
            assert_eq!(folders(files, below, &[path]), [expected], "{files:?} {path}");
        }
    }

    #[test]
    fn a_folder_of_posts_within_content_belongs_to_the_site_above_that() {
        let (_keep, root) = site(&[("hugo.toml", "")]);
        assert!(Layout::detect(&root.join("content/posts")).has(Tool::Hugo));
        assert!(Layout::detect(&root.join("content")).has(Tool::Hugo));
        assert!(Layout::detect(&root).has(Tool::Hugo));
        assert!(!Layout::detect(&root.join("content/posts")).has(Tool::Zola));
    }

    #[test]
    fn data_for_a_folder_is_found_above_it_up_to_the_site_and_no_further() {
        let files = [("content/.meta.yml", "draft: true"), (".meta.yml", "draft: true")];
        let paths = |files: Tree| {
            let (_keep, root) = site(files);
            Layout::detect(&root.join("content/posts")).settings.len()
        };
        assert_eq!(paths(&files), 0, "no site");
        assert_eq!(paths(&[files[0], files[1], ("mkdocs.yml", "")]), 1);
        assert_eq!(paths(&[files[0], ("content/posts/mkdocs.yml", "")]), 0);
        assert_eq!(
            paths(&[("content/posts/.meta.yml", "x: y"), ("mkdocs.yml", "")]),
            0,
            "a look finds it"
        );
    }

    #[test]
    fn a_cascade_in_the_settings_of_a_hugo_site_is_found() {
        let count = |name: &str, text: &str| {
            let (_keep, root) = site(&[(name, text)]);
            ["", "content", "content/posts"].map(|below| Layout::detect(&root.join(below)).settings.len())
        };
        assert_eq!(count("hugo.toml", "[[cascade]]\ndraft = true\n"), [1, 1, 1]);
        assert_eq!(
            count("config/_default/hugo.yaml", "cascade:\n- build: {list: never}\n"),
            [1, 1, 1]
        );
        assert_eq!(count("hugo.json", "{\"cascade\": {\"draft\": true}}"), [1, 1, 1]);
        assert_eq!(count("hugo.toml", "title = 'x'\n"), [0, 0, 0]);
        assert_eq!(count("config.yml", "cascade: {draft: true}\n"), [0, 0, 0], "no Hugo site");
    }

    #[test]
    fn pictures_in_folders_of_files_are_shown() {
        let cases = [
            ("static", Tool::Hugo, true),
            ("assets", Tool::Hugo, true),
            ("static", Tool::Zola, true),
            ("data", Tool::Hugo, false),
            ("layouts", Tool::Hugo, false),
            ("node_modules", Tool::Packages, false),
        ];
        for (folder, tool, expected) in cases {
            assert_eq!(Layout::is_shown(folder.into(), tool), expected, "{folder}");
        }
    }
}
