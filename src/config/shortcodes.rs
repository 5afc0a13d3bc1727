//! `[shortcodes]`: tags of other tools that an author teaches feedmill, each with a template for its HTML or Markdown.
//!
//! ```
//! use feedmill::config::{Config, ShortcodeCall};
//!
//! let text = "[shortcodes]\nnotice = '<aside class=\"{{ kind }}\">{{ args[0] }}: {{ inner }}</aside>'\n";
//! let config = Config::parse("feedmill.toml".into(), text).unwrap();
//! let call = ShortcodeCall {
//!     positional: vec!["A <b>"],
//!     named: vec![("kind", "wide")],
//!     inner: "*text*",
//! };
//! let html = config.shortcodes.expand("notice", &call);
//! assert_eq!(html.as_deref(), Some("<aside class=\"wide\">A &lt;b&gt;: *text*</aside>"));
//! ```
//!
//! Templates are minijinja's (Jinja). An argument that is missing is empty, arguments are escaped for HTML, and a template cannot read
//! files. Time and output are bounded. The output is cleaned like all HTML of an author.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior};
use serde::Deserialize;

use super::InvalidSetting;

/// The most shortcodes.
const MOST: usize = 200;

/// In bytes: the longest template.
const LONGEST_TEMPLATE: usize = 16 * 1024;

/// In bytes: the longest output of a template.
const LONGEST_OUTPUT: usize = 64 * 1024;

/// The fuel for one tag: about one for each instruction.
const FUEL: u64 = 20_000;

/// The shortcodes of a site.
#[derive(Clone, Default, Deserialize)]
#[serde(from = "BTreeMap<String, String>")]
pub struct Shortcodes {
    written: BTreeMap<String, String>,
    environment: Arc<Environment<'static>>,
}

impl PartialEq for Shortcodes {
    fn eq(&self, other: &Shortcodes) -> bool {
        self.written == other.written
    }
}

/// A tag in a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShortcodeCall<'a> {
    /// The arguments without a name: `args` in the template.
    pub positional: Vec<&'a str>,
    /// The arguments with a name: variables of their names in the template.
    pub named: Vec<(&'a str, &'a str)>,
    /// The text between the tag and its closing tag: `inner` in the template.
    pub inner: &'a str,
}

impl From<BTreeMap<String, String>> for Shortcodes {
    fn from(written: BTreeMap<String, String>) -> Shortcodes {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        environment.set_fuel(Some(FUEL));
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        for (name, template) in &written {
            // `validate` reports one that is refused here
            let _ = environment.add_template_owned(name.clone(), template.clone());
        }
        Shortcodes {
            written,
            environment: Arc::new(environment),
        }
    }
}

impl fmt::Debug for Shortcodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shortcodes").field(&self.written).finish()
    }
}

