//! Text that its author has a tool encrypt, by a shortcode around it: `{{% hugo-encryptor "…" %}}`.

use crate::post::unfinished::Code;

/// Names of such shortcodes, and words that names of them hold.
const NAMES: [&str; 3] = ["password", "protected", "protect"];
const PART: &str = "encrypt";

/// Where in `body`, outside code, the first such shortcode begins.
pub(super) fn find(body: &str) -> Option<usize> {
    if !NAMES.iter().chain(&[PART]).any(|name| body.contains(name)) {
        return None;
    }
    let mut code = Code::default();
    let mut offset = 0;
    for line in body.split_inclusive('\n') {
        let at = offset;
        offset += line.len();
        if code.holds(line) || line.starts_with("    ") {
            continue;
        }
        let tags = line.match_indices("{{").chain(line.match_indices("{%"));
        let found = tags.filter(|(start, _)| is_protecting(&line[start + 2..]) && !line[..*start].contains('`'));
        if let Some(start) = found.map(|(start, _)| start).min() {
            return Some(at + start);
        }
    }
    None
}

/// Whether `text`, which shows what a shortcode says, begins with the name of one that encrypts.
pub(in crate::post) fn is_protecting(text: &str) -> bool {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '{' | '%' | '<' | '-'));
    let end = text
        .find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_')))
        .unwrap_or(text.len());
    let name = text[..end].to_ascii_lowercase();
    name.contains(PART) || NAMES.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortcodes_that_encrypt() {
        let cases = [
            ("a\n{{% hugo-encryptor \"x\" %}}\nb\n{{% /hugo-encryptor %}}\n", Some(2)),
            ("{{< encrypt >}}", Some(0)),
            ("{{<password x>}}", Some(0)),
            ("{% encrypted %}", Some(0)),
            ("a {{% protected %}}", Some(2)),
            ("```\n{{% hugo-encryptor %}}\n```\n", None),
            ("`{{% hugo-encryptor %}}`", None),
            ("    {{% encrypt %}}", None),
            ("{{ page.password }}", None),
            ("We encrypt {{ all }}.", None),
            ("{{< figure alt=\"encrypt\" >}}", None),
        ];
        for (body, expected) in cases {
            assert_eq!(find(body), expected, "{body}");
        }
    }
}
