//! Writing a post as bytes.

use serde_json::{Map, Value};

use super::{DIRECTIONS, ORIGINS, STANDINGS, kind};
use crate::post::{Alike, Each, Enclosure, Fingerprint, Likeness, Origin, Origins, Person, Post, Rare, RareFields};
use crate::time::{Moment, Timestamp};

/// Adds `post` to `out`, as reading its file gave it.
pub fn write(post: &Post, out: &mut Vec<u8>) {
    let Post {
        words,
        date,
        updated,
        standing,
        in_feeds,
        minor,
        tags,
        alike,
        direction,
        rare,
        content,
        file,
        text,
        touched,
        // files say neither
        told: _,
        is_out_already: _,
        is_held,
    } = post;
    let Alike {
        authors,
        section,
        language,
        origins,
    } = &**alike;
    let out = &mut Writing(out);
    let Each {
        source: _,
        id,
        slug,
        address,
        title,
        summary,
    } = words.each();
    for part in [id, slug, address, title, summary] {
        out.text(part);
    }
    out.moment(*date);
    out.option(updated.as_ref(), |out, updated| out.moment(*updated));
    out.one_of(&STANDINGS, standing);
    out.truth(*in_feeds);
    out.option(minor.as_ref(), |out, minor| out.truth(*minor));
    out.list(tags, |out, tag| out.text(tag));
    out.list(authors, Writing::person);
    out.option(section.as_ref(), |out, section| out.text(section));
    out.option(language.as_ref(), |out, language| out.text(language));
    out.origins(origins);
    out.one_of(&DIRECTIONS, direction);
    out.rare(rare);
    let Fingerprint {
        shown,
        text: words,
        likeness: Likeness(likeness),
    } = content;
    out.0.extend(shown.to_bytes());
    out.0.extend(words.to_bytes());
    out.0.extend(likeness.to_le_bytes());
    out.0.extend(file.to_bytes());
    out.0.extend(text.digest().to_bytes());
    out.timestamp(touched.timestamp());
    out.truth(*is_held);
}

/// Where a post is written to.
struct Writing<'a>(&'a mut Vec<u8>);

impl Writing<'_> {
    /// Seven bits a byte, the lowest first; the eighth says that more follow (LEB128).
    fn number(&mut self, mut number: u64) {
        loop {
            let [low, ..] = number.to_le_bytes();
            number >>= 7;
            if number == 0 {
                return self.0.push(low);
            }
            self.0.push(low | 0x80);
        }
    }

    fn truth(&mut self, is_true: bool) {
        self.0.push(u8::from(is_true));
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.truth(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
    }

    fn list<T>(&mut self, values: &[T], write: impl Fn(&mut Self, &T)) {
        self.number(values.len() as u64);
        for value in values {
            write(self, value);
        }
    }

    fn one_of<T: PartialEq>(&mut self, all: &[T], value: &T) {
        let place = all.iter().position(|one| one == value);
        self.number(place.map_or(u64::MAX, |place| place as u64));
    }

    fn timestamp(&mut self, at: Timestamp) {
        self.0.extend(at.as_second().to_le_bytes());
        self.0.extend(at.subsec_nanosecond().to_le_bytes());
    }

    fn moment(&mut self, moment: Moment) {
        self.timestamp(moment.timestamp());
        self.0.extend(moment.offset().seconds().to_le_bytes());
    }

    fn person(&mut self, person: &Person) {
        let Person { name, email, url } = person;
        self.text(name);
        self.option(email.as_ref(), |out, email| out.text(email));
        self.option(url.as_ref(), |out, url| out.text(url));
    }

    fn rare(&mut self, rare: &Rare) {
        let fields = (**rare != RareFields::default()).then_some(&**rare);
        self.option(fields, |out, fields| {
            let RareFields {
                aliases,
                names,
                atom_id,
                other_ids,
                expires,
                image,
                link,
                enclosures,
                extra,
            } = fields;
            out.list(aliases, |out, alias| out.text(alias));
            out.list(names, |out, name| out.text(name));
            out.option(atom_id.as_ref(), |out, id| out.text(id));
            out.list(other_ids, |out, id| out.text(id));
            out.option(expires.as_ref(), |out, expires| out.moment(*expires));
            out.option(image.as_ref(), |out, image| out.text(image));
            out.option(link.as_ref(), |out, link| out.text(link));
            out.list(enclosures, Writing::enclosure);
            out.map(extra);
        });
    }

    fn enclosure(&mut self, enclosure: &Enclosure) {
        let Enclosure {
            url,
            media_type,
            length,
            duration,
            title,
        } = enclosure;
        self.text(url);
        self.text(media_type);
        self.number(*length);
        self.option(duration.as_ref(), |out, duration| out.number(*duration));
        self.option(title.as_ref(), |out, title| out.text(title));
    }

    fn origins(&mut self, origins: &Origins) {
        let Origins {
            title,
            id,
            address,
            date,
            standing,
            summary,
        } = origins;
        for origin in [title, id, address, date, standing, summary] {
            self.origin(origin);
        }
    }

    fn origin(&mut self, origin: &Origin) {
        match origin {
            Origin::Field(text) => {
                self.one_of(&ORIGINS, &Origin::Field(String::new()));
                self.text(text);
            }
            Origin::Inherited(text) => {
                self.one_of(&ORIGINS, &Origin::Inherited(String::new()));
                self.text(text);
            }
            _ => self.one_of(&ORIGINS, origin),
        }
    }

    fn map(&mut self, map: &Map<String, Value>) {
        self.number(map.len() as u64);
        for (key, value) in map {
            self.text(key);
            self.value(value);
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.0.push(kind::NULL),
            Value::Bool(false) => self.0.push(kind::FALSE),
            Value::Bool(true) => self.0.push(kind::TRUE),
            Value::Number(number) => {
                self.0.push(kind::NUMBER);
                self.text(&number.to_string());
            }
            Value::String(text) => {
                self.0.push(kind::TEXT);
                self.text(text);
            }
            Value::Array(list) => {
                self.0.push(kind::LIST);
                self.list(list, Writing::value);
            }
            Value::Object(map) => {
                self.0.push(kind::MAP);
                self.map(map);
            }
        }
    }
}
