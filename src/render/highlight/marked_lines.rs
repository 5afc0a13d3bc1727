//! Marks lines of highlighted code.

/// Returns `html`, a block of code whose only markup is `span` elements that are not nested, with `mark` elements around the lines whose
/// numbers are in one of the ranges `lines`. Numbers begin at 1.
#[must_use]
pub fn mark_lines(html: &str, lines: &[(usize, usize)]) -> String {
    let mut out = String::with_capacity(html.len() + 64);
    let mut open: Option<&str> = None;
    for (at, line) in html.split_inclusive('\n').enumerate() {
        let number = at + 1;
        let is_marked = lines.iter().any(|(first, last)| (*first..=*last).contains(&number));
        let (text, end) = line.split_at(line.trim_end_matches('\n').len());
        let after = open_at_end(text, open);
        if is_marked {
            // an element must end inside the element in which it began
            let close = |tag: Option<&str>| if tag.is_some() { "</span>" } else { "" };
            let parts = [
                close(open),
                "<mark>",
                open.unwrap_or_default(),
                text,
                close(after),
                "</mark>",
                after.unwrap_or_default(),
                end,
            ];
            out.extend(parts);
        } else {
            out.push_str(line);
        }
        open = after;
    }
    out
}

/// The start tag that is open at the end of `line`, at whose start `open` is.
fn open_at_end<'a>(line: &'a str, open: Option<&'a str>) -> Option<&'a str> {
    let mut tags = line.rmatch_indices('<').map(|(at, _)| &line[at..]);
    match tags.next() {
        Some(tag) if tag.starts_with("</") => None,
        Some(tag) => tag.split_inclusive('>').next(),
        None => open,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_elements_across_them() {
        let cases = [
            ("a\nb\nc\n", &[(2, 2)][..], "a\n<mark>b</mark>\nc\n"),
            ("a\nb", &[(1, 9)], "<mark>a</mark>\n<mark>b</mark>"),
            (
                "<span class=\"s\">a\nb</span> c\n",
                &[(1, 1)],
                "<mark><span class=\"s\">a</span></mark><span class=\"s\">\nb</span> c\n",
            ),
            (
                "<span class=\"s\">a\nb\nc</span>\n",
                &[(2, 2)],
                "<span class=\"s\">a\n</span><mark><span class=\"s\">b</span></mark><span class=\"s\">\nc</span>\n",
            ),
            (
                "<span class=\"s\">a\nb</span>\n",
                &[(2, 2)],
                "<span class=\"s\">a\n</span><mark><span class=\"s\">b</span></mark>\n",
            ),
            ("a &lt;b\n", &[], "a &lt;b\n"),
        ];
        for (html, lines, expected) in cases {
            assert_eq!(mark_lines(html, lines), expected, "{html:?}");
        }
    }
}
