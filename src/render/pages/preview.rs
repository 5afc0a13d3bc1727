//! Notices on pages that are not public: why a post is not public, or until when it is shared.
//!
//! They are added to the rendered page, so that they do not depend on the author's templates.

use std::fmt::Write as _;

use super::page::PageDate;
use crate::config::Config;
use crate::post::{Post, Visibility};
use crate::render::escaped;
use crate::time::{Moment, Timestamp};

/// The name of a visibility on pages.
pub(super) fn visibility_name(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Public => "Public",
        Visibility::Page => "Page",
        Visibility::Unlisted => "Unlisted",
        Visibility::Draft => "Draft",
        Visibility::Private => "Private",
        Visibility::Held => "Held back",
        Visibility::Scheduled => "Scheduled",
        Visibility::Expired => "Expired",
    }
}

/// Why `post` is not public at `now`, in a sentence for its author.
#[must_use]
pub(crate) fn unpublished_reason(post: &Post, now: Timestamp, config: &Config) -> String {
    let origins = &post.origins;
    let visibility = post.visibility(now);
    let state = visibility_name(visibility);
    match visibility {
        Visibility::Scheduled => format!(
            "Scheduled for {} ({}). Until then only you see this.",
            instant(post.date, config),
            origins.date
        ),
        Visibility::Expired => {
            let when = post.expires.map(|expires| format!(" on {}", instant(expires, config)));
            format!("Expired{}. Only you see this.", when.unwrap_or_default())
        }
        Visibility::Held => "Held back: `feedmill check` says why. Only you see this.".to_owned(),
        _ => format!("{state} ({}). Only you see this.", origins.status),
    }
}

/// The notice on a draft that is shared until `until`.
#[must_use]
pub(crate) fn shared_until(until: Timestamp, config: &Config) -> String {
    let until = Moment::utc(until).in_zone(&config.timezone());
    format!(
        "A draft, shared with you until {}. Please do not pass it on.",
        instant(until, config)
    )
}

/// `14 November 2026, 09:00 +01:00`.
fn instant(moment: Moment, config: &Config) -> String {
    let day = PageDate::new(moment, &config.site.language);
    // 2026-11-14T09:00:00+01:00
    let time = day.iso.get(11..16).unwrap_or_default();
    let offset = match day.iso.get(19..) {
        Some("Z") | None => "UTC",
        Some(offset) => offset,
    };
    format!("{}, {time} {offset}", day.text)
}

/// The page `html` with the text `notice` above its content.
#[must_use]
pub(crate) fn with_notice(html: &str, notice: &str) -> String {
    let body = html.find("<body").and_then(|at| Some(at + html.get(at..)?.find('>')? + 1));
    // a template may lack the tag; parsers put what follows the page into the body
    let (before, after) = html.split_at_checked(body.unwrap_or(html.len())).unwrap_or((html, ""));
    let mut page = before.to_owned();
    let _ = write!(
        page,
        "\n<aside class=\"notice\" aria-label=\"Who sees this\" lang=\"en\" dir=\"ltr\">{}</aside>",
        escaped(notice)
    );
    page + after
}

/// The page `html` with the script at the path `script`. The script gets `site`, the instant of the site that the page is from.
#[must_use]
pub(crate) fn with_script(html: &str, script: &str, site: Timestamp) -> String {
    let end = html.find("</head>").unwrap_or(html.len());
    let (before, after) = html.split_at_checked(end).unwrap_or((html, ""));
    format!("{before}<script src=\"{script}\" data-site=\"{site}\" defer></script>\n{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_and_scripts_are_added_to_pages_of_any_template() {
        let cases = [
            (
                "<html><head><title>&lt;body></title></head><body class=\"x\"><main></main></body></html>",
                "<body class=\"x\">\n<aside class=\"notice\"",
                "<script src=\"/s.js\" data-site=\"1970-01-01T00:00:00Z\" defer></script>\n</head>",
            ),
            (
                "<!doctype html><p>bare",
                "bare\n<aside class=\"notice\"",
                "bare<script src=\"/s.js\"",
            ),
            ("<body", "<body\n<aside", "<body<script"),
            ("", "<aside", "<script"),
        ];
        for (html, notice, script) in cases {
            let page = with_notice(html, "Draft <x>.");
            assert!(page.contains(notice) && page.contains("Draft &lt;x&gt;.</aside>"), "{page}");
            let page = with_script(html, "/s.js", Timestamp::UNIX_EPOCH);
            assert!(page.contains(script), "{page}");
        }
    }

    #[test]
    fn instants_are_written_on_the_authors_calendar() {
        let mut config = Config::default();
        config.site.timezone = "Europe/Berlin".to_owned();
        let until = "2026-11-14T08:00:00Z".parse().unwrap();
        assert_eq!(
            shared_until(until, &config),
            "A draft, shared with you until 14 November 2026, 09:00 +01:00. Please do not pass it on."
        );
        assert_eq!(instant(Moment::utc(until), &config), "14 November 2026, 08:00 UTC");
    }
}
