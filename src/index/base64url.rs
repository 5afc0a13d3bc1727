//! Bytes as text that is safe in an address: base64url (RFC 4648, section 5), without padding.

/// The digits by value.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Encodes `bytes`.
#[must_use]
pub fn encoded(bytes: &[u8]) -> String {
    let digits = |chunk: &[u8]| {
        let group = chunk.iter().fold(0_u32, |group, &byte| group << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
        (0..=chunk.len()).map(move |i| group >> (18 - 6 * i) & 63)
    };
    let letter = |digit: u32| ALPHABET.get(digit as usize).map_or('A', |&letter| char::from(letter));
    bytes.chunks(3).flat_map(digits).map(letter).collect()
}

/// Decodes what [`encoded`] wrote; `None` for letters outside the alphabet or an impossible length.
/// Several texts may decode to the same bytes: a caller that needs one spelling encodes again and compares.
#[must_use]
pub fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for chunk in text.as_bytes().chunks(4) {
        let mut group = 0_u32;
        for letter in chunk {
            let digit = ALPHABET.iter().position(|known| known == letter)?;
            group = group << 6 | u32::try_from(digit).ok()?;
        }
        let [_, a, b, c] = (group << (6 * (4 - chunk.len()))).to_be_bytes();
        bytes.extend([a, b, c].get(..chunk.len().checked_sub(1).filter(|&length| length > 0)?)?);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn examples_of_the_rfc() {
        let cases = [
            ("", ""),
            ("f", "Zg"),
            ("fo", "Zm8"),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg"),
            ("fooba", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, written) in cases {
            assert_eq!(encoded(plain.as_bytes()), written);
            assert_eq!(decoded(written).as_deref(), Some(plain.as_bytes()), "{written}");
        }
        assert_eq!(encoded(&[0xfb, 0xff]), "-_8");
        for wrong in ["Z", "Zm9vY", "Zg==", "Zm+v", "Zm/v", "Zm 9", "é"] {
            assert_eq!(decoded(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_decoded_again(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            prop_assert_eq!(decoded(&encoded(&bytes)), Some(bytes));
        }
    }
}
