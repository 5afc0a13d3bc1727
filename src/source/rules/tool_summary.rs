//! Says in one line for each recognised tool how many posts are its, and what that changes.

use camino::Utf8Path;

use super::companions::{is_in_folder_of_jekyll, splits_tags};
use crate::config::{PostSettings, SplitTags};
use crate::source::Source;
use crate::source::layout::{Layout, Tool};

/// Returns a line for each tool to which `posts` belong, paths of posts in `source`: `509 posts: Jekyll; tags split at spaces`.
#[must_use]
pub fn tool_summary<'a>(source: &Source, settings: &PostSettings, posts: impl Iterator<Item = &'a Utf8Path>) -> Vec<String> {
    let (layout, root) = (source.layout(), source.name());
    let (mut all, mut split, mut in_folder) = (0, 0, 0);
    for path in posts {
        all += 1;
        split += usize::from(splits_tags(&layout, &root, path) == Some(true));
        in_folder += usize::from(is_in_folder_of_jekyll(&root, path));
    }
    let split = if settings.split_tags == SplitTags::Never { 0 } else { split };
    let mut tools: Vec<(Tool, usize)> = layout.tools().map(|tool| (tool, all)).collect();
    let has_its_folder = tools.iter().any(|(tool, _)| matches!(tool, Tool::Jekyll | Tool::Hexo));
    if in_folder > 0 && !has_its_folder {
        tools.push((Tool::Jekyll, in_folder));
    }
    let of_tool = tools.into_iter().filter(|(_, count)| *count > 0);
    of_tool
        .map(|(tool, count)| {
            let posts = if count == 1 { "post" } else { "posts" };
            let mut line = format!("{count} {posts}: {}", tool.name());
            for effect in effects(tool, &layout, split) {
                line.push_str("; ");
                line.push_str(&effect);
            }
            line
        })
        .collect()
}

/// What follows from `tool` for posts, of which `split` have tags that are split at spaces.
fn effects(tool: Tool, layout: &Layout, split: usize) -> Vec<String> {
    let mut effects = Vec::new();
    match tool {
        Tool::Jekyll if split > 0 => effects.push("tags split at spaces".to_owned()),
        Tool::Hexo => effects.push("tags not split at spaces".to_owned()),
        Tool::Obsidian => effects.extend(
            layout
                .templates()
                .map(|folder| format!("templates in {folder} are not posts")),
        ),
        _ => {}
    }
    effects.extend(layout.settings_of(tool).map(|path| format!("defaults from {path}")));
    effects
}

#[cfg(test)]
mod tests {
    use std::fs;

    use camino::Utf8PathBuf;

    use super::*;
    use crate::config::PostSettings;

    type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a [&'a str], SplitTags, &'a [&'a str]);

    fn lines(files: &[(&str, &str)], below: &str, posts: &[&str], split_tags: SplitTags) -> Vec<String> {
        let temporary = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(temporary.path().canonicalize().unwrap())
            .unwrap()
            .join("blog");
        fs::create_dir_all(root.join(below)).unwrap();
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let settings = PostSettings {
            split_tags,
            ..PostSettings::default()
        };
        let source = Source::folder(root.join(below), &settings);
        tool_summary(&source, &settings, posts.iter().map(Utf8Path::new))
    }

    #[test]
    fn a_line_says_what_follows_from_a_tool() {
        let defaults = "defaults:\n- scope: {path: ''}\n  values: {published: false}\n";
        let cases: [Case; 10] = [
            (&[], "", &["a.md"], SplitTags::Auto, &[]),
            (&[("package.json", "{}")], "", &["a.md"], SplitTags::Auto, &[]),
            (
                &[("_config.yml", "title: x")],
                "",
                &["a.md", "b.md"],
                SplitTags::Auto,
                &["2 posts: Jekyll; tags split at spaces"],
            ),
            (
                &[("_config.yml", "title: x")],
                "",
                &["a.md"],
                SplitTags::Never,
                &["1 post: Jekyll"],
            ),
            (
                &[("_config.yml", defaults)],
                "_posts",
                &["a.md"],
                SplitTags::Auto,
                &["1 post: Jekyll; tags split at spaces; defaults from ../_config.yml"],
            ),
            (
                &[],
                "",
                &["_posts/a.md", "b.md"],
                SplitTags::Auto,
                &["1 post: Jekyll; tags split at spaces"],
            ),
            (
                &[("scaffolds/post.md", ""), ("_config.yml", "")],
                "",
                &["_posts/a.md"],
                SplitTags::Auto,
                &["1 post: Hexo; tags not split at spaces"],
            ),
            (
                &[(".obsidian/templates.json", "{\"folder\": \"Forms\"}")],
                "",
                &["a.md"],
                SplitTags::Auto,
                &["1 post: Obsidian; templates in forms are not posts"],
            ),
            (
                &[("hugo.toml", "[[cascade]]\ndraft = true\n")],
                "content",
                &["a.md"],
                SplitTags::Auto,
                &["1 post: Hugo; defaults from ../hugo.toml"],
            ),
            (&[("hugo.toml", "")], "", &[], SplitTags::Auto, &[]),
        ];
        for (files, below, posts, split_tags, expected) in cases {
            assert_eq!(lines(files, below, posts, split_tags), expected, "{files:?} {below}");
        }
    }
}
