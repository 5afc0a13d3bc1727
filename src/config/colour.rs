//! Colours, and their contrast.

use std::fmt;

use serde::Deserialize;

/// An opaque sRGB colour, written `#rgb` or `#rrggbb` (CSS Color 4, section 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
    red: u8,
    green: u8,
    blue: u8,
}

/// The minimum contrast of text (WCAG 2.2, success criterion 1.4.3).
pub(crate) const LEGIBLE: f64 = 4.5;

/// The number of steps from a colour to black or white.
const STEPS: u8 = 50;

impl Colour {
    /// The colour with these parts.
    #[must_use]
    pub const fn new(red: u8, green: u8, blue: u8) -> Colour {
        Colour { red, green, blue }
    }

    /// Parses `#rgb` or `#rrggbb`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Colour> {
        let digits = text.strip_prefix('#')?;
        let digit = |c: char| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let digits: Vec<u8> = digits.chars().map(digit).collect::<Option<_>>()?;
        match *digits.as_slice() {
            [r, g, b] => Some(Colour::new(r * 17, g * 17, b * 17)),
            [r1, r0, g1, g0, b1, b0] => Some(Colour::new(r1 * 16 + r0, g1 * 16 + g0, b1 * 16 + b0)),
            _ => None,
        }
    }

    /// The contrast of two colours, from 1 to 21 (WCAG 2.2, "contrast ratio").
    #[must_use]
    pub(crate) fn contrast(self, other: Colour) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// This colour if it is legible on `paper`, else the nearest legible colour towards black (on light paper) or white (on dark paper).
    #[must_use]
    pub(crate) fn legible_on(self, paper: Colour) -> Colour {
        let end = if paper.luminance() > 0.18 { 0 } else { 255 };
        (0..=STEPS)
            .map(|step| self.towards(end, step))
            .find(|colour| colour.contrast(paper) >= LEGIBLE)
            .unwrap_or(Colour::new(end, end, end))
    }

    /// The colour after `step` of [`STEPS`] steps towards the grey `end`.
    fn towards(self, end: u8, step: u8) -> Colour {
        let (step, whole) = (u32::from(step), u32::from(STEPS));
        let mixed = |part: u8| {
            let mixed = (u32::from(part) * (whole - step) + u32::from(end) * step) / whole;
            u8::try_from(mixed).unwrap_or(end)
        };
        Colour::new(mixed(self.red), mixed(self.green), mixed(self.blue))
    }

    /// WCAG 2.2, "relative luminance".
    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

impl<'de> Deserialize<'de> for Colour {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Colour, D::Error> {
        let text = String::deserialize(deserializer)?;
        Colour::parse(&text).ok_or_else(|| serde::de::Error::custom("a colour such as `#1b6b54` is needed"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_two_forms_are_accepted() {
        let cases = [
            ("#1b6b54", Some("#1b6b54")),
            ("#FA0", Some("#ffaa00")),
            ("#1b6b5", None),
            ("#1b6b54ff", None),
            ("1b6b54", None),
            ("red", None),
            ("#é12", None),
            ("#fff;}body{display:none", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(
                Colour::parse(text).map(|colour| colour.to_string()).as_deref(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn contrast_follows_the_definition() {
        let (black, white) = (Colour::new(0, 0, 0), Colour::new(255, 255, 255));
        assert!((black.contrast(white) - 21.0).abs() < 0.001);
        assert!((Colour::new(118, 118, 118).contrast(white) - 4.54).abs() < 0.01);
    }

    proptest! {
        #[test]
        fn any_colour_is_made_legible_and_a_legible_one_stays(red: u8, green: u8, blue: u8, paper in prop::sample::select(vec!["#fdfcfa", "#15181c"])) {
            let (colour, paper) = (Colour::new(red, green, blue), Colour::parse(paper).unwrap());
            let legible = colour.legible_on(paper);
            prop_assert!(legible.contrast(paper) >= LEGIBLE);
            if colour.contrast(paper) >= LEGIBLE {
                prop_assert_eq!(legible, colour);
            }
        }
    }
}
