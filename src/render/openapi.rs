//! The description of everything that can be asked over HTTP: `OpenAPI` 3.1.
//!
//! It is written by hand, in `openapi.json`, and held true by a test that walks the real server's answers against it.

use serde_json::{Value, json};

/// The description of the site at `base`, whose listing has `per_page` posts a page where a request says nothing.
#[must_use]
pub fn json(base: &str, per_page: usize) -> Vec<u8> {
    let mut description: Value = serde_json::from_str(include_str!("openapi.json")).unwrap_or_default();
    if let Some(description) = description.as_object_mut() {
        description.insert("servers".to_owned(), json!([{ "url": base }]));
    }
    if let Some(info) = description.pointer_mut("/info/version") {
        *info = env!("CARGO_PKG_VERSION").into();
    }
    if let Some(default) = description.pointer_mut("/components/parameters/per_page/schema/default") {
        *default = per_page.into();
    }
    serde_json::to_vec_pretty(&description).unwrap_or_default()
}
