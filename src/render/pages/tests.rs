use std::collections::BTreeMap;

use super::*;
use crate::config::Config;

fn custom_theme(files: &[(&str, &str)]) -> Result<Theme, Vec<String>> {
    let files: BTreeMap<String, String> = files.iter().map(|&(name, text)| (name.to_owned(), text.to_owned())).collect();
    let messages = |wrong: Vec<crate::diagnostic::Diagnostic>| wrong.iter().map(ToString::to_string).collect();
    Theme::new(&Config::default(), "templates", &files).map_err(messages)
}

#[test]
fn built_in_templates_make_every_page_and_can_be_exported_and_read_again() {
    let exported = theme::FILES.map(|(name, text)| (name, text));
    let theme = custom_theme(&exported).unwrap();
    let plain = Theme::built_in(&Config::default());
    for page in sample_pages::pages(&Config::default()) {
        let html = plain.render(&page);
        assert!(
            html.starts_with("<!doctype html>") && html.trim_end().ends_with("</html>"),
            "{html}"
        );
        assert!(html.contains("<h1>") && !html.contains("Something went wrong"), "{html}");
        assert_eq!(theme.render(&page), html);
    }
}

#[test]
fn a_template_that_cannot_be_used_is_named_with_its_line() {
    let cases = [
        (
            "list.html",
            "one\n{% for x in %}\n",
            "templates/list.html:2:13: error: syntax error: ",
        ),
        (
            "post.html",
            "\n\n<h1>{{ page.titel }}</h1>",
            "templates/post.html:3:8: error: undefined value",
        ),
        ("missing.html", "{% include 'gone.html' %}", "templates/missing.html:1:"),
        (
            "layout.html",
            "{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}",
            "templates/layout.html:1:",
        ),
        ("search.html", "{{ page.query | shout }}", "templates/search.html:1:"),
    ];
    for (name, text, expected) in cases {
        let wrong = custom_theme(&[(name, text)]).unwrap_err();
        assert!(wrong[0].starts_with(expected), "{name}: {wrong:?}");
    }
}

#[test]
fn values_are_escaped() {
    let theme = custom_theme(&[(
        "missing.html",
        "{{ head.title }}|{{ '</a>\"\\'&/' }}|{{ page.posts | length }}",
    )])
    .unwrap();
    let html = theme.render(&not_found(&Config::default(), None, &[]));
    assert_eq!(html, "Nothing here · Posts|&lt;/a&gt;&quot;&#x27;&amp;/|0");
}
