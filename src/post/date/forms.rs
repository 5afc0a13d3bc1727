//! Splits a date into tokens, and parses days, times and zones from them.

use jiff::civil;

use super::names;

/// A day as it is written, which may not exist.
pub(super) struct WrittenDay {
    /// `None` where the year comes after the time, or is missing.
    pub(super) year: Option<u32>,
    pub(super) month: u32,
    pub(super) day: u32,
}

impl WrittenDay {
    pub(super) fn date(&self, year: u32) -> Option<civil::Date> {
        let small = |number: u32| i8::try_from(number).ok();
        civil::Date::new(i16::try_from(year).ok()?, small(self.month)?, small(self.day)?).ok()
    }
}

/// A time of day as it is written.
pub(super) struct WrittenTime<'a> {
    pub(super) hour: u32,
    pub(super) minute: u32,
    pub(super) second: u32,
    /// The digits of the fraction of the second.
    pub(super) fraction: &'a str,
    /// Whether it is `pm`, if `am` or `pm` follows.
    pub(super) pm: Option<bool>,
}

impl WrittenTime<'_> {
    pub(super) fn time(self) -> Option<civil::Time> {
        let hour = match (self.hour, self.pm) {
            (hour, None) => hour,
            (12, Some(false)) => 0,
            (1..=12, Some(false)) | (12..=23, Some(true)) => self.hour,
            (1..=11, Some(true)) => self.hour + 12,
            _ => return None,
        };
        let second = if self.second == 60 { 59 } else { self.second };
        let nanoseconds = match self.fraction {
            "" => 0,
            fraction => format!("{fraction:0<9.9}").parse().ok()?,
        };
        let small = |number: u32| i8::try_from(number).ok();
        civil::Time::new(small(hour)?, small(self.minute)?, small(second)?, nanoseconds).ok()
    }
}

/// A zone as it is written.
pub(super) enum WrittenZone<'a> {
    /// Minutes east of Greenwich; `None` for an impossible offset.
    Offset(Option<i32>),
    /// A name in the IANA database.
    Named(&'a str),
}

/// A token of a date.
#[derive(Clone, Copy, Debug)]
pub(super) enum DateToken<'a> {
    /// Digits.
    Number(&'a str),
    /// Letters, with the full stops of an abbreviation and the slashes and underscores of a zone's name.
    Word(&'a str),
    /// The text in square brackets.
    Bracketed(&'a str),
    /// Any other character.
    Mark(char),
}

/// Splits `text` into tokens, without spaces and comments (RFC 2822); `None` if a bracket is not closed.
pub(super) fn split_tokens(text: &str) -> Option<Vec<DateToken<'_>>> {
    // enough for a day, a time and a zone
    let mut tokens = Vec::with_capacity(16);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (length, token) = if first.is_ascii_digit() {
            let length = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            (length, Some(DateToken::Number(&rest[..length])))
        } else if first.is_alphabetic() {
            let length = word_length(rest);
            (length, Some(DateToken::Word(&rest[..length])))
        } else if first == '[' {
            let end = rest.find(']')?;
            (end + 1, Some(DateToken::Bracketed(&rest[1..end])))
        } else if first == '(' {
            (rest.find(')')? + 1, None)
        } else if first.is_whitespace() {
            (first.len_utf8(), None)
        } else {
            let mark = if first == '\u{2212}' { '-' } else { first };
            (first.len_utf8(), Some(DateToken::Mark(mark)))
        };
        tokens.extend(token);
        rest = &rest[length..];
    }
    Some(tokens)
}

/// The length of the word at the start of `text`. A slash belongs to it if a letter follows: `Europe/Berlin`, but `Oct/2023`.
fn word_length(text: &str) -> usize {
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let is_in_word = match c {
            '/' => chars.peek().is_some_and(|(_, next)| next.is_alphabetic()),
            // a combining accent
            _ => c.is_alphabetic() || matches!(c, '.' | '_' | '\u{300}'..='\u{36f}'),
        };
        if !is_in_word {
            return at;
        }
    }
    text.len()
}

/// In bytes. No longer English word is part of a date.
const LONGEST_WORD: usize = 16;

