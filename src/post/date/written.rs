//! The forms themselves: a text in tokens, and what stands one after the other in them.

use super::{Clock, Day, Zone, names};

#[derive(Clone, Copy, Debug)]
pub(super) enum Token<'a> {
    /// Digits.
    Number(&'a str),
    /// Letters, with the points of an abbreviation and the slashes and underscores of a zone's name.
    Word(&'a str),
    /// What stands in square brackets.
    Bracketed(&'a str),
    /// Any other sign.
    Mark(char),
}

/// `text` in tokens, without spaces and RFC 2822 comments; `None` if a bracket is never closed.
pub(super) fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    // as many as a day, a time and a zone have
    let mut tokens = Vec::with_capacity(16);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (length, token) = if first.is_ascii_digit() {
            let length = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            (length, Some(Token::Number(&rest[..length])))
        } else if first.is_alphabetic() {
            let length = word_length(rest);
            (length, Some(Token::Word(&rest[..length])))
        } else if first == '[' {
            let end = rest.find(']')?;
            (end + 1, Some(Token::Bracketed(&rest[1..end])))
        } else if first == '(' {
            (rest.find(')')? + 1, None)
        } else if first.is_whitespace() {
            (first.len_utf8(), None)
        } else {
            let mark = if first == '\u{2212}' { '-' } else { first };
            (first.len_utf8(), Some(Token::Mark(mark)))
        };
        tokens.extend(token);
        rest = &rest[length..];
    }
    Some(tokens)
}

/// How many bytes the word at the start of `text` has. A slash belongs to it where a letter follows: `Europe/Berlin`, but `Oct/2023`.
fn word_length(text: &str) -> usize {
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let within = match c {
            '/' => chars.peek().is_some_and(|(_, next)| next.is_alphabetic()),
            // an accent that was typed as a sign of its own
            _ => c.is_alphabetic() || matches!(c, '.' | '_' | '\u{300}'..='\u{36f}'),
        };
        if !within {
            return at;
        }
    }
    text.len()
}

/// In bytes. No longer word of English says anything of a date.
const LONGEST_WORD: usize = 16;

/// What of the tokens has not been read.
pub(super) struct Rest<'a, 't>(pub(super) &'t [Token<'a>]);

