//! The error page that needs neither a template nor a site, so that it can always be shown.

use html_escape::{encode_double_quoted_attribute, encode_text};

/// The page for the status code `status` on the site whose first page is at the path `home`. `detail` may be empty.
#[must_use]
pub fn page(home: &str, status: u16, title: &str, detail: &str) -> String {
    let detail = if detail.is_empty() {
        String::new()
    } else {
        format!("<p>{}</p>\n", encode_text(detail))
    };
    let (title, style) = (encode_text(title), super::theme_files::STYLE);
    let home = encode_double_quoted_attribute(home);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"robots\" content=\"noindex\">\n<title>{title}</title>\n<link rel=\"stylesheet\" href=\"{home}{style}\">\n</head>\n\
         <body>\n<main>\n<header class=\"title\">\n<p class=\"kind\">{status}</p>\n<h1>{title}</h1>\n{detail}</header>\n\
         <p><a href=\"{home}\">To the first page</a></p>\n</main>\n</body>\n</html>\n"
    )
}
