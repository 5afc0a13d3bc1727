use std::fmt::Write as _;

use super::*;
use crate::config::Config;
use crate::post;
use crate::source_file::SourceFile;
use crate::time::Timestamp;

fn fingerprint(text: &str) -> Fingerprint {
    let file = SourceFile {
        path: "a.md".into(),
        bytes: text.as_bytes().into(),
        modified: Timestamp::UNIX_EPOCH,
    };
    post::read(&file, &Config::default()).unwrap().post.content
}

const TEXT: &str = "The tide mill stands where the creek bends, and its wheel has turned twice a day for longer than the \
    village can remember. When the water falls the miller opens the sluice, and the stones begin to grind barley for bread.";

#[test]
fn edits_and_renames() {
    let written = |head: &str, body: &str| fingerprint(&format!("---\n{head}\n---\n{body}\n"));
    let before = written("title: Tides\ntags: a\nlayout: x", TEXT);
    let cases = [
        (
            "white space",
            written("title: Tides\ntags: a\nlayout: x", &TEXT.replace(' ', "\n")),
            true,
            true,
        ),
        (
            "order of keys",
            written("layout: x\ntags: a\ntitle:  Tides", TEXT),
            true,
            true,
        ),
        (
            "a key that is not shown",
            written("title: Tides\ntags: [b]\nlayout: y", TEXT),
            true,
            true,
        ),
        ("another title", written("title: Ebbs", TEXT), false, true),
        ("a summary", written("title: Tides\nsummary: Of mills", TEXT), false, true),
        (
            "a word",
            written("title: Tides", &TEXT.replace("twice", "thrice")),
            false,
            false,
        ),
    ];
    for (name, after, same_shown, same_text) in cases {
        assert_eq!(before.shown == after.shown, same_shown, "{name}: shown");
        assert_eq!(before.is_same_text(&after), same_text, "{name}: text");
        assert!(before.is_similar(&after), "{name}: likeness");
    }
}

#[test]
fn unrelated_texts_are_not_similar() {
    let other = "A lighthouse keeper counts the ships that pass, writes each of them into a ledger, and trims the lamp before \
        the fog comes in from the northern banks. Nobody reads what was written, but the keeper goes on all the same.";
    assert!(!fingerprint(TEXT).is_similar(&fingerprint(other)));
    assert!(
        !fingerprint("潮が引くと水車小屋の番人は水門を開けて大麦を挽き始める。")
            .is_similar(&fingerprint("灯台守は通り過ぎる船を数えて一隻ずつ帳面に書き留めている。"))
    );
    assert!(
        !fingerprint("A stub.").is_similar(&fingerprint("A stub.")),
        "too short to compare"
    );
    assert!(
        !fingerprint("A stub.").is_same_text(&fingerprint("A stub.")),
        "too short to compare"
    );
}

