//! Sample pages, on which the templates of an author are tried before any reader sees them.

use std::collections::HashSet;
use std::sync::Arc;

use super::{
    Around, Found, Listed, Page, Subject, Unpublished, awaited, directory, list, list_with_unpublished, missing, post, search,
    shared, subscribe, withdrawn, years,
};
use crate::config::Config;
use crate::index::{Index, Scope};
use crate::post::reference::References;
use crate::post::{Post, Visibility, read};
use crate::render::listing::scopes::Kind;
use crate::shared_vec::SharedVec;
use crate::source_file::SourceFile;
use crate::time::Timestamp;

/// A post with everything that a post can have, and one with next to nothing.
const POSTS: [(&str, &str); 2] = [
    (
        "sample/rich.md",
        "---\ntitle: A sample\ndate: 2026-01-01\nupdated: 2026-01-02\ntags: [one, two]\nauthors: [Sample Author]\nlang: ar\n\
         image: sample.png\nlink: https://example.com/\nenclosure: sample.mp3\n---\nText.\n",
    ),
    ("bare.md", "---\ndate: 2026-01-03\n---\nText.\n"),
];

/// What their pages say.
const TEXT: &str = "Text.\n";

fn listed(posts: &[Arc<Post>], number: usize, total: usize) -> Listed<'_> {
    Listed { posts, number, total }
}

/// A page of every kind, and of every form of it, as a site with `config` would have it.
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
    let total = config.list.per_page * 3;
    let mut pages = vec![
        search(config, "", Found::Unasked),
        search(config, "one", Found::Refused("Why.")),
        search(config, "one", Found::Posts(listed(&posts, 2, total))),
        search(
            config,
            "one",
            Found::Posts(Listed {
                posts: &[],
                number: 1,
                total: 0,
            }),
        ),
        missing(config, &posts),
        missing(config, &[]),
        withdrawn(config, "A sample", &posts),
        withdrawn(config, "", &posts),
        awaited(config, &posts),
        years(config, &[(2026, 2)]),
        years(config, &[]),
        list(config, Subject::Year(2026), listed(&posts, 1, total)),
    ];
    for kind in Kind::ALL {
        pages.push(directory(config, kind, index.scopes()));
    }
    for (scope, members) in index.scopes() {
        let subject = Subject::Scope(scope, &members.name);
        let posts: Vec<_> = members.posts.iter().cloned().collect();
        for number in 1..=3 {
            pages.push(list(config, subject, listed(&posts, number, total)));
        }
        pages.push(subscribe(config, &index, scope, members));
    }
    let empty = Listed {
        posts: &[],
        number: 1,
        total: 0,
    };
    pages.push(list(config, Subject::Scope(&Scope::Site, ""), empty));
    let kept_back: Vec<_> = posts.iter().map(|post| (Arc::clone(post), Visibility::Draft)).collect();
    let unpublished = Unpublished {
        posts: &kept_back,
        more: 1,
    };
    pages.push(list_with_unpublished(
        config,
        Subject::Scope(&Scope::Site, ""),
        empty,
        unpublished,
    ));
    for sample in &posts {
        let references = References::new(&config.base(), &config.base(), &sample.source);
        let around = Around {
            newer: posts.first(),
            older: posts.last(),
            related: &posts,
        };
        for around in [around, Around::default()] {
            pages.push(post(config, sample, TEXT, &references, around));
        }
        pages.push(shared(config, sample, TEXT, &references));
    }
    pages
}
