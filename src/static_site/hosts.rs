//! Redirects and response headers, in the form of each host of files.

mod apache;
mod caddy;
mod headers;
mod netlify;
mod nginx;

use std::fmt::Write as _;

use percent_encoding::percent_decode_str;
use serde::Deserialize;

pub(super) use self::headers::SampleHeaders;
use super::BuildReport;

/// A host or a web server that serves the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Host {
    /// Netlify: `_redirects`, `_headers`.
    Netlify,
    /// Cloudflare Pages: `_redirects`, `_headers`.
    Cloudflare,
    /// GitHub Pages: `.nojekyll`; it has neither redirects nor headers.
    Github,
    /// GitLab Pages: `_redirects`; it has no headers.
    Gitlab,
    /// nginx: two files to include.
    Nginx,
    /// Caddy: a file to import.
    Caddy,
    /// Apache: `.htaccess`.
    Apache,
}

/// An address that leads on.
#[derive(Clone, Debug)]
pub(super) struct HostRedirect {
    /// The path, percent-encoded, below the address of the site.
    pub(super) from: String,
    /// The query of `/?p=12`; mostly empty.
    pub(super) query: String,
    /// The URL that it leads to.
    pub(super) to: String,
    /// Whether a feed was there, whose readers do not follow pages.
    pub(super) is_feed: bool,
    /// Whether a list of redirects may name it: one to an unlisted post must not be found in a file.
    pub(super) is_public: bool,
}

/// What hosts need in the folder.
#[derive(Debug, Default)]
pub(super) struct HostFiles<'a> {
    /// Files, each with its path and its text.
    pub(super) texts: Vec<(&'static str, String)>,
    /// The redirects that need a page.
    pub(super) as_pages: Vec<&'a HostRedirect>,
}

/// A redirect or a withdrawn address as a host writes it.
struct HostRule<'a> {
    /// The path on the host, percent-encoded.
    from: String,
    /// The query, or nothing.
    query: &'a str,
    /// The path on the host, or a URL elsewhere; empty if what was there is gone.
    to: &'a str,
}

impl HostRule<'_> {
    /// The path as web servers see it.
    fn decoded(&self) -> String {
        percent_decode_str(&self.from).decode_utf8_lossy().into_owned()
    }

    /// The same with each ending that `serve` takes for the same address, which a web server does not: `/old`, `/old/`, `/old/index.html`.
    fn spellings(&self) -> Vec<String> {
        let decoded = self.decoded();
        let page = decoded.trim_end_matches('/');
        if page
            .rsplit('/')
            .next()
            .is_none_or(|name| name.is_empty() || name.contains('.'))
        {
            return vec![decoded];
        }
        ["", "/", "/index.html"]
            .iter()
            .map(|ending| format!("{page}{ending}"))
            .collect()
    }
}

impl Host {
    /// How many redirects the host accepts; `None` for any number.
    fn most_redirects(self) -> Option<usize> {
        match self {
            Host::Github => Some(0),
            // with one more, GitLab uses none
            Host::Gitlab => Some(1000),
            Host::Cloudflare => Some(2000),
            Host::Netlify | Host::Nginx | Host::Caddy | Host::Apache => None,
        }
    }

    /// Whether it can redirect by a query.
    fn knows_queries(self) -> bool {
        matches!(self, Host::Netlify | Host::Nginx | Host::Caddy | Host::Apache)
    }

    /// The files that it reads.
    fn file_names(self) -> &'static [&'static str] {
        match self {
            Host::Netlify | Host::Cloudflare => &["_redirects", "_headers"],
            Host::Gitlab => &["_redirects"],
            Host::Github => &[".nojekyll"],
            Host::Nginx => &[nginx::MAPS, nginx::SERVER],
            Host::Caddy => &[caddy::NAME],
            Host::Apache => &[".htaccess"],
        }
    }

    /// Two of `hosts` that read the same file, each in a way of its own.
    #[must_use]
    pub fn conflict(hosts: &[Host]) -> Option<(Host, Host)> {
        let with_later = hosts
            .iter()
            .enumerate()
            .flat_map(|(at, one)| hosts.iter().skip(at + 1).map(move |other| (*one, *other)));
        let mut pairs = with_later.filter(|(one, other)| one != other);
        pairs.find(|(one, other)| one.file_names().iter().any(|name| other.file_names().contains(name)))
    }

    /// Its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Host::Netlify => "Netlify",
            Host::Cloudflare => "Cloudflare Pages",
            Host::Github => "GitHub Pages",
            Host::Gitlab => "GitLab Pages",
            Host::Nginx => "nginx",
            Host::Caddy => "Caddy",
            Host::Apache => "Apache",
        }
    }

    fn add_files(self, rules: &[HostRule], gone: &[HostRule], samples: &SampleHeaders, texts: &mut Vec<(&'static str, String)>) {
        let most = self.most_redirects().unwrap_or(usize::MAX);
        // those with a query come last
        let without = rules.iter().take_while(|rule| rule.query.is_empty()).count();
        let accepted = if self.knows_queries() { rules.len() } else { without };
        let rules = rules.get(..most.min(accepted)).unwrap_or_default();
        match self {
            Host::Netlify | Host::Cloudflare => {
                texts.push(("_redirects", netlify::redirects(rules)));
                texts.push(("_headers", netlify::headers(samples)));
            }
            Host::Gitlab => texts.push(("_redirects", netlify::redirects(rules))),
            // without it, GitHub leaves out files whose names begin with `_`
            Host::Github => texts.push((".nojekyll", String::new())),
            Host::Nginx => {
                texts.push((nginx::MAPS, nginx::maps(rules, gone)));
                texts.push((nginx::SERVER, nginx::server(samples)));
            }
            Host::Caddy => texts.push((caddy::NAME, caddy::site(rules, gone, samples))),
            Host::Apache => texts.push((".htaccess", apache::htaccess(rules, gone, samples))),
        }
    }
}