/// Texts, and their values since the first ledgers: the digests of what is shown and of the text, and the likeness.
#[rustfmt::skip]
const FROZEN: [(&str, &str, u128, u128, u64); 12] = [
    (
        "empty",
        "",
        0x3665_1344_a5cc_86f9_5026_27c2_0d73_446f, 0xaf13_49b9_f5f9_a1a6_a040_4dea_36dc_c949, 0,
    ),
    (
        "stub",
        "A stub.",
        0x120c_37d4_700d_a92a_3a2a_c5e3_9834_cd98, 0x4c4f_1db8_26fa_77c1_31ea_7f18_3476_d7ba, 0,
    ),
    (
        "ASCII",
        TEXT,
        0xc1aa_3bba_fdc7_127b_4a32_a15d_d9bc_daeb, 0x84cd_9ec5_2c7c_c867_f7ad_3f63_3da1_7dc1, 0xa072_0736_3063_f372,
    ),
    (
        "signs",
        "a_b c-d e.f! <g h=\"i\">j</g> [k](l) `m` 1,000 2nd x\u{b}y\u{c}z\tq ~~~ p",
        0x0b6a_b0ff_b411_7d6b_99b7_dcc6_697c_8f0a, 0x7d08_93fb_8ce8_59ec_b3c5_4479_7a5c_7d3f, 0xc414_7059_af40_967d,
    ),
    (
        "accents",
        "Œuvre naïve à Zürich: où l’été fut ÉTROIT, la façade brûlée; ørret på øya, ÆRLIG talt, ẞ ß ŐRÜLT ÇA VA \u{a0} fin",
        0x9e13_2f6e_edfb_a048_a815_7f98_8ba6_8c0a, 0x3bd4_d8a5_278c_9441_af6e_8367_aa60_fd5a, 0x31bd_006d_4d99_8303,
    ),
    (
        "lower case of its own",
        "İSTANBUL ΟΔΥΣΣΕΎΣ ΣΑΣ Σ ǅ ﬀ DŽ Ⅷ ⓐ ٣ x\u{301}y I\u{307} Straße ΑΣ\u{ad}Α a\u{200b}b 𝐀 one two three",
        0xe6ed_a735_5d1e_1acc_537e_23c5_61db_82ef, 0xd935_d757_0265_a896_5325_1b4d_6be0_5089, 0x98f5_1c48_0f5b_1cf8,
    ),
    (
        "Chinese and Japanese",
        "潮が引くと水車小屋の番人は水門を開けて、大麦を挽き始める。Then 2 boats 出発した。\u{3000}潮汐磨坊𠀀",
        0xf0fd_ee6c_0390_001a_3fd3_ca12_ef56_543a, 0x31e3_41d1_b8a5_7aa7_c7fa_c71d_276e_3d42, 0xd18b_2637_d102_38d1,
    ),
    (
        "Korean and Thai",
        "물레방아는 하루에 두 번 돈다 และกังหันหมุนวันละสองครั้ง ລາວ ᄀ",
        0x21a9_0445_94b0_f3c3_5a68_2168_b6e1_f651, 0xfa22_392d_d574_e643_70d5_5d3b_d992_aca6, 0x1411_63b0_fa41_9481,
    ),
    (
        "emoji",
        "🌊 tide 🏳\u{fe0f}\u{200d}🌈 mill 👩\u{200d}🌾 one two three four five six seven eight nine ten",
        0x80f5_cca7_315a_0f0c_459f_7279_5200_2b40, 0xf7fa_0dc9_f052_3f2d_925f_622c_10aa_1fb3, 0xdb77_1ec8_4404_240c,
    ),
    (
        "separators",
        "a\u{2003}b\u{2028}c\u{85}d\u{1680}e f\u{200b}g h\u{2060}i j k l m n o p q",
        0x529a_ed25_ceae_1e5f_2e19_b95b_057a_82e1, 0xb699_862c_6d21_69bc_90f8_6288_59dd_7bdc, 0xc082_b3c5_5a98_2426,
    ),
    (
        "eleven words",
        "a b c d e f g h i j k",
        0x5dc8_1650_d04b_39e6_94f2_0e99_3e2a_5564, 0x33ee_e6ea_af9c_fc19_1a03_c8bf_8bbf_735f, 0,
    ),
    (
        "twelve words",
        "a b c d e f g h i j k l",
        0x26de_aaee_26f6_f1f4_2721_b418_08bd_e711, 0x006a_f9e0_ed63_9241_8189_63be_32d4_bcda, 0x0aa2_4255_4016_6417,
    ),
];

/// Ledgers store the values: a changed value would make every post of a feed unknown.
#[test]
fn values_never_change() {
    let values = |head: &str, body: &str| {
        let found = fingerprint(&format!("---\ntitle: A title\n{head}\n---\n{body}"));
        let number = |digest: Digest| u128::from_be_bytes(digest.0);
        (number(found.shown), number(found.text), found.likeness.0)
    };
    for (name, body, shown, text, likeness) in FROZEN {
        assert_eq!(values("", body), (shown, text, likeness), "{name}");
    }
    let mut long = String::new();
    for number in 0..20_500 {
        let _ = write!(long, "word{} ", number % 7919);
    }
    let made = [
        (
            "ASCII in capitals",
            TEXT.to_uppercase(),
            0x02ff_afb0_173b_d773_3bc7_a972_95f6_3c65,
            0x74f4_f130_e665_4b38_9214_b493_06bb_2492,
            0xa072_0736_3063_f372,
        ),
        (
            "one word a hundred times",
            "tide ".repeat(100),
            0x3094_2f14_7f8b_c4e2_e9e6_00d4_8c8b_2959,
            0x9c3a_5814_0cb7_4c3f_1d3a_a352_d556_0d38,
            0xa076_4dbc_5f83_4a70,
        ),
        (
            "most words",
            long.clone(),
            0x918c_25a2_f830_9437_2ea0_d5ea_45fe_3d3a,
            0x44e0_5ff3_dcba_3c9e_9650_3c46_5451_cd70,
            0xae2e_aa5c_f3b2_2395,
        ),
        (
            "more than counts",
            format!("{long} and then another ending"),
            0x275c_ecf6_976d_6f03_92be_c5df_73bd_3236,
            0xc3f1_71fb_987a_a26c_3f23_2a51_806b_5aad,
            0xae2e_aa5c_f3b2_2395,
        ),
    ];
    for (name, body, shown, text, likeness) in made {
        assert_eq!(values("", &body), (shown, text, likeness), "{name}");
    }
    let head = "summary:  Of  mills\nlink: https://a.test/b\nimage: /c.png\nenclosure: /d.mp3";
    let expected = (
        0xfd2a_7f65_4cfd_b344_05b1_e79a_72be_976d,
        0x84cd_9ec5_2c7c_c867_f7ad_3f63_3da1_7dc1,
        0xa072_0736_3063_f372,
    );
    assert_eq!(values(head, TEXT), expected, "everything that is shown");
}

