//! The names of months and weekdays in the languages that many posts are written in: English, German, French, Spanish, Italian,
//! Portuguese, Dutch, Polish, Russian, Swedish, Danish, Norwegian, Czech and Turkish.

use std::borrow::Cow;

/// The names of each month, in lower case and in the form used in dates, without accents of Latin letters.
const MONTHS: [&[&str]; 12] = [
    &[
        "january",
        "januar",
        "janner",
        "janvier",
        "enero",
        "gennaio",
        "janeiro",
        "januari",
        "styczen",
        "stycznia",
        "leden",
        "ledna",
        "ocak",
        "январь",
        "января",
    ],
    &[
        "february",
        "februar",
        "feber",
        "fevrier",
        "febrero",
        "febbraio",
        "fevereiro",
        "februari",
        "luty",
        "lutego",
        "unor",
        "unora",
        "subat",
        "февраль",
        "февраля",
    ],
    &[
        "march",
        "marz",
        "maerz",
        "mars",
        "marzo",
        "marco",
        "maart",
        "mrt",
        "marzec",
        "marca",
        "brezen",
        "brezna",
        "mart",
        "март",
        "марта",
    ],
    &[
        "april",
        "avril",
        "abril",
        "aprile",
        "kwiecien",
        "kwietnia",
        "duben",
        "dubna",
        "nisan",
        "апрель",
        "апреля",
    ],
    &[
        "may", "mai", "mayo", "maggio", "maio", "mei", "maj", "maja", "kveten", "kvetna", "mayis", "май", "мая",
    ],
    &[
        "june", "juni", "juin", "junio", "giugno", "junho", "czerwiec", "czerwca", "cerven", "cervna", "haziran", "июнь", "июня",
    ],
    &[
        "july", "juli", "juillet", "julio", "luglio", "julho", "lipiec", "lipca", "cervenec", "cervence", "temmuz", "июль",
        "июля",
    ],
    &[
        "august",
        "aout",
        "agosto",
        "augustus",
        "augusti",
        "sierpien",
        "sierpnia",
        "srpen",
        "srpna",
        "agustos",
        "август",
        "августа",
    ],
    &[
        "september",
        "septembre",
        "septiembre",
        "setiembre",
        "settembre",
        "setembro",
        "wrzesien",
        "wrzesnia",
        "zari",
        "eylul",
        "сентябрь",
        "сентября",
    ],
    &[
        "october",
        "oktober",
        "octobre",
        "octubre",
        "ottobre",
        "outubro",
        "pazdziernik",
        "pazdziernika",
        "rijen",
        "rijna",
        "ekim",
        "октябрь",
        "октября",
    ],
    &[
        "november",
        "novembre",
        "noviembre",
        "novembro",
        "listopad",
        "listopada",
        "listopadu",
        "kasim",
        "ноябрь",
        "ноября",
    ],
    &[
        "december",
        "dezember",
        "decembre",
        "diciembre",
        "dicembre",
        "dezembro",
        "desember",
        "grudzien",
        "grudnia",
        "prosinec",
        "prosince",
        "aralik",
        "декабрь",
        "декабря",
    ],
];

/// The names of weekdays, in the form of [`MONTHS`]. They are skipped: the day says the same.
const WEEKDAYS: &[&str] = &[
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "montag",
    "dienstag",
    "mittwoch",
    "donnerstag",
    "freitag",
    "samstag",
    "sonnabend",
    "sonntag",
    "lundi",
    "mardi",
    "mercredi",
    "jeudi",
    "vendredi",
    "samedi",
    "dimanche",
    "lunes",
    "martes",
    "miercoles",
    "jueves",
    "viernes",
    "sabado",
    "domingo",
    "lunedi",
    "martedi",
    "mercoledi",
    "giovedi",
    "venerdi",
    "sabato",
    "domenica",
    "segunda",
    "terca",
    "quarta",
    "quinta",
    "sexta",
    "maandag",
    "dinsdag",
    "woensdag",
    "donderdag",
    "vrijdag",
    "zaterdag",
    "zondag",
    "poniedzialek",
    "wtorek",
    "sroda",
    "czwartek",
    "piatek",
    "sobota",
    "niedziela",
    "понедельник",
    "вторник",
    "среда",
    "четверг",
    "пятница",
    "суббота",
    "воскресенье",
    "mandag",
    "tirsdag",
    "onsdag",
    "torsdag",
    "fredag",
    "lordag",
    "sondag",
    "tisdag",
    "pondeli",
    "utery",
    "streda",
    "ctvrtek",
    "patek",
    "nedele",
    "pazartesi",
    "sali",
    "carsamba",
    "persembe",
    "cuma",
    "cumartesi",
    "pazar",
];