/// Parses the parts of a date; holds the tokens not yet parsed.
pub(super) struct DateParser<'a, 't>(pub(super) &'t [DateToken<'a>]);

impl<'a> DateParser<'a, '_> {
    /// Skips a weekday and an article before the day.
    pub(super) fn skip_weekday(&mut self) {
        if self.any_word(|word| names::is_weekday(word).then_some(())).is_some() {
            self.skip_mark(",");
        }
        // `le 5 mai`, `den 5 maj`
        if let [DateToken::Word(article), DateToken::Number(_), ..] = self.0
            && ["le", "den", "el", "il"]
                .iter()
                .any(|word| article.eq_ignore_ascii_case(word))
        {
            self.0 = &self.0[1..];
        }
    }

    /// Skips the word between day and time: `T`, `at`, `um`, `à`.
    pub(super) fn skip_connector(&mut self) {
        const WORDS: [&str; 12] = ["t", "at", "um", "kl", "à", "om", "às", "alle", "ore", "o", "v", "в"];
        self.any_word(|word| WORDS.contains(&word).then_some(()));
    }

    /// Skips the word for hours after a time: `10:30 Uhr`.
    pub(super) fn skip_hour_word(&mut self) {
        self.any_word(|word| matches!(word, "uhr" | "h" | "hrs").then_some(()));
    }

    /// Parses the day, with its year if that is next to it.
    pub(super) fn day(&mut self, day_first: bool) -> Option<WrittenDay> {
        let (day, rest) = match *self.0 {
            [
                DateToken::Number(year),
                DateToken::Mark(a),
                DateToken::Number(month),
                DateToken::Mark(b),
                DateToken::Number(day),
                ref rest @ ..,
            ] if a == b && "-/.".contains(a) && year.len() >= 4 && month.len() <= 2 && day.len() <= 2 => {
                (day_of_numbers(year, month, day), rest)
            }
            [
                DateToken::Number(first),
                DateToken::Mark(a),
                DateToken::Number(second),
                DateToken::Mark(b),
                DateToken::Number(year),
                ref rest @ ..,
            ] if a == b && "-/.".contains(a) && first.len() <= 2 && second.len() <= 2 && year.len() == 4 => {
                // dots follow ordinal numbers, and the first number is the day
                let exceeds_12 = |number| value(number).is_some_and(|number| number > 12);
                let day_first = exceeds_12(first) || ((day_first || a == '.') && !exceeds_12(second));
                let (day, month) = if day_first { (first, second) } else { (second, first) };
                (day_of_numbers(year, month, day), rest)
            }
            [
                DateToken::Number(year),
                DateToken::Word("年" | "년"),
                DateToken::Number(month),
                DateToken::Word("月" | "월"),
                DateToken::Number(day),
                DateToken::Word("日" | "號" | "号" | "일"),
                ref rest @ ..,
            ] if year.len() >= 4 && month.len() <= 2 && day.len() <= 2 => (day_of_numbers(year, month, day), rest),
            [DateToken::Number(compact), ref rest @ ..] if compact.len() == 8 => {
                let (year, month_day) = compact.split_at_checked(4)?;
                let (month, day) = month_day.split_at_checked(2)?;
                (day_of_numbers(year, month, day), rest)
            }
            _ => return self.day_with_named_month(),
        };
        self.0 = rest;
        day
    }

    /// Parses `23rd of January, 2021` and `January 23rd, 2021`.
    fn day_with_named_month(&mut self) -> Option<WrittenDay> {
        let (day, month) = if let [DateToken::Number(_), ..] = self.0 {
            let day = self.day_of_month()?;
            self.skip_of();
            self.skip_mark("-/");
            let month = self.month()?;
            self.skip_of();
            (day, month)
        } else {
            let month = self.month()?;
            self.skip_mark("-/");
            (self.day_of_month()?, month)
        };
        let year = self.year();
        Some(WrittenDay { year, month, day })
    }

    /// Parses `23`, `23rd`, `23.`, `1er`, `1º`.
    fn day_of_month(&mut self) -> Option<u32> {
        let day = self.number(|digits| digits.len() <= 2)?;
        self.any_word(|word| matches!(word, "st" | "nd" | "rd" | "th" | "er" | "e" | "º" | "ª").then_some(()));
        self.skip_mark(".°");
        value(day)
    }

    /// Skips `of`, `de`.
    fn skip_of(&mut self) {
        self.any_word(|word| matches!(word, "of" | "de" | "del").then_some(()));
    }

    fn month(&mut self) -> Option<u32> {
        self.any_word(names::month)
    }

    /// Parses the year after day and month, unless it comes after the time: `Jan 31 2026`, `Jan 31 09:00:00 2026`.
    fn year(&mut self) -> Option<u32> {
        let before = self.0;
        self.skip_mark("-/,");
        let year = self.number(|digits| digits.len() == 4);
        if year.is_none() {
            self.0 = before;
        } else {
            // the word for a year, which Russian and Polish write after the number
            self.any_word(|word| matches!(word, "г" | "года" | "год" | "r" | "roku").then_some(()));
        }
        value(year?)
    }

    /// Parses a year after the time.
    pub(super) fn year_after_time(&mut self) -> Option<u32> {
        value(self.number(|digits| digits.len() == 4)?)
    }

    /// Parses `9:00`, `09:00:00`, `09:00:00.123`, `9:00 PM`, `9pm`.
    pub(super) fn time(&mut self) -> Option<WrittenTime<'a>> {
        let before = self.0;
        let hour = value(self.number(|digits| digits.len() <= 2)?)?;
        let mut time = WrittenTime {
            hour,
            minute: 0,
            second: 0,
            fraction: "",
            pm: None,
        };
        let minute = self.part_of_time();
        time.minute = minute.unwrap_or(0);
        if minute.is_some()
            && let Some(second) = self.part_of_time()
        {
            time.second = second;
            if let [DateToken::Mark('.' | ','), DateToken::Number(fraction), ref rest @ ..] = *self.0 {
                time.fraction = fraction;
                self.0 = rest;
            }
        }
        self.word(|word| {
            time.pm = match word {
                "am" => Some(false),
                "pm" => Some(true),
                _ => None,
            };
            time.pm.is_some()
        });
        if minute.is_none() && time.pm.is_none() {
            self.0 = before;
            return None;
        }
        Some(time)
    }

    fn part_of_time(&mut self) -> Option<u32> {
        match *self.0 {
            [DateToken::Mark(':'), DateToken::Number(digits), ref rest @ ..] if digits.len() <= 2 => {
                self.0 = rest;
                value(digits)
            }
            _ => None,
        }
    }

    /// Parses `Z`, `GMT`, `EST`, `+02:00`, `-0700`, `-4`, `UTC+2`, `+/-0000`, `Europe/Berlin`.
    pub(super) fn zone(&mut self) -> Option<WrittenZone<'a>> {
        let mut hours = None;
        if let [DateToken::Word(name), ref rest @ ..] = *self.0
            && name.contains('/')
        {
            self.0 = rest;
            return Some(WrittenZone::Named(name));
        }
        let named = self.word(|word| {
            hours = zone_hours(word);
            hours.is_some()
        });
        if named.is_some() && hours != Some(0) {
            return hours.map(|hours| WrittenZone::Offset(Some(hours * 60)));
        }
        match self.offset() {
            Some(minutes) => {
                // the name of the same zone, as Go prints it: `+0000 UTC`
                self.word(|word| zone_hours(word).is_some() || ZONES_AFTER_OFFSETS.contains(&word));
                Some(WrittenZone::Offset(minutes))
            }
            None => named.map(|_| WrittenZone::Offset(Some(0))),
        }
    }

    /// Parses an offset in minutes; `Some(None)` for an impossible one.
    #[expect(clippy::option_option, reason = "no offset and an impossible one are different")]
    fn offset(&mut self) -> Option<Option<i32>> {
        let (
            // the form in the documentation of one tool; the tool itself prints the first sign
            [
                DateToken::Mark(sign @ '+'),
                DateToken::Mark('/'),
                DateToken::Mark('-'),
                DateToken::Number(digits),
                ref rest @ ..,
            ]
            | [DateToken::Mark(sign @ ('+' | '-')), DateToken::Number(digits), ref rest @ ..]
        ) = *self.0
        else {
            return None;
        };
        self.0 = rest;
        let number = value(digits)?;
        let (hours, minutes) = match digits.len() {
            1 | 2 => (number, self.part_of_time().unwrap_or(0)),
            3 | 4 => (number / 100, number % 100),
            _ => return Some(None),
        };
        let minutes = (hours <= 23 && minutes <= 59).then_some(hours * 60 + minutes);
        let minutes = minutes.and_then(|minutes| i32::try_from(minutes).ok());
        Some(minutes.map(|minutes| if sign == '-' { -minutes } else { minutes }))
    }

    /// Parses a zone in brackets.
    pub(super) fn bracketed_zone(&mut self) -> Option<WrittenZone<'a>> {
        match *self.0 {
            [DateToken::Bracketed(name), ref rest @ ..] => {
                self.0 = rest;
                Some(WrittenZone::Named(name))
            }
            _ => None,
        }
    }

    /// Skips one mark of `any_of`.
    pub(super) fn skip_mark(&mut self, any_of: &str) {
        if let [DateToken::Mark(mark), ref rest @ ..] = *self.0
            && any_of.contains(mark)
        {
            self.0 = rest;
        }
    }

    /// Parses the next word with `parse`, which gets it in lower case and without full stops, in any script.
    fn any_word<T>(&mut self, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let [DateToken::Word(word), ref rest @ ..] = *self.0 else {
            return None;
        };
        let found = parse(&word.replace('.', "").to_lowercase())?;
        self.0 = rest;
        Some(found)
    }

    /// Parses the next number if its digits `fits`.
    fn number(&mut self, fits: impl Fn(&str) -> bool) -> Option<&'a str> {
        match *self.0 {
            [DateToken::Number(digits), ref rest @ ..] if fits(digits) => {
                self.0 = rest;
                Some(digits)
            }
            _ => None,
        }
    }

    /// Parses the next word of English if it `fits` in lower case and without full stops.
    fn word(&mut self, mut fits: impl FnMut(&str) -> bool) -> Option<&'a str> {
        let [DateToken::Word(word), ref rest @ ..] = *self.0 else {
            return None;
        };
        let mut plain = [0; LONGEST_WORD];
        let mut length = 0;
        for letter in word.bytes().filter(|&byte| byte != b'.') {
            *plain.get_mut(length)? = letter.to_ascii_lowercase();
            length += 1;
        }
        let plain = str::from_utf8(plain.get(..length)?).ok()?;
        fits(plain).then(|| {
            self.0 = rest;
            word
        })
    }
}