/// Words of one to nine `letters`, a few of them frequent and many rare, with `gap` after each.
fn prose(letters: &[char], gap: &str, words: usize, seed: u64) -> Vec<String> {
    let mut state = seed;
    let mut below = |most: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % most
    };
    let mut word = || {
        let most = 1 + below(3000);
        let mut rank = below(most) + 1;
        let mut word = String::new();
        for _ in 0..=rank.ilog2() * 3 / 4 {
            rank = rank.wrapping_mul(2_654_435_761) % 0xffff_fffb;
            word.push(letters[usize::try_from(rank).unwrap() % letters.len()]);
        }
        word + gap
    };
    (0..words).map(|_| word()).collect()
}

/// Fingerprints of random texts in every script, with all kinds of white space, of no words up to more than are counted.
#[test]
fn values_of_many_texts_never_change() {
    let latin: Vec<char> = ('a'..='z').chain('A'..='Z').collect();
    let signs: Vec<char> = "a-z.,*[]()<>`\u{1}\u{8}\u{1f}\u{7f}#!\"'".chars().collect();
    let accents: Vec<char> = "aeéèøßœñČÅ\u{301}\u{ad}’".chars().collect();
    let cyrillic: Vec<char> = ('а'..='я').chain('А'..='Я').collect();
    let han: Vec<char> = ('\u{4e00}'..='\u{55ff}').collect();
    let emoji: Vec<char> = "🌊🏳\u{fe0f}\u{200d}👩𠀀ab".chars().collect();
    let gaps = [
        " ",
        "",
        "\n\n",
        " \t ",
        "\r\u{b}\u{c}",
        "\u{a0}",
        "\u{85}",
        "\u{2003} ",
        "\u{3000}",
        "  , ",
    ];
    let lengths = [
        0, 1, 6, 11, 12, 13, 31, 32, 33, 63, 64, 65, 127, 254, 255, 256, 257, 510, 511, 1000,
    ];
    let mut values = Vec::new();
    let mut add = |text: &str| {
        let found = Fingerprint::of(text, ["", " A  title\n"].into_iter());
        values.extend(found.shown.0);
        values.extend(found.text.0);
        values.extend(found.likeness.0.to_be_bytes());
    };
    for (seed, letters) in (1..).zip([&latin, &signs, &accents, &cyrillic, &han, &emoji]) {
        for gap in gaps {
            for words in lengths {
                let text = prose(letters, gap, words, seed).concat();
                add(&text);
                add(&format!("\n {text}x"));
            }
        }
        // later words are not counted
        for words in (19_900..20_200).step_by(37) {
            add(&prose(letters, " ", words, seed).concat());
        }
    }
    assert_eq!(
        u128::from_be_bytes(Digest::of(&values).0),
        157_382_998_614_663_494_416_455_424_756_909_988_927
    );
}

#[test]
fn an_edit_is_similar_and_another_text_is_not_in_any_script() {
    let latin: Vec<char> = ('a'..='z').collect();
    let cyrillic: Vec<char> = ('а'..='я').collect();
    let han: Vec<char> = ('\u{4e00}'..='\u{55ff}').collect();
    for (script, letters, gap) in [("Latin", latin, " "), ("Cyrillic", cyrillic, " "), ("Han", han, "")] {
        let text = |seed| prose(&letters, gap, 400, seed);
        let of = |words: &[String]| fingerprint(&words.concat());
        for seed in 1..20 {
            let before = text(seed);
            let other = text(seed + 100);
            let rewritten: Vec<String> = before
                .iter()
                .zip(&other)
                .enumerate()
                .map(|(place, (word, other))| if place % 20 == 7 { other } else { word }.clone())
                .collect();
            for (edit, after) in [
                ("a paragraph added", [&before[..200], &other[..60], &before[200..]].concat()),
                ("a paragraph removed", [&before[..100], &before[160..]].concat()),
                ("another order", [&before[200..], &before[..200]].concat()),
                ("one word in twenty", rewritten),
            ] {
                assert!(of(&before).is_similar(&of(&after)), "{script}, {seed}: {edit}");
            }
            assert!(!of(&before).is_similar(&of(&other)), "{script}, {seed}: another text");
        }
    }
}
