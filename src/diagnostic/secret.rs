//! Keys whose values are secrets, which are never printed.

/// Parts of a key that make it one of a secret, anywhere in the key.
const ANYWHERE: [&str; 15] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token", // the others are words of other languages, and misspellings
    "passwort",
    "kennwort",
    "passord",
    "wachtwoord",
    "contraseña",
    "contrasena",
    "motdepasse",
    "pasword",
    "passwor",
    "pssword",
];
/// Words of a key that make it one of a secret.
const WORDS: [&str; 7] = ["key", "pwd", "pass", "passcode", "credential", "credentials", "apikey"];
/// Ends of a key that was written in one word.
const ENDS: [&str; 6] = ["apikey", "accesskey", "privatekey", "authkey", "encryptionkey", "licensekey"];
/// Keys without a secret although they contain such a word; without `-`, `_` and capitals.
const HARMLESS: [&str; 8] = [
    "translationkey",
    "sortkey",
    "keypoints",
    "keypoint",
    "keytakeaways",
    "tokenizer",
    "tokenization",
    "secretary",
];

/// Whether the value of `key` is a secret: `password`, `api_key`, `accessToken`, but not `keywords`.
#[must_use]
pub(crate) fn is_secret(key: &str) -> bool {
    let folded: String = key
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    if HARMLESS.contains(&folded.as_str()) {
        return false;
    }
    ANYWHERE.iter().any(|part| folded.contains(part))
        || ENDS.iter().any(|end| folded.ends_with(end))
        || words(key).any(|word| WORDS.iter().any(|secret| word.eq_ignore_ascii_case(secret)))
}

/// The words of a key: `api_key`, `api-key` and `apiKey` have two.
fn words(key: &str) -> impl Iterator<Item = &str> {
    key.split(|c: char| !c.is_alphanumeric()).flat_map(|part| {
        let mut starts = vec![0];
        let mut was_lower = false;
        for (at, c) in part.char_indices() {
            if was_lower && c.is_uppercase() {
                starts.push(at);
            }
            was_lower = c.is_lowercase() || c.is_numeric();
        }
        starts.push(part.len());
        starts
            .windows(2)
            .filter_map(|ends| part.get(*ends.first()?..*ends.last()?))
            .collect::<Vec<_>>()
    })
}

/// The most lines above a line that are searched for its key.
const MOST_LINES: usize = 64;

/// Whether line `number` of `text`, counted from 0, contains the value of a secret: because it has such a key, or because it
/// continues the value of a key above it.
pub(super) fn is_shown(text: &str, number: usize) -> bool {
    let first = number.saturating_sub(MOST_LINES);
    let lines: Vec<&str> = text.split('\n').skip(first).take(number - first + 1).collect();
    for (above, line) in lines.iter().rev().enumerate() {
        if names_secret(line) {
            return true;
        }
        let is_between = matches!(line.trim(), "" | "---" | "+++" | "..." | ";;;");
        let has_own_key = !line.starts_with([' ', '\t', '-', '"', '\'', '{', '}', '[', ']']) && line.contains([':', '=', '：']);
        if has_own_key || (above > 0 && is_between) {
            return false;
        }
    }
    false
}

/// Whether `line` contains a key of a secret, followed by `:` or `=`.
fn names_secret(line: &str) -> bool {
    line.char_indices()
        .filter(|(_, c)| matches!(c, ':' | '=' | '：'))
        .any(|(at, _)| {
            let before = line.get(..at).unwrap_or_default();
            let before = before.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`'));
            let start = before
                .char_indices()
                .rev()
                .find(|(_, c)| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ')))
                .map_or(0, |(at, c)| at + c.len_utf8());
            before.get(start..).is_some_and(is_secret)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_secrets() {
        let secrets = [
            "password",
            "Password",
            "post_password",
            "passwd",
            "token",
            "accessToken",
            "access_token",
            "GITHUB_TOKEN",
            "secret",
            "clientSecret",
            "key",
            "api_key",
            "api-key",
            "apiKey",
            "apikey",
            "API key",
            "private_key",
            "aws_access_key_id",
            "pwd",
            "passphrase",
        ];
        for key in secrets {
            assert!(is_secret(key), "{key}");
        }
        let harmless = [
            "keywords",
            "keyword",
            "monkey",
            "keynote",
            "translationKey",
            "translation_key",
            "passage",
            "compass",
            "tokenizer",
            "title",
            "",
            "turkey",
        ];
        for key in harmless {
            assert!(!is_secret(key), "{key}");
        }
    }

    #[test]
    fn lines_that_show_a_secret() {
        let text = "---\ntitle: x\npassword: hunter2\n  more of it\nopen to all\ntags: [a]\n---\nText.\n";
        let shown: Vec<usize> = (0..8).filter(|&line| is_shown(text, line)).collect();
        assert_eq!(shown, [2, 3, 4]);
        let shown = [
            "{\"api_key\": \"x\", \"title\": [}",
            "  api_key = 'x'",
            "a: {token: x}",
            "- password : x",
            "`password`: x",
        ];
        for line in shown {
            assert!(is_shown(line, 0), "{line}");
        }
        for line in ["keywords: x", "title: A password", "key", "a: b"] {
            assert!(!is_shown(line, 0), "{line}");
        }
    }
}