impl<'a> Rest<'a, '_> {
    pub(super) fn weekday(&mut self) {
        if self.any_word(|word| names::is_weekday(word).then_some(())).is_some() {
            self.mark(",");
        }
        // `le 5 mai`, `den 5 maj`
        if let [Token::Word(article), Token::Number(_), ..] = self.0
            && ["le", "den", "el", "il"]
                .iter()
                .any(|word| article.eq_ignore_ascii_case(word))
        {
            self.0 = &self.0[1..];
        }
    }

    /// What stands between day and time: `T`, `at`, `um`, `à`.
    pub(super) fn connector(&mut self) {
        const WORDS: [&str; 12] = ["t", "at", "um", "kl", "à", "om", "às", "alle", "ore", "o", "v", "в"];
        self.any_word(|word| WORDS.contains(&word).then_some(()));
    }

    /// The word for hours behind a time: `10:30 Uhr`.
    pub(super) fn hours(&mut self) {
        self.any_word(|word| matches!(word, "uhr" | "h" | "hrs").then_some(()));
    }

    /// The day, with its year where that stands beside it.
    pub(super) fn day(&mut self, day_first: bool) -> Option<Day> {
        match *self.0 {
            [
                Token::Number(year),
                Token::Mark(a),
                Token::Number(month),
                Token::Mark(b),
                Token::Number(day),
                ref rest @ ..,
            ] if a == b && "-/.".contains(a) && year.len() >= 4 && month.len() <= 2 && day.len() <= 2 => {
                self.0 = rest;
                let year = Some(value(year).unwrap_or(u32::MAX));
                Some(Day {
                    year,
                    month: value(month)?,
                    day: value(day)?,
                })
            }
            [
                Token::Number(first),
                Token::Mark(a),
                Token::Number(second),
                Token::Mark(b),
                Token::Number(year),
                ref rest @ ..,
            ] if a == b && "-/.".contains(a) && first.len() <= 2 && second.len() <= 2 && year.len() == 4 => {
                self.0 = rest;
                let (first, second) = (value(first)?, value(second)?);
                // dots stand behind ordinal numbers, of which the day's comes first
                let day_first = first > 12 || ((day_first || a == '.') && second <= 12);
                let (day, month) = if day_first { (first, second) } else { (second, first) };
                Some(Day {
                    year: value(year),
                    month,
                    day,
                })
            }
            [
                Token::Number(year),
                Token::Word("年" | "년"),
                Token::Number(month),
                Token::Word("月" | "월"),
                Token::Number(day),
                Token::Word("日" | "號" | "号" | "일"),
                ref rest @ ..,
            ] if year.len() >= 4 && month.len() <= 2 && day.len() <= 2 => {
                self.0 = rest;
                Some(Day {
                    year: Some(value(year).unwrap_or(u32::MAX)),
                    month: value(month)?,
                    day: value(day)?,
                })
            }
            [Token::Number(compact), ref rest @ ..] if compact.len() == 8 => {
                self.0 = rest;
                let (year, month_day) = compact.split_at_checked(4)?;
                let (month, day) = month_day.split_at_checked(2)?;
                Some(Day {
                    year: value(year),
                    month: value(month)?,
                    day: value(day)?,
                })
            }
            [Token::Number(_), ..] => {
                let day = self.day_of_month()?;
                self.of();
                self.mark("-/");
                let month = self.month()?;
                self.of();
                Some(Day {
                    year: self.year(),
                    month,
                    day,
                })
            }
            _ => {
                let month = self.month()?;
                self.mark("-/");
                let day = self.day_of_month()?;
                Some(Day {
                    year: self.year(),
                    month,
                    day,
                })
            }
        }
    }

    /// `23`, `23rd`, `23.`, `1er`, `1º`
    fn day_of_month(&mut self) -> Option<u32> {
        let day = self.number(|digits| digits.len() <= 2)?;
        self.any_word(|word| matches!(word, "st" | "nd" | "rd" | "th" | "er" | "e" | "º" | "ª").then_some(()));
        self.mark(".°");
        value(day)
    }

    /// `of`, `de`
    fn of(&mut self) {
        self.any_word(|word| matches!(word, "of" | "de" | "del").then_some(()));
    }

    fn month(&mut self) -> Option<u32> {
        self.any_word(names::month)
    }

    /// The year after day and month, unless it comes later: `Jan 31 2026`, `Jan 31 09:00:00 2026`.
    fn year(&mut self) -> Option<u32> {
        let before = self.0;
        self.mark("-/,");
        let year = self.number(|digits| digits.len() == 4);
        if year.is_none() {
            self.0 = before;
        } else {
            // the word for a year, as Russian and Polish write it behind the number
            self.any_word(|word| matches!(word, "г" | "года" | "год" | "r" | "roku").then_some(()));
        }
        value(year?)
    }

    /// A year after the time, where some print it.
    pub(super) fn year_again(&mut self) -> Option<u32> {
        value(self.number(|digits| digits.len() == 4)?)
    }

    /// `9:00`, `09:00:00`, `09:00:00.123`, `9:00 PM`, `9pm`
    pub(super) fn time(&mut self) -> Option<Clock<'a>> {
        let before = self.0;
        let hour = value(self.number(|digits| digits.len() <= 2)?)?;
        let mut clock = Clock {
            hour,
            minute: 0,
            second: 0,
            fraction: "",
            pm: None,
        };
        let minute = self.part_of_time();
        clock.minute = minute.unwrap_or(0);
        if minute.is_some()
            && let Some(second) = self.part_of_time()
        {
            clock.second = second;
            if let [Token::Mark('.' | ','), Token::Number(fraction), ref rest @ ..] = *self.0 {
                clock.fraction = fraction;
                self.0 = rest;
            }
        }
        self.word(|word| {
            clock.pm = match word {
                "am" => Some(false),
                "pm" => Some(true),
                _ => None,
            };
            clock.pm.is_some()
        });
        if minute.is_none() && clock.pm.is_none() {
            self.0 = before;
            return None;
        }
        Some(clock)
    }

    fn part_of_time(&mut self) -> Option<u32> {
        match *self.0 {
            [Token::Mark(':'), Token::Number(digits), ref rest @ ..] if digits.len() <= 2 => {
                self.0 = rest;
                value(digits)
            }
            _ => None,
        }
    }

    /// `Z`, `GMT`, `EST`, `+02:00`, `-0700`, `-4`, `UTC+2`, `+/-0000`, `Europe/Berlin`
    pub(super) fn zone(&mut self) -> Option<Zone<'a>> {
        let mut hours = None;
        if let [Token::Word(name), ref rest @ ..] = *self.0
            && name.contains('/')
        {
            self.0 = rest;
            return Some(Zone::Named(name));
        }
        let named = self.word(|word| {
            hours = hours_of(word);
            hours.is_some()
        });
        if named.is_some() && hours != Some(0) {
            return hours.map(|hours| Zone::Offset(Some(hours * 60)));
        }
        match self.offset() {
            Some(minutes) => {
                // the name of the same zone, as Go prints it: `+0000 UTC`
                self.word(|word| hours_of(word).is_some() || OFTEN_PRINTED.contains(&word));
                Some(Zone::Offset(minutes))
            }
            None => named.map(|_| Zone::Offset(Some(0))),
        }
    }

    /// Minutes, or `Some(None)` for an offset that cannot be.
    #[expect(clippy::option_option, reason = "no offset and an impossible one are two things")]
    fn offset(&mut self) -> Option<Option<i32>> {
        let (
            // the way in which one tool's own documentation spells a zone; what it prints is the first sign
            [
                Token::Mark(sign @ '+'),
                Token::Mark('/'),
                Token::Mark('-'),
                Token::Number(digits),
                ref rest @ ..,
            ]
            | [Token::Mark(sign @ ('+' | '-')), Token::Number(digits), ref rest @ ..]
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

    pub(super) fn named_zone(&mut self) -> Option<Zone<'a>> {
        match *self.0 {
            [Token::Bracketed(name), ref rest @ ..] => {
                self.0 = rest;
                Some(Zone::Named(name))
            }
            _ => None,
        }
    }

    pub(super) fn mark(&mut self, any_of: &str) {
        if let [Token::Mark(mark), ref rest @ ..] = *self.0
            && any_of.contains(mark)
        {
            self.0 = rest;
        }
    }

    /// What `read` makes of the next word in lower case and without points, in whatever letters.
    fn any_word<T>(&mut self, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let [Token::Word(word), ref rest @ ..] = *self.0 else {
            return None;
        };
        let found = read(&word.replace('.', "").to_lowercase())?;
        self.0 = rest;
        Some(found)
    }

    fn number(&mut self, fits: impl Fn(&str) -> bool) -> Option<&'a str> {
        match *self.0 {
            [Token::Number(digits), ref rest @ ..] if fits(digits) => {
                self.0 = rest;
                Some(digits)
            }
            _ => None,
        }
    }

    /// The next word, if it `fits` in lower case and without points.
    pub(super) fn word(&mut self, mut fits: impl FnMut(&str) -> bool) -> Option<&'a str> {
        let [Token::Word(word), ref rest @ ..] = *self.0 else {
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

fn value(digits: &str) -> Option<u32> {
    digits.parse().ok()
}

/// Names of zones that programs print behind the offset; alone, they say too little, for several mean two zones.
const OFTEN_PRINTED: [&str; 24] = [
    "ist", "jst", "kst", "hkt", "sgt", "pkt", "msk", "eet", "eest", "wet", "west", "bst", "aest", "aedt", "acst", "acdt", "awst",
    "nzst", "nzdt", "sast", "brt", "art", "akst", "hst",
];

/// Hours east of Greenwich of the zones of RFC 2822 (section 4.3), and of central Europe, which are named as often.
fn hours_of(name: &str) -> Option<i32> {
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