/// The files for `hosts`, and the redirects that need a page because a host cannot redirect, or accepts no more.
pub(super) fn files<'a>(
    hosts: &[Host],
    redirects: &'a [HostRedirect],
    gone: &[String],
    samples: &SampleHeaders,
    report: &mut BuildReport,
) -> HostFiles<'a> {
    let on_host = |path: &str| format!("{}{path}", samples.base_path);
    let (public, hidden): (Vec<&HostRedirect>, Vec<&HostRedirect>) = redirects.iter().partition(|redirect| redirect.is_public);
    let (public, queries): (Vec<&HostRedirect>, Vec<&HostRedirect>) =
        public.into_iter().partition(|redirect| redirect.query.is_empty());
    let rules: Vec<HostRule> = public
        .iter()
        .chain(&queries)
        .map(|redirect| HostRule {
            from: on_host(&redirect.from),
            query: &redirect.query,
            to: samples.path_on_host(&redirect.to),
        })
        .collect();
    let gone: Vec<HostRule> = gone
        .iter()
        .map(|path| HostRule {
            from: on_host(path),
            query: "",
            to: "",
        })
        .collect();
    let mut found = HostFiles::default();
    for host in hosts {
        host.add_files(&rules, &gone, samples, &mut found.texts);
        if let Some(most) = host.most_redirects()
            && most > 0
            && public.len() > most
        {
            let (name, left) = (host.name(), public.len() - most);
            report
                .notes
                .push(format!("{name} accepts {most} redirects; {left} more are pages that lead on"));
        }
        if !host.knows_queries() {
            note_queries(host.name(), &queries, report);
        }
        if !gone.is_empty() && matches!(host, Host::Netlify | Host::Cloudflare | Host::Github | Host::Gitlab) {
            let name = host.name();
            report
                .notes
                .push(format!("{name} answers 404 where a post was withdrawn, and not 410"));
        }
        if matches!(host, Host::Github | Host::Gitlab) {
            let name = host.name();
            report.notes.push(format!(
                "{name} sends its own headers: no feed is sent with its own media type, and caching is not as configured"
            ));
        }
    }
    if hosts.is_empty() {
        note_queries("a host that only has files", &queries, report);
    }
    let least = hosts.iter().filter_map(|host| host.most_redirects()).min();
    let from = if hosts.is_empty() { 0 } else { least.unwrap_or(usize::MAX) };
    let hidden = hidden.into_iter().filter(|redirect| redirect.query.is_empty());
    found.as_pages = public.into_iter().skip(from).chain(hidden).collect();
    found
}

/// Says which redirects `host` cannot have, because no file can be at such an address.
fn note_queries(host: &str, queries: &[&HostRedirect], report: &mut BuildReport) {
    if let Some(first) = queries.first() {
        let (count, example) = (queries.len(), format!("{}?{}", first.from, first.query));
        report.notes.push(format!(
            "{host} cannot redirect by a query: {count} old addresses such as `{example}` show what is at the address without it"
        ));
    }
}

/// The page at an address that leads on to `to`.
pub(super) fn redirect_page(to: &str) -> String {
    let to = html_escape::encode_quoted_attribute(to);
    let mut page = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    let _ = write!(
        page,
        "<title>This page has moved</title>\n<meta name=\"robots\" content=\"noindex\">\n<link rel=\"canonical\" href=\"{to}\">\n\
         <meta http-equiv=\"refresh\" content=\"0; url={to}\">\n</head>\n<body>\n<p>This page has moved to <a href=\"{to}\">{to}</a>.</p>\n\
         </body>\n</html>\n"
    );
    page
}

