//! Sample pages: the templates of an author are rendered with them before any reader gets a page.

use std::collections::HashSet;
use std::sync::Arc;

use super::directory::{directory, years};
use super::list::{
    ListPage, SearchResult, Subject, Unpublished, list, list_with_unpublished, not_found, search, temporarily_unavailable,
    withdrawn,
};
use super::page::Page;
use super::post::{NeighbourPosts, post, shared};
use super::subscribe::subscribe;
use crate::config::Config;
use crate::index::{Index, Scope};
use crate::post::reference::References;
use crate::post::{Post, Visibility, read};
use crate::render::listing::scopes::ScopeKind;
use crate::shared_vec::SharedVec;
use crate::source_file::SourceFile;
use crate::time::Timestamp;

/// A post with every field that a post can have, one with hardly any, and a page.
const POSTS: [(&str, &str); 3] = [
    (
        "sample/rich.md",
        "---\ntitle: A sample\ndate: 2026-01-01\nupdated: 2026-01-02\ntags: [one, two]\nauthors: [Sample Author]\nlang: ar\n\
         image: sample.png\nlink: https://example.com/\nenclosure: sample.mp3\n---\nText.\n",
    ),
    ("bare.md", "---\ndate: 2026-01-03\n---\nText.\n"),
    ("about.md", "Text.\n"),
];

/// The text of each.
const TEXT: &str = "Text.\n";

const NO_POSTS: ListPage<'static> = ListPage {
    posts: &[],
    number: 1,
    total: 0,
};

/// One page of every kind and form, as a site with `config` would have it.
pub(super) fn pages(config: &Config) -> Vec<Page> {
    let source = |(path, text): (&str, &str)| SourceFile {
        path: path.into(),
        bytes: text.as_bytes().into(),
        modified: Timestamp::UNIX_EPOCH,
    };
    let posts = POSTS.into_iter().filter_map(|sample| read(&source(sample), config).ok());
    let posts: Vec<Arc<Post>> = posts.map(|reading| Arc::new(reading.post)).collect();
    let index = Index::build(posts, &HashSet::new(), config, Timestamp::MAX, &SharedVec::default());
    let posts: Vec<_> = index.all().iter().cloned().collect();
    let mut pages = search_and_error_pages(config, &posts);
    pages.extend(list_pages(config, &index, &posts));
    pages.extend(post_pages(config, &posts));
    pages
}

/// Page `number` of a list of three pages.
fn page_of_three<'a>(config: &Config, posts: &'a [Arc<Post>], number: usize) -> ListPage<'a> {
    let total = config.list.per_page * 3;
    ListPage { posts, number, total }
}

fn search_and_error_pages(config: &Config, posts: &[Arc<Post>]) -> Vec<Page> {
    vec![
        search(config, "", SearchResult::NoQuery),
        search(config, "one", SearchResult::Invalid("Why.")),
        search(config, "one", SearchResult::Posts(page_of_three(config, posts, 2))),
        search(config, "one", SearchResult::Posts(NO_POSTS)),
        not_found(config, None, posts),
        not_found(config, None, &[]),
        withdrawn(config, "A sample", posts),
        withdrawn(config, "", posts),
        temporarily_unavailable(config, posts),
    ]
}

fn list_pages(config: &Config, index: &Index, posts: &[Arc<Post>]) -> Vec<Page> {
    let mut pages = vec![
        years(config, &[(2026, 2)]),
        years(config, &[]),
        list(config, Subject::Year(2026), page_of_three(config, posts, 1)),
    ];
    for kind in ScopeKind::ALL {
        pages.push(directory(config, kind, index.scopes()));
    }
    for (scope, members) in index.scopes() {
        let subject = Subject::Scope(scope, &members.name);
        let posts: Vec<_> = members.posts.iter().cloned().collect();
        for number in 1..=3 {
            pages.push(list(config, subject, page_of_three(config, &posts, number)));
        }
        pages.push(subscribe(config, index, scope, members));
    }
    let site = Subject::Scope(&Scope::Site, "");
    pages.push(list(config, site, NO_POSTS));
    let drafts: Vec<_> = posts.iter().map(|post| (Arc::clone(post), Visibility::Draft)).collect();
    let unpublished = Unpublished { posts: &drafts, more: 1 };
    pages.push(list_with_unpublished(config, site, NO_POSTS, unpublished));
    pages
}

fn post_pages(config: &Config, posts: &[Arc<Post>]) -> Vec<Page> {
    let mut pages = Vec::new();
    for sample in posts {
        let references = References::new(&config.base(), &config.base(), &sample.source);
        let neighbours = NeighbourPosts {
            newer: posts.first(),
            older: posts.last(),
            related: posts,
        };
        for neighbours in [neighbours, NeighbourPosts::default()] {
            pages.push(post(config, sample, TEXT, &references, neighbours));
        }
        pages.push(shared(config, sample, TEXT, &references));
        pages.push(not_found(config, Some((sample, TEXT, &references)), posts));
    }
    pages
}