/// The day with these digits; a year that is too large becomes the largest number.
fn day_of_numbers(year: &str, month: &str, day: &str) -> Option<WrittenDay> {
    Some(WrittenDay {
        year: Some(value(year).unwrap_or(u32::MAX)),
        month: value(month)?,
        day: value(day)?,
    })
}

fn value(digits: &str) -> Option<u32> {
    digits.parse().ok()
}

/// Names of zones that programs print after the offset. Alone they are not enough, because several are names of two zones.
const ZONES_AFTER_OFFSETS: [&str; 24] = [
    "ist", "jst", "kst", "hkt", "sgt", "pkt", "msk", "eet", "eest", "wet", "west", "bst", "aest", "aedt", "acst", "acdt", "awst",
    "nzst", "nzdt", "sast", "brt", "art", "akst", "hst",
];

/// The hours east of Greenwich of the zones of RFC 2822 (section 4.3), and of those of central Europe, which are as common.
fn zone_hours(name: &str) -> Option<i32> {
    Some(match name {
        "z" | "utc" | "gmt" | "ut" => 0,
        "edt" => -4,
        "est" | "cdt" => -5,
        "cst" | "mdt" => -6,
        "mst" | "pdt" => -7,
        "pst" => -8,
        "cet" => 1,
        "cest" => 2,
        _ => return None,
    })
}
