//! Broken documents are read as far as they can be.

use super::*;

/// Elements as name and text.
type Elements = Vec<(String, String)>;

/// The elements of `text`, and the mistakes with their lines.
fn read(text: &str) -> (Elements, Vec<(usize, String)>) {
    let mut parts = XmlParts::open(Input::Memory(Arc::new(text.as_bytes().to_vec()))).unwrap();
    let (mut elements, mut mistakes) = (Vec::new(), Vec::new());
    while let Some(part) = parts.next_part() {
        match part {
            XmlPart::Element(element) => elements.push((element.name.clone(), element.text().trim().to_owned())),
            XmlPart::Mistake(line, message) => mistakes.push((line, message)),
        }
    }
    (elements, mistakes)
}

fn items(text: &str) -> Vec<String> {
    read(text)
        .0
        .into_iter()
        .filter(|(name, _)| name == "item")
        .map(|(_, text)| text)
        .collect()
}

#[test]
fn what_can_be_read_is_read() {
    for (text, expected) in [
        (
            "<rss><channel><item>one</item><item>two</item></channel></rss>",
            vec!["one", "two"],
        ),
        // an unknown entity, a lone ampersand, a control character
        (
            "<rss><channel><item>a&nbsp;b & c &x;\u{1}.</item></channel></rss>",
            vec!["a\u{a0}b & c &x;\u{1}."],
        ),
        ("<rss><channel><item>a<b>c</item><item>d</item>", vec!["ac", "d"]),
        ("<rss><channel><item>a</x></b></item><item>d</item>", vec!["a", "d"]),
        ("<rss><channel><item>a<item>b</item></channel></rss>", vec!["a", "b"]),
        ("<rss><channel><item>a", vec!["a"]),
        (
            "<rss><channel><item><![CDATA[a]]]]><![CDATA[>b]]></item></channel></rss>",
            vec!["a]]>b"],
        ),
        (
            "<rss><channel><item>a</item></channel></rss><?xml version='1.0'?><rss><channel><item>b</item></channel></rss>",
            vec!["a", "b"],
        ),
        (
            "<rss><channel>\n<item>a<![CDATA[endless</item>\n<item>b</item></channel></rss>",
            vec!["a", "b"],
        ),
        (
            "<rss><channel><item>a<!-- endless</item>\n<item>b</item></channel></rss>",
            vec!["a", "b"],
        ),
        (
            "<!DOCTYPE rss [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><rss><channel><item>&b;</item></channel></rss>",
            vec!["&b;"],
        ),
    ] {
        assert_eq!(items(text), expected, "{text}");
    }
}

#[test]
fn mistakes_have_their_line() {
    let text = "<rss><channel>\n<item>a</item>\n<item>b\n<item>c</item>\n</channel></rss>";
    let (_, mistakes) = read(text);
    assert_eq!(
        mistakes,
        [(3, "the end of this `item` is missing: another item begins in it".to_owned())]
    );
    let (_, mistakes) = read("<rss><channel>\n\n<item>a<![CDATA[endless</item>\n<item>b</item>\n<item>c");
    assert_eq!(
        mistakes.iter().map(|(line, _)| *line).collect::<Vec<_>>(),
        [3, 3, 5],
        "{mistakes:?}"
    );
}

#[test]
fn prefixes_follow_the_namespace_and_not_the_document() {
    for namespace in [
        "http://wordpress.org/export/1.0/",
        "https://wordpress.org/export/1.2/",
        "http://www.wordpress.org/export/1.1/",
    ] {
        let text = format!(
            "<rss xmlns:x='{namespace}' xmlns:e='{namespace}excerpt/'><channel><x:a>1</x:a><e:encoded>2</e:encoded></channel></rss>"
        );
        let names: Vec<String> = read(&text).0.into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["wp:a", "excerpt:encoded"], "{namespace}");
    }
    // it was not declared
    assert_eq!(read("<rss><channel><wp:a>1</wp:a></channel></rss>").0[0].0, "wp:a");
    let atom = "<feed xmlns='http://www.w3.org/2005/Atom'><entry><content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>x</div></content></entry></feed>";
    assert_eq!(read(atom).0, [("atom:entry".to_owned(), "x".to_owned())]);
}

#[test]
fn an_item_is_bounded_in_size_and_depth() {
    let large = "x".repeat(LARGEST_ITEM / 4);
    let text = format!(
        "<rss><channel><item>{}</item><item>next</item></channel></rss>",
        format!("<p>{large}</p>").repeat(6)
    );
    let (elements, mistakes) = read(&text);
    assert!(elements[0].1.len() <= LARGEST_ITEM && elements[1].1 == "next");
    assert!(mistakes[0].1.contains("is cut here"), "{mistakes:?}");
    let deep = format!(
        "<rss><channel><item>{}word{}</item><item>next</item></channel></rss>",
        "<p>".repeat(5000),
        "</p>".repeat(5000)
    );
    assert_eq!(items(&deep), ["word", "next"]);
    // one text without an end does not fill the memory
    let endless = format!("<rss><channel><item>a<![CDATA[{}", "y".repeat(LARGEST_ITEM + 100_000));
    let (elements, mistakes) = read(&endless);
    assert_eq!((elements[0].1.as_str(), mistakes.len()), ("a", 2), "{mistakes:?}");
}

#[test]
fn other_encodings_are_decoded() {
    let mut bytes = b"<?xml version='1.0' encoding='ISO-8859-1'?><rss><channel><item>caf\xe9</item></channel></rss>".to_vec();
    let mut parts = XmlParts::open(Input::Memory(Arc::new(std::mem::take(&mut bytes)))).unwrap();
    let Some(XmlPart::Element(element)) = parts.next_part() else {
        panic!()
    };
    assert_eq!(element.text(), "café");
}