impl Shortcodes {
    /// Returns whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.written.is_empty()
    }

    /// Returns whether there is one with this name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.written.contains_key(name)
    }

    /// Returns what the template of the shortcode `name` makes of `call`; `None` if there is none, it fails, or makes too much.
    #[must_use]
    pub fn expand(&self, name: &str, call: &ShortcodeCall<'_>) -> Option<String> {
        self.contains(name).then(|| self.try_expand(name, call).ok()).flatten()
    }

    fn try_expand(&self, name: &str, call: &ShortcodeCall<'_>) -> Result<String, String> {
        let mut values: BTreeMap<&str, Value> = call.named.iter().map(|&(name, value)| (name, Value::from(value))).collect();
        values.insert("args", call.positional.iter().map(|&value| Value::from(value)).collect());
        values.insert("inner", Value::from_safe_string(call.inner.to_owned()));
        let template = self.environment.get_template(name);
        let output = template
            .and_then(|template| template.render(values))
            .map_err(|error| describe(&error))?;
        if output.len() > LONGEST_OUTPUT {
            return Err(format!("its output is longer than {LONGEST_OUTPUT} bytes"));
        }
        Ok(output)
    }

    /// Checks all names, and tries each template without arguments and with some.
    pub(super) fn validate(&self) -> Result<(), InvalidSetting> {
        let mistake = |message: String, fix: &str| Err(InvalidSetting::new("shortcodes", message, fix));
        if self.written.len() > MOST {
            return mistake(format!("there are more than {MOST} shortcodes"), "remove some");
        }
        for (name, template) in &self.written {
            let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
            if name.is_empty() || name.len() > 64 || !name.chars().all(is_name) {
                let message = format!("`{name}` in `[shortcodes]` is not a name of a tag");
                return mistake(message, "write a name of letters, digits, `-` and `_`");
            }
            if template.len() > LONGEST_TEMPLATE {
                let message = format!("the template of the shortcode `{name}` is longer than {LONGEST_TEMPLATE} bytes");
                return mistake(message, "shorten it");
            }
            let sample = ShortcodeCall {
                positional: vec!["one", "two", "three"],
                named: vec![("id", "one"), ("src", "one.png"), ("title", "One & two"), ("class", "one")],
                inner: "*One* <b>two</b>\n",
            };
            let parsed = Environment::new()
                .template_from_str(template)
                .map(drop)
                .map_err(|error| describe(&error));
            let tried = [ShortcodeCall::default(), sample].map(|call| self.try_expand(name, &call).map(drop));
            for result in [parsed].into_iter().chain(tried) {
                if let Err(problem) = result {
                    let message = format!("the template of the shortcode `{name}` fails: {problem}");
                    return mistake(
                        message,
                        "fix the template; it is Jinja with `args`, named arguments and `inner`",
                    );
                }
            }
        }
        Ok(())
    }
}

/// `error` in words: the template's syntax or a value that it cannot use.
fn describe(error: &Error) -> String {
    let what = error.kind().to_string();
    error
        .detail()
        .map_or_else(|| what.clone(), |detail| format!("{what}: {detail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shortcodes(name: &str, template: &str) -> Shortcodes {
        BTreeMap::from([(name.to_owned(), template.to_owned())]).into()
    }

    #[test]
    fn templates_are_tried() {
        let cases = [
            ("a", "<b>{{ args[0] }} {{ x }} {{ x.y.z }} {{ inner }}</b>", None),
            ("a b", "x", Some("is not a name of a tag")),
            ("a", "{{ x", Some("`a` fails: syntax error")),
            ("a", "{{ x | nothing }}", Some("`a` fails: unknown filter")),
            ("a", "{% include 'b' %}", Some("`a` fails: template not found")),
            (
                "a",
                "{% for i in range(9999) %}{{ i }}{% endfor %}",
                Some("`a` fails: engine ran out of fuel"),
            ),
            (
                "a",
                "{{ 'x' * 100000 }}",
                Some("`a` fails: its output is longer than 65536 bytes"),
            ),
        ];
        for (name, template, expected) in cases {
            let message = shortcodes(name, template).validate().err().map(|mistake| mistake.message);
            let is_expected = match (&message, expected) {
                (Some(message), Some(part)) => message.contains(part),
                (None, None) => true,
                _ => false,
            };
            assert!(is_expected, "{template}: {message:?}");
        }
        assert!(shortcodes("a", &"x".repeat(LONGEST_TEMPLATE + 1)).validate().is_err());
    }

    #[test]
    fn arguments_are_escaped() {
        let call = ShortcodeCall {
            positional: vec!["<"],
            named: vec![("args", "x"), ("y", "\"")],
            inner: "<b>",
        };
        let html = shortcodes("a", "{{ args[0] }}{{ y }}{{ inner }}{{ z }}").expand("a", &call);
        assert_eq!(html.as_deref(), Some("&lt;&quot;<b>"));
        assert_eq!(shortcodes("a", "x").expand("b", &call), None);
    }
}
