//! The headers of responses, as `serve` sends them, for hosts whose headers can be set.

use http::{HeaderMap, header};
use percent_encoding::percent_decode_str;

use crate::render::Format;
use crate::site::Site;
use crate::static_site::get;
use crate::time::Timestamp;

/// The headers of some responses of a site.
#[derive(Clone, Debug, Default)]
pub(in crate::static_site) struct SampleHeaders {
    /// The address of the site, without a slash at its end.
    pub(super) base: String,
    /// Its path: empty, or such as `/blog`.
    pub(super) base_path: String,
    /// Fields of every response: name and value.
    pub(super) common: Vec<(String, String)>,
    /// Fields of pages.
    pub(super) page: Vec<(String, String)>,
    /// Files by name, with the fields of their responses: feeds, and what has no media type of its own.
    pub(super) files: Vec<(&'static str, Vec<(String, String)>)>,
}

/// How long clients and caches may keep media files.
pub(super) use crate::http::media::CACHE_CONTROL as MEDIA_CACHE_CONTROL;

/// The fields that are set. Hosts derive the other fields from the file.
const SET: [header::HeaderName; 3] = [header::CONTENT_TYPE, header::CACHE_CONTROL, header::CONTENT_SECURITY_POLICY];
const COMMON: [header::HeaderName; 2] = [header::X_CONTENT_TYPE_OPTIONS, header::ACCESS_CONTROL_ALLOW_ORIGIN];

impl SampleHeaders {
    /// The headers of the responses of `site`.
    pub(in crate::static_site) fn of(site: &Site) -> SampleHeaders {
        let base = site.config().base();
        let base_path = url::Url::parse(&base).map(|url| url.path().trim_end_matches('/').to_owned());
        // as long before every scheduled change as possible, so that no lifetime is shortened by one
        let headers = |path: &str| get(site, path, "", Timestamp::UNIX_EPOCH).headers().clone();
        let page = headers("/");
        let mut files: Vec<_> = Format::ALL
            .iter()
            .map(|format| {
                (
                    format.file_name(),
                    fields(&headers(&format!("/{}", format.file_name())), &SET),
                )
            })
            .collect();
        files.push(("feeds.opml", fields(&headers("/feeds.opml"), &SET)));
        SampleHeaders {
            base,
            base_path: base_path.unwrap_or_default(),
            common: fields(&page, &COMMON),
            page: fields(&page, &SET),
            files,
        }
    }

    /// The path of `url` on the host if it is on the site, else `url`.
    pub(super) fn path_on_host<'a>(&self, url: &'a str) -> &'a str {
        let Some(rest) = url
            .strip_prefix(&self.base)
            .filter(|rest| rest.is_empty() || rest.starts_with('/'))
        else {
            return url;
        };
        let start = url.len() - rest.len() - self.base_path.len();
        match url.get(start..) {
            Some("") | None => "/",
            Some(path) => path,
        }
    }

    /// The value of a field of pages.
    pub(super) fn page_field(&self, name: &header::HeaderName) -> Option<&str> {
        self.page
            .iter()
            .find(|(known, _)| known == name.as_str())
            .map(|(_, value)| &**value)
    }
}

fn fields(headers: &HeaderMap, names: &[header::HeaderName]) -> Vec<(String, String)> {
    let found = names.iter().filter_map(|name| {
        let value = headers.get(name)?.to_str().ok()?;
        Some((name.as_str().to_owned(), value.to_owned()))
    });
    found.collect()
}

/// `path` without percent-encoding, and with characters that have a meaning in regular expressions escaped.
pub(super) fn as_pattern(path: &str) -> String {
    literal_pattern(&percent_decode_str(path).decode_utf8_lossy())
}

/// `text` with characters that have a meaning in regular expressions escaped.
pub(super) fn literal_pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for character in text.chars() {
        if r"\.+*?()|[]{}^$#&-~".contains(character) {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}
