//! A small site of each tool, with the features of its documentation that touch a post: below `tests/fixtures/sites`.
//!
//! The snapshots contain what readers and the author see of each post. Whatever was guessed or left out has its diagnostic in them, those
//! about links too.

use std::fmt::Write as _;

use feedmill::index::Scope;
use feedmill::post::Post;
use feedmill::render::{Format, Place};
use feedmill::site::Site;
use serde_json::Value;

use crate::still::{TestFolder, said};

/// Each tool with its folder of posts.
pub const TOOLS: [(&str, &str); 14] = [
    ("hugo", "content"),
    ("zola", "content"),
    ("jekyll", ""),
    ("hexo", "source"),
    ("eleventy", "src/posts"),
    ("astro", "src/content/blog"),
    ("docusaurus", "blog"),
    ("vitepress", "posts"),
    ("pelican", "content"),
    ("mkdocs", "docs/blog"),
    ("obsidian", ""),
    ("ghost", "posts"),
    ("microblog", ""),
    ("nikola", "posts"),
];

pub fn site_of(tool: &str, below: &str) -> Site {
    let config = "[site]\nbase_url = 'https://example.com'\n[feed]\nlimit = 100";
    TestFolder::of_fixtures(&format!("sites/{tool}")).site_below(below, config)
}

#[test]
fn snapshots_of_a_site_of_each_tool() {
    for (tool, below) in TOOLS {
        let site = site_of(tool, below);
        let feed = site.feed(&Scope::Site, Place::Newest, Format::Json).unwrap();
        let feed: Value = serde_json::from_slice(feed.bytes()).unwrap();
        let mut text = String::new();
        for post in site.all().iter() {
            let item = feed["items"].as_array().unwrap().iter().find(|item| item["id"] == *post.id);
            describe(&mut text, &site, post, item.unwrap());
        }
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(tool, text) });
    }
}

/// Adds all that readers and the author see of `post`, whose item in the JSON feed is `item`.
fn describe(text: &mut String, site: &Site, post: &Post, item: &Value) {
    let names: Vec<&str> = post.authors.iter().map(|author| author.name.as_str()).collect();
    let _ = writeln!(text, "=== {} → {}", post.source, post.address);
    let _ = writeln!(text, "title:   {}", post.title);
    let _ = writeln!(text, "date:    {}", post.date.rfc3339());
    let _ = writeln!(text, "by:      {}", names.join(" | "));
    let _ = writeln!(text, "tags:    {}", post.tags.join(" | "));
    let _ = writeln!(text, "summary: {}", post.summary);
    let _ = writeln!(text, "picture: {}", item["image"]);
    for file in item["attachments"].as_array().into_iter().flatten() {
        let _ = writeln!(text, "file:    {file}");
    }
    for diagnostic in said(site, post.source.as_str()) {
        let _ = writeln!(text, "said:    {}: {}", diagnostic.code, diagnostic.message);
    }
    let _ = writeln!(text, "\n{}", item["content_html"].as_str().unwrap_or("(no HTML)"));
}

#[test]
fn nothing_of_a_tool_is_left_in_a_summary() {
    let signs = [
        "{{", "{%", "}}", "%}", ":::", "[[", "]]", "!!!", "](", "</", "/>", "```", "{:", "{#", "^[",
    ];
    for (tool, below) in TOOLS {
        for post in site_of(tool, below).all().iter() {
            let left = signs.into_iter().find(|sign| post.summary.contains(sign));
            assert_eq!(left, None, "{tool}: {}: {}", post.source, post.summary);
            assert!(!post.summary.is_empty(), "{tool}: {}", post.source);
        }
    }
}
