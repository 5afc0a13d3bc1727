use super::*;

#[test]
fn directions() {
    let cases = [
        ("en", "ltr"),
        ("ar", "rtl"),
        ("ar-EG", "rtl"),
        ("HE", "rtl"),
        ("az-Arab", "rtl"),
        ("ar-Latn", "ltr"),
        ("ckb", "rtl"),
        ("zh-Hant-TW", "ltr"),
        ("", "ltr"),
    ];
    for (language, expected) in cases {
        assert_eq!(direction(language), expected, "{language}");
    }
}