/// `text` in double quotes, as nginx and Apache read it. What begins a variable there is percent-encoded.
fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{text}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirect(n: usize, is_public: bool) -> HostRedirect {
        HostRedirect {
            from: format!("/old/{n}"),
            query: String::new(),
            to: format!("https://example.com/new/{n}"),
            is_feed: false,
            is_public,
        }
    }

    fn samples() -> SampleHeaders {
        SampleHeaders {
            base: "https://example.com/blog".to_owned(),
            base_path: "/blog".to_owned(),
            ..SampleHeaders::default()
        }
    }

    #[test]
    fn redirects_that_a_host_does_not_accept_are_pages() {
        let many: Vec<HostRedirect> = (0..1500).map(|n| redirect(n, true)).collect();
        for (hosts, rules, pages) in [
            (&[][..], 0, 1500),
            (&[Host::Netlify], 1500, 0),
            (&[Host::Gitlab], 1000, 500),
            (&[Host::Github], 0, 1500),
            (&[Host::Cloudflare], 1500, 0),
        ] {
            let mut report = BuildReport::default();
            let files = files(hosts, &many, &[], &samples(), &mut report);
            let list = files.texts.iter().find(|(path, _)| *path == "_redirects");
            assert_eq!(list.map_or(0, |(_, text)| text.lines().count()), rules, "{hosts:?}");
            assert_eq!(files.as_pages.len(), pages, "{hosts:?}");
            assert_eq!(
                hosts == [Host::Gitlab],
                report.notes.iter().any(|note| note.contains("500 more")),
                "{hosts:?}"
            );
        }
    }

    #[test]
    fn an_old_address_with_a_query_leads_on_where_a_host_can_do_that() {
        let query = HostRedirect {
            from: "/".to_owned(),
            query: "p=12&b".to_owned(),
            ..redirect(2, true)
        };
        let folder = HostRedirect {
            from: "/old/%C3%A4/".to_owned(),
            ..redirect(1, true)
        };
        for (host, path, expected) in [
            (
                Host::Netlify,
                "_redirects",
                "/blog/old/%C3%A4/ https://example.com/new/1 301\n/blog/ p=12 b https://example.com/new/2 301!\n",
            ),
            (
                Host::Cloudflare,
                "_redirects",
                "/blog/old/%C3%A4/ https://example.com/new/1 301\n",
            ),
            (
                Host::Nginx,
                nginx::MAPS,
                "    \"/blog/old/ä\" \"https://example.com/new/1\";\n    \"/blog/old/ä/\" \"https://example.com/new/1\";\n    \"/blog/old/ä/index.html\" \"https://example.com/new/1\";\n}\n\
                 map \"$uri?$args\" $feedmill_query_to {\n    default \"\";\n    \"/blog/?p=12&b\" \"https://example.com/new/2\";\n}\n",
            ),
            (
                Host::Caddy,
                caddy::NAME,
                "map {path}?{query} {feedmill_query_to} {\n\t\"/blog/?p=12&b\" \"https://example.com/new/2\"\n",
            ),
            (
                Host::Apache,
                ".htaccess",
                "RewriteCond %{QUERY_STRING} \"^p=12\\\\&b$\"\nRewriteRule \"^$\" \"https://example.com/new/2\" [R=301,L,QSD,NE]\n",
            ),
        ] {
            let mut report = BuildReport::default();
            let redirects = [query.clone(), folder.clone()];
            let files = files(&[host], &redirects, &[], &samples(), &mut report);
            let text = &files.texts.iter().find(|(name, _)| *name == path).unwrap().1;
            assert!(text.contains(expected), "{path}: {expected}\n{text}");
            assert!(files.as_pages.is_empty());
            let is_said = report.notes.iter().any(|note| note.contains("`/?p=12&b`"));
            assert_eq!(is_said, host == Host::Cloudflare, "{:?}", report.notes);
        }
        // no page can be at such an address
        let mut report = BuildReport::default();
        let redirects = [query, folder];
        let files = files(&[], &redirects, &[], &samples(), &mut report);
        assert_eq!(files.as_pages.len(), 1);
        assert_eq!(report.notes.len(), 1);
    }

    #[test]
    fn two_hosts_that_read_the_same_file_are_named() {
        use Host::{Cloudflare, Github, Gitlab, Netlify, Nginx};
        assert_eq!(
            Host::conflict(&[Nginx, Netlify, Github, Cloudflare]),
            Some((Netlify, Cloudflare))
        );
        assert_eq!(Host::conflict(&[Gitlab, Netlify]), Some((Gitlab, Netlify)));
        assert_eq!(Host::conflict(&[Nginx, Netlify, Nginx, Github]), None);
    }

    #[test]
    fn no_file_names_an_unlisted_post() {
        let hidden = [redirect(1, false)];
        let all = [
            Host::Netlify,
            Host::Cloudflare,
            Host::Github,
            Host::Gitlab,
            Host::Nginx,
            Host::Caddy,
            Host::Apache,
        ];
        let files = files(&all, &hidden, &[], &samples(), &mut BuildReport::default());
        for (path, text) in &files.texts {
            assert!(!text.contains("/new/1"), "{path}");
        }
        assert_eq!(files.as_pages.len(), 1);
    }

    #[test]
    fn a_redirect_page_is_escaped() {
        let page = redirect_page("https://example.com/\"><script>");
        assert!(!page.contains("<script>"), "{page}");
    }
}
