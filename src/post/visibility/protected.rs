//! Finds text that another tool would encrypt, because of a shortcode around it: `{{% hugo-encryptor "…" %}}`.

use crate::post::unfinished::CodeLines;

/// Names of such shortcodes.
const NAMES: [&str; 3] = ["password", "protected", "protect"];
/// A word that other names of such shortcodes contain.
const NAME_PART: &str = "encrypt";

/// Returns the offset of the first such shortcode in `body`, outside code.
pub(super) fn find_protected(body: &str) -> Option<usize> {
    if !NAMES.iter().chain(&[NAME_PART]).any(|name| body.contains(name)) {
        return None;
    }
    let mut code = CodeLines::default();
    let mut offset = 0;
    for line in body.split_inclusive('\n') {
        let at = offset;
        offset += line.len();
        if code.contains(line) || line.starts_with("    ") {
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

/// Returns whether `text`, a shortcode or its content, begins with the name of a shortcode that encrypts.
pub(in crate::post) fn is_protecting(text: &str) -> bool {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '{' | '%' | '<' | '-'));
    let end = text
        .find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_')))
        .unwrap_or(text.len());
    let name = text[..end].to_ascii_lowercase();
    name.contains(NAME_PART) || NAMES.contains(&name.as_str())
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
            ("in a long line {{% protected %}}", Some(15)),
            ("a\nbcd {{% encrypt %}}", Some(6)),
            ("```\n{{% hugo-encryptor %}}\n```\n", None),
            ("`{{% hugo-encryptor %}}`", None),
            ("    {{% encrypt %}}", None),
            ("{{ page.password }}", None),
            ("We encrypt {{ all }}.", None),
            ("{{< figure alt=\"encrypt\" >}}", None),
        ];
        for (body, expected) in cases {
            assert_eq!(find_protected(body), expected, "{body}");
        }
    }
}
