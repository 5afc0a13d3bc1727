//! The page that explains the hub to people who open its address.

use html_escape::{encode_double_quoted_attribute, encode_text};

use crate::config::Config;
use crate::render::xml_text::one_line;

/// The page for the site with the configuration `config`, whose first page is at the path `home`, about its hub at the address `hub`.
#[must_use]
pub fn hub(config: &Config, home: &str, hub: &str) -> String {
    let (site, base) = (one_line(&config.site.title), config.base());
    let (site, base, hub) = (encode_text(&site), encode_text(&base), encode_text(hub));
    let style = super::theme_files::STYLE;
    let home = encode_double_quoted_attribute(home);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"robots\" content=\"noindex\">\n<title>Hub: {site}</title>\n<link rel=\"stylesheet\" href=\"{home}{style}\">\n</head>\n\
         <body>\n<main>\n<header class=\"title\">\n<h1>The hub of {site}</h1>\n</header>\n\
         <p>This address is for programs. A feed reader that knows <a href=\"https://www.w3.org/TR/websub/\">WebSub</a> finds it by \
         itself and is sent new posts at once, so there is nothing to do here. To follow this site, \
         <a href=\"{home}subscribe\">subscribe to its feed</a>.</p>\n\
         <p>If you write such a program: send a form here.</p>\n\
         <pre><code>curl {hub} -d hub.mode=subscribe \\\n  --data-urlencode hub.topic={base}/atom.xml \\\n  \
         --data-urlencode hub.callback=https://reader.example/push</code></pre>\n\
         <p>The topic is any feed of this site: of everything, a tag, an author or a section, as RSS, Atom or JSON Feed. The answer is \
         202; then the callback is asked with <code>hub.challenge</code>, and has to answer with just that. A subscription lasts 10 days \
         unless <code>hub.lease_seconds</code> says something else, from an hour to 15 days. With <code>hub.secret</code>, what is sent \
         is signed.</p>\n\
         </main>\n</body>\n</html>\n"
    )
}
