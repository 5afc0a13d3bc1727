//! Making documents: each format of a feed, a page, and each coding.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput};
use feedmill::config::Config;
use feedmill::index::Scope;
use feedmill::post::{Post, html, markdown, reference::References};
use feedmill::render::encode::{Coding, Document};
use feedmill::render::feeds::feed_page::{FeedState, feed_page};
use feedmill::render::{Content, Format, Place, feed, item};

use crate::material::{self, NOW};

pub fn benches(c: &mut Criterion) {
    let site = material::site(100);
    let config = Config::default();
    let known = FeedState {
        now: NOW,
        updated: None,
        withdrawn: &[],
    };
    let references = References::new("https://example.org", "https://example.org/posts/a", "a.md".into());
    let members = site.index.members(&Scope::Site).unwrap();
    let whole = |post: &Arc<Post>| {
        let markdown = Arc::clone(post.text.loaded()?);
        let html = html::for_feed(&markdown::render(&markdown, &post.title).html, &references).into();
        Some(item(post, &config, &references, Some(Content { html, markdown })))
    };
    let short = |post: &Arc<Post>| item(post, &config, &references, None);
    let page = feed_page(&Scope::Site, members, Place::Newest, &config, known, whole, short);
    let page = page.unwrap();

    let mut group = c.benchmark_group("feed of 20 posts");
    for format in Format::ALL {
        group.bench_function(format.file_name(), |b| b.iter(|| feed(black_box(&page), format)));
    }
    let bytes = feed(&page, Format::Rss);
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    for coding in [Coding::Gzip, Coding::Brotli] {
        group.bench_function(format!("rss.xml in {}", coding.name()), |b| {
            b.iter_batched(
                || Document::new(Format::Rss.media_type(), bytes.clone()),
                |document| {
                    let _ = document.encoded(coding);
                    document
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();

    let address = &site.index.posts().first().unwrap().address;
    let mut group = c.benchmark_group("page");
    group.bench_function("list", |b| b.iter(|| site.page(&Scope::Site, black_box(2))));
    group.bench_function("post", |b| b.iter(|| site.post_page(black_box(address))));
    group.finish();
}
