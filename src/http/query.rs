//! The parameters of the JSON listing.

use url::form_urlencoded;

use crate::index::Filter;

/// What a listing request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Which posts.
    pub filter: Filter,
    /// The page, from 1.
    pub page: usize,
    /// How many posts a page.
    pub per_page: usize,
    /// The parameters beside the page's that links to other pages keep, in the order given.
    pub kept: Vec<(String, String)>,
}

/// The most posts that one page of the listing holds.
pub const MOST_PER_PAGE: usize = 200;

const NAMES: &str = "page, per_page, tag, author, section, lang, year";

impl Query {
    /// Reads the query `text`; `per_page` holds where it names none.
    ///
    /// # Errors
    ///
    /// What is not possible, and what would be, for the client to read.
    pub fn read(text: &str, per_page: usize) -> Result<Query, String> {
        let mut query = Query {
            filter: Filter::default(),
            page: 1,
            per_page,
            kept: Vec::new(),
        };
        let mut seen: Vec<String> = Vec::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            if seen.iter().any(|known| *known == name) {
                return Err(format!("`{name}` is given more than once"));
            }
            let filter = &mut query.filter;
            match &*name {
                "page" => query.page = number(&name, &value, usize::MAX)?,
                "per_page" => query.per_page = number(&name, &value, MOST_PER_PAGE)?,
                "tag" => filter.tag = Some(word(&name, &value)?),
                "author" => filter.author = Some(word(&name, &value)?),
                "section" => filter.section = Some(word(&name, &value)?),
                "lang" => filter.language = Some(word(&name, &value)?),
                "year" => {
                    let year = value.parse().ok().filter(|year| (1..=9999).contains(year));
                    filter.year = Some(year.ok_or("`year` is a number from 1 to 9999")?);
                }
                _ => return Err(format!("there is no parameter `{name}`; there are {NAMES}")),
            }
            if !matches!(&*name, "page" | "per_page") {
                query.kept.push((name.to_string(), value.into_owned()));
            }
            seen.push(name.into_owned());
        }
        Ok(query)
    }
}

fn number(name: &str, value: &str, most: usize) -> Result<usize, String> {
    let number = value.parse().ok().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| {
        if most == usize::MAX {
            format!("`{name}` is a number from 1 on")
        } else {
            format!("`{name}` is a number from 1 to {most}")
        }
    })
}

fn word(name: &str, value: &str) -> Result<String, String> {
    if value.trim().is_empty() {
        Err(format!("`{name}` needs a value"))
    } else {
        Ok(value.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_possible_is_read() {
        let query = Query::read("page=5&tag=c%2B%2B&per_page=200&year=2024&lang=en", 8).unwrap();
        assert_eq!((query.page, query.per_page), (5, 200));
        assert_eq!((query.filter.tag.as_deref(), query.filter.year), (Some("c++"), Some(2024)));
        let kept: Vec<_> = query.kept.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(kept, ["tag", "year", "lang"]);
        assert_eq!(Query::read("", 8).unwrap().per_page, 8);
    }

    #[test]
    fn what_is_not_says_what_would_be() {
        let cases = [
            ("page=0", "`page` is a number from 1 on"),
            ("page=-1", "`page` is a number from 1 on"),
            ("page=abc", "`page` is a number from 1 on"),
            ("page=1e9", "`page` is a number from 1 on"),
            ("page=99999999999999999999999999", "`page` is a number from 1 on"),
            ("per_page=0", "`per_page` is a number from 1 to 200"),
            ("per_page=201", "`per_page` is a number from 1 to 200"),
            ("year=x", "`year` is a number from 1 to 9999"),
            ("year=0", "`year` is a number from 1 to 9999"),
            ("tag=", "`tag` needs a value"),
            ("page=1&page=2", "`page` is given more than once"),
            (
                "tga=x",
                "there is no parameter `tga`; there are page, per_page, tag, author, section, lang, year",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(Query::read(text, 8).unwrap_err(), expected, "{text}");
        }
    }
}
