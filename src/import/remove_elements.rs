//! Takes elements out of HTML that belong to the old site and not to a post.

use crate::post::html::token::{self, Token};

/// `html` without the elements of whose name and classes `is_unwanted` says so, and without their content.
pub(crate) fn without_elements(html: &str, is_unwanted: &dyn Fn(&str, &str) -> bool) -> String {
    let mut out = String::with_capacity(html.len());
    let mut unwanted: Option<(String, usize)> = None;
    let mut offset = 0;
    for token in token::tokens(html) {
        let written = match &token {
            Token::Start(tag) => tag.written,
            Token::Text(text) | Token::Raw(text) => text,
            // the end tag, and comments before it
            Token::End(_) => {
                let rest = html.get(offset..).unwrap_or_default();
                let end = rest
                    .find("</")
                    .and_then(|at| rest.get(at..)?.find('>').map(|end| at + end + 1));
                rest.get(..end.unwrap_or(rest.len())).unwrap_or_default()
            }
        };
        offset = written.as_ptr() as usize - html.as_ptr() as usize + written.len();
        match (&token, &mut unwanted) {
            (Token::Start(tag), Some((name, depth))) if tag.name == *name && !tag.closes_itself => *depth += 1,
            (Token::End(ended), Some((name, depth))) if ended == name => {
                *depth -= 1;
                if *depth == 0 {
                    unwanted = None;
                }
            }
            (_, Some(_)) => {}
            (Token::Start(tag), None) if is_unwanted(&tag.name, tag.attribute("class").unwrap_or_default()) => {
                if !token::is_void(&tag.name) && !tag.closes_itself {
                    unwanted = Some((tag.name.clone(), 1));
                }
            }
            (_, None) => out.push_str(written),
        }
    }
    out
}