/// In letters. A shorter word is not a name.
const SHORTEST: usize = 3;

/// Returns the number of the month that `word`, in lower case, names or abbreviates to at least three letters; `None` if it may be two
/// months.
pub(super) fn month(word: &str) -> Option<u32> {
    let word = without_accents(word)?;
    let single_month = |fits: &dyn Fn(&str) -> bool| {
        let mut months = (1..).zip(MONTHS).filter(|(_, names)| names.iter().any(|name| fits(name)));
        let (number, _) = months.next()?;
        months.next().is_none().then_some(number)
    };
    single_month(&|name| name == word).or_else(|| single_month(&|name| name.starts_with(&*word)))
}

/// Returns whether `word`, in lower case, is the name of a weekday, or its first letters.
pub(super) fn is_weekday(word: &str) -> bool {
    without_accents(word).is_some_and(|word| WEEKDAYS.iter().any(|name| name.starts_with(&*word)) && month(&word).is_none())
}

/// `word` without the accents of its Latin letters; `None` if it is too short for a name.
fn without_accents(word: &str) -> Option<Cow<'_, str>> {
    let is_latin = |c: char| c.is_ascii() || matches!(c, '\u{c0}'..='\u{24f}' | '\u{300}'..='\u{36f}' | '\u{1e00}'..='\u{1eff}');
    let plain = if word.is_ascii() || !word.chars().all(is_latin) {
        Cow::Borrowed(word)
    } else {
        deunicode::deunicode(word).to_lowercase().into()
    };
    (plain.chars().count() >= SHORTEST && plain.len() <= 40).then_some(plain)
}

/// Returns `text` with the full-width digits and signs of East Asian keyboards replaced by ASCII.
pub(super) fn in_ascii_digits(text: &str) -> Cow<'_, str> {
    let is_wide = |c: char| matches!(c, '０'..='９' | '：' | '／' | '－' | '．' | '，');
    if text.is_ascii() || !text.contains(is_wide) {
        return Cow::Borrowed(text);
    }
    let narrow = |c: char| {
        let code = u32::from(c).wrapping_sub(u32::from('！') - u32::from('!'));
        char::from_u32(code).filter(|_| is_wide(c)).unwrap_or(c)
    };
    Cow::Owned(text.chars().map(narrow).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_of_one_month() {
        for (number, names) in (1..).zip(MONTHS) {
            for name in names {
                assert_eq!(month(name), Some(number), "{name}");
            }
        }
    }

    #[test]
    fn abbreviations_that_fit_one_month_are_understood() {
        let cases = [
            ("jan", Some(1)),
            ("févr", Some(2)),
            ("mär", Some(3)),
            ("mar", Some(3)),
            ("avr", Some(4)),
            ("ago", Some(8)),
            ("sept", Some(9)),
            ("okt", Some(10)),
            ("dez", Some(12)),
            ("дек", Some(12)),
            ("décembre", Some(12)),
            ("de\u{301}cembre", Some(12)),
            ("października", Some(10)),
            ("ağustos", Some(8)),
            ("cerv", None),
            ("jui", None),
            ("ja", None),
            ("", None),
            ("tbd", None),
        ];
        for (word, expected) in cases {
            assert_eq!(month(word), expected, "{word}");
        }
        assert!(is_weekday("montag") && is_weekday("sáb") && is_weekday("lun") && !is_weekday("mar") && !is_weekday("tomorrow"));
    }
}
