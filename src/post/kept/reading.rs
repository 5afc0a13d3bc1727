//! Reading a post from bytes that are not trusted.

use std::sync::Arc;

use camino::Utf8Path;
use jiff::tz::Offset;
use serde_json::{Map, Number, Value};

use super::{DIRECTIONS, ORIGINS, STANDINGS, kind};
use crate::post::{
    Alike, Digest, Each, Enclosure, Fingerprint, Likeness, Origin, Origins, Person, Post, Rare, RareFields, Text, Words,
    front_matter,
};
use crate::time::{Moment, Timestamp};

/// The post in the file at `path` that was written as `bytes`, without its text; `None` where they are something else.
#[must_use]
pub fn read(path: &Utf8Path, bytes: &[u8]) -> Option<Post> {
    let mut rest = Reading(bytes);
    let post = rest.post(path)?;
    rest.0.is_empty().then_some(post)
}

/// What is left to be read.
struct Reading<'a>(&'a [u8]);

impl<'a> Reading<'a> {
    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for place in 0..10 {
            let [byte] = self.bytes()?;
            let digits = u64::from(byte & 0x7f);
            let shifted = digits << (7 * place);
            if shifted >> (7 * place) != digits {
                return None;
            }
            number |= shifted;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn truth(&mut self) -> Option<bool> {
        match self.bytes()? {
            [0] => Some(false),
            [1] => Some(true),
            _ => None,
        }
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }

    fn owned(&mut self) -> Option<String> {
        self.text().map(str::to_owned)
    }

    #[expect(clippy::option_option, reason = "that there is no value is not that it cannot be read")]
    fn option<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        if self.truth()? { read(self).map(Some) } else { Some(None) }
    }

    /// Each value takes a byte or more, and room is made as values come.
    fn list<T, L: FromIterator<T>>(&mut self, mut read: impl FnMut(&mut Self) -> Option<T>) -> Option<L> {
        let length = self.number()?;
        (0..length).map(|_| read(self)).collect()
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> Option<T> {
        let place = usize::try_from(self.number()?).ok()?;
        all.get(place).cloned()
    }

    fn digest(&mut self) -> Option<Digest> {
        self.bytes().map(Digest::from)
    }

    fn timestamp(&mut self) -> Option<Timestamp> {
        let second = i64::from_le_bytes(self.bytes()?);
        let nanosecond = i32::from_le_bytes(self.bytes()?);
        Timestamp::new(second, nanosecond).ok()
    }

    fn moment(&mut self) -> Option<Moment> {
        let at = self.timestamp()?;
        let offset = Offset::from_seconds(i32::from_le_bytes(self.bytes()?)).ok()?;
        Moment::new(at, offset)
    }

    fn post(&mut self, path: &Utf8Path) -> Option<Post> {
        // fields are read in the order in which they stand here
        Some(Post {
            words: Words::from(Each {
                source: path,
                id: self.text()?,
                slug: self.text()?,
                address: self.text()?,
                title: self.text()?,
                summary: self.text()?,
            }),
            date: self.moment()?,
            updated: self.option(Reading::moment)?,
            standing: self.one_of(&STANDINGS)?,
            in_feeds: self.truth()?,
            minor: self.option(Reading::truth)?,
            tags: Arc::new(self.list(|rest| rest.text().map(Arc::from))?),
            alike: self.alike()?,
            direction: self.one_of(&DIRECTIONS)?,
            rare: self.option(Reading::rare)?.map(Rare::from).unwrap_or_default(),
            content: Fingerprint {
                shown: self.digest()?,
                text: self.digest()?,
                likeness: Likeness(u64::from_le_bytes(self.bytes()?)),
            },
            file: self.digest()?,
            text: Text::from(self.digest()?),
            touched: self.timestamp()?.into(),
            told: None,
            is_out_already: false,
            is_held: self.truth()?,
        })
    }

    fn alike(&mut self) -> Option<Arc<Alike>> {
        Some(Arc::new(Alike {
            authors: self.list::<_, Vec<Person>>(Reading::person)?.into(),
            section: self.option(Reading::text)?.map(Arc::from),
            language: self.option(Reading::text)?.map(Arc::from),
            origins: Arc::new(Origins {
                title: self.origin()?,
                id: self.origin()?,
                address: self.origin()?,
                date: self.origin()?,
                standing: self.origin()?,
                summary: self.origin()?,
            }),
        }))
    }

    fn person(&mut self) -> Option<Person> {
        Some(Person {
            name: self.owned()?,
            email: self.option(Reading::owned)?,
            url: self.option(Reading::owned)?,
        })
    }

    fn rare(&mut self) -> Option<RareFields> {
        Some(RareFields {
            aliases: self.list(Reading::owned)?,
            names: self.list(Reading::owned)?,
            atom_id: self.option(Reading::owned)?,
            other_ids: self.list(Reading::owned)?,
            expires: self.option(Reading::moment)?,
            image: self.option(Reading::owned)?,
            link: self.option(Reading::owned)?,
            enclosures: self.list(Reading::enclosure)?,
            extra: self.map(0)?,
        })
    }

    fn enclosure(&mut self) -> Option<Enclosure> {
        Some(Enclosure {
            url: self.owned()?,
            media_type: self.owned()?,
            length: self.number()?,
            duration: self.option(Reading::number)?,
            title: self.option(Reading::owned)?,
        })
    }

    fn origin(&mut self) -> Option<Origin> {
        Some(match self.one_of(&ORIGINS)? {
            Origin::Field(_) => Origin::Field(self.owned()?),
            Origin::Inherited(_) => Origin::Inherited(self.owned()?),
            other => other,
        })
    }

    fn map(&mut self, depth: usize) -> Option<Map<String, Value>> {
        self.list(|rest| Some((rest.owned()?, rest.value(depth + 1)?)))
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > front_matter::DEEPEST {
            return None;
        }
        Some(match self.bytes()? {
            [kind::NULL] => Value::Null,
            [kind::FALSE] => false.into(),
            [kind::TRUE] => true.into(),
            [kind::NUMBER] => Value::Number(number(self.text()?)?),
            [kind::TEXT] => self.text()?.into(),
            [kind::LIST] => Value::Array(self.list(|rest| rest.value(depth + 1))?),
            [kind::MAP] => Value::Object(self.map(depth)?),
            _ => return None,
        })
    }
}

/// The very number that was written as `text`: `serde_json` reads the last digit of some otherwise.
fn number(text: &str) -> Option<Number> {
    let whole = text.parse::<i64>().map(Number::from).ok();
    let whole = whole.or_else(|| text.parse::<u64>().map(Number::from).ok());
    whole.or_else(|| Number::from_f64(text.parse().ok()?))
}
