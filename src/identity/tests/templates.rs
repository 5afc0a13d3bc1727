//! Notes made from one template are different posts: none gets the id of another, or of one that was withdrawn.

use super::recognised::{MatchCase, NEW, check};

/// A short text that is mostly the template's, with a few words of its own.
macro_rules! form {
    ($own:literal) => {
        concat!(
            "Done, planned, blocked: write what went well today, what did not, and which tide comes next. ",
            $own
        )
    };
}

/// A long text. Half of it is the template's.
macro_rules! review {
    ($own:literal) => {
        concat!(
            "What went well this week, and who helped with it? What took longer than it should have, and why was that? Which promise \
             was kept, and which one has to wait for another week? Write three sentences for each, and send this page to the others \
             before noon on Friday. ",
            $own
        )
    };
}

const FORM: &str = form!("");
const FORM_OF_TEA: &str = form!("Tea was bought.");
const FORM_OF_MILK: &str = form!("Milk was sold.");
const REVIEW_OF_GATES: &str = review!(
    "The new sluice gates arrived by barge, but their hinges were forged for a mill twice as large, so the smith spent four nights \
     filing iron until they finally closed without leaking. Barley prices fell, flour sold out anyway, and nobody complained."
);
const REVIEW_OF_SHIPS: &str = review!(
    "Eleven ships passed in fog without seeing any light, because oil for lamps stayed behind at customs. Our keeper rowed across \
     himself, argued until midnight, returned with barrels, fell asleep upstairs, and woke when gulls began stealing breakfast."
);

#[rustfmt::skip]
const ROWS: &[MatchCase] = &[
    ("a new note with the text of the template alone",
        &[&[("1.md", "title: Monday;date: 2025-05-04", FORM), ("2.md", "title: Tuesday;date: 2025-05-05", FORM)],
          &[("2.md", "title: Tuesday;date: 2025-05-05", FORM)],
          &[("2.md", "title: Tuesday;date: 2025-05-05", FORM), ("3.md", "title: Wednesday;date: 2025-05-06", FORM)]],
        &[("2.md", "2.md"), ("3.md", NEW)], &[]),
    ("a new note when another is deleted in the same step",
        &[&[("1.md", "title: Monday;date: 2025-05-04", FORM)], &[("2.md", "title: Tuesday;date: 2025-05-05", FORM)]],
        &[("2.md", NEW)], &[]),
    ("the only note of a template is deleted, and there is a new one",
        &[&[("1.md", "title: Note", FORM_OF_TEA)], &[], &[("2.md", "title: Another", FORM_OF_MILK)]],
        &[("2.md", NEW)], &[]),
    ("a note is edited to the text of a deleted one",
        &[&[("1.md", "title: Note", FORM_OF_TEA), ("2.md", "title: Note", FORM_OF_MILK)],
          &[("2.md", "title: Note", FORM_OF_MILK)],
          &[("2.md", "title: Note", FORM_OF_TEA)]],
        &[("2.md", "2.md")], &[]),
    ("a note is edited to the text of one that is deleted in the same step",
        &[&[("1.md", "title: Note", FORM_OF_TEA), ("2.md", "title: Note", FORM_OF_MILK)],
          &[("2.md", "title: Note", FORM_OF_TEA)]],
        &[("2.md", "2.md")], &[]),
    ("a short note is edited to the text of a deleted one of the same day",
        &[&[("1.md", "title: Daily;date: 2025-05-04", "TODO"), ("2.md", "title: Daily;date: 2025-05-04", "TODO tomorrow")],
          &[("2.md", "title: Daily;date: 2025-05-04", "TODO tomorrow")],
          &[("2.md", "title: Daily;date: 2025-05-04", "TODO")]],
        &[("2.md", "2.md")], &[]),
    ("a short note gets the title of a deleted one",
        &[&[("1.md", "title: A;date: 2025-05-04", "One."), ("2.md", "title: B;date: 2025-05-04", "Two.")],
          &[("2.md", "title: B;date: 2025-05-04", "Two.")],
          &[("2.md", "title: A;date: 2025-05-04", "Three.")]],
        &[("2.md", "2.md")], &[]),
    ("a short note gets the title of one that is deleted in the same step",
        &[&[("1.md", "title: A;date: 2025-05-04", "One."), ("2.md", "title: B;date: 2025-05-04", "Two.")],
          &[("2.md", "title: A;date: 2025-05-04", "Three.")]],
        &[("2.md", "2.md")], &[]),
    ("a new short note with the title and the day of a deleted one",
        &[&[("1.md", "title: Daily;date: 2025-05-04", "One.")], &[], &[("2.md", "title: Daily;date: 2025-05-04", "Two.")]],
        &[("2.md", NEW)], &[]),
    ("a new short note with title, day and name of a deleted one, and title and day of another",
        &[&[("x/note.md", "title: Daily;date: 2025-05-04", "One."), ("y/log.md", "title: Daily;date: 2025-05-04", "Two.")],
          &[("y/log.md", "title: Daily;date: 2025-05-04", "Two.")],
          &[("y/log.md", "title: Daily;date: 2025-05-04", "Two."), ("z/note.md", "title: Daily;date: 2025-05-04", "Three.")]],
        &[("y/log.md", "y/log.md"), ("z/note.md", NEW)], &[]),
    ("a short note is back in another folder, with its title, day and name",
        &[&[("x/trip.md", "title: Trip;date: 2025-05-04", "One.")], &[], &[("z/trip.md", "title: Trip;date: 2025-05-04", "Two.")]],
        &[("z/trip.md", "x/trip.md")], &[]),
    ("a new short note of the day and title of one that is deleted and of one that stays",
        &[&[("1.md", "title: Daily;date: 2025-05-04", "One."), ("2.md", "title: Daily;date: 2025-05-04", "Two.")],
          &[("2.md", "title: Daily;date: 2025-05-04", "Two."), ("3.md", "title: Daily;date: 2025-05-04", "Three.")]],
        &[("2.md", "2.md"), ("3.md", NEW)], &["identity-unclear"]),
    ("two such notes in one step",
        &[&[("1.md", "title: Daily;date: 2025-05-04", "One."), ("2.md", "title: Daily;date: 2025-05-04", "Two."),
            ("3.md", "title: Weekly;date: 2025-05-05", "Four."), ("4.md", "title: Weekly;date: 2025-05-05", "Five.")],
          &[("2.md", "title: Daily;date: 2025-05-04", "Two."), ("4.md", "title: Weekly;date: 2025-05-05", "Five."),
            ("5.md", "title: Daily;date: 2025-05-04", "Three."), ("6.md", "title: Weekly;date: 2025-05-05", "Six.")]],
        &[("2.md", "2.md"), ("4.md", "4.md"), ("5.md", NEW), ("6.md", NEW)], &["identity-unclear", "identity-unclear"]),
    ("this week's review, when last week's is deleted",
        &[&[("w1.md", "title: Review;date: 2025-05-04", REVIEW_OF_GATES)], &[("w2.md", "title: Review;date: 2025-05-11", REVIEW_OF_SHIPS)]],
        &[("w2.md", NEW)], &[]),
    ("this week's review, long after last week's was deleted",
        &[&[("w1.md", "title: Review;date: 2025-05-04", REVIEW_OF_GATES)], &[], &[("w2.md", "title: Review;date: 2025-05-11", REVIEW_OF_SHIPS)]],
        &[("w2.md", NEW)], &[]),
    ("another note at the path of a deleted one",
        &[&[("note.md", "title: Monday;date: 2025-05-04", FORM)], &[], &[("note.md", "title: Tuesday;date: 2025-05-05", FORM)]],
        &[("note.md", NEW)], &[]),
    ("another short note at the path of a deleted one",
        &[&[("note.md", "title: A", "TODO")], &[], &[("note.md", "title: B", "TODO")]],
        &[("note.md", NEW)], &[]),
    ("the same short note at its path again",
        &[&[("note.md", "title: A;date: 2025-05-04", "One.")], &[], &[("note.md", "title: A;date: 2025-05-04", "Two.")]],
        &[("note.md", "note.md")], &[]),
    ("another note with the name of a deleted one",
        &[&[("x/notes.md", "title: A", "One.")], &[], &[("y/notes.md", "title: B", "Two.")]],
        &[("y/notes.md", NEW)], &[]),
    ("another note with the name of one that is deleted in the same step",
        &[&[("x/notes.md", "title: A", "One.")], &[("y/notes.md", "title: B", "Two.")]],
        &[("y/notes.md", NEW)], &[]),
    ("a short note is renamed",
        &[&[("1.md", "title: A", "One.")], &[("2.md", "title: A", "One.")]], &[("2.md", "1.md")], &[]),
    ("a short note is renamed, and there is a new one at its path",
        &[&[("r.md", "title: R", "One two.")], &[("r.md", "title: N", "Three."), ("x.md", "title: R", "One two.")]],
        // `index` gives the new one another id than the one made from its path
        &[("x.md", "r.md")], &[]),
    ("a note without a title is renamed, and there is a new one at its path",
        &[&[("r.md", "date: 2025-05-04", "One two.")], &[("r.md", "date: 2025-05-05", "Three."), ("x.md", "date: 2025-05-04", "One two.")]],
        &[("r.md", NEW), ("x.md", "r.md")], &[]),
    ("a short note is renamed and edited on its day",
        &[&[("1.md", "title: A;date: 2025-05-04", "One.")], &[("2.md", "title: A;date: 2025-05-04", "Two.")]],
        &[("2.md", "1.md")], &[]),
    ("a folder of short notes with one title is moved",
        &[&[("x/1.md", "title: Daily;date: 2025-05-04", "One."), ("x/2.md", "title: Daily;date: 2025-05-05", "Two.")],
          &[("y/1.md", "title: Daily;date: 2025-05-04", "One."), ("y/2.md", "title: Daily;date: 2025-05-05", "Two.")]],
        &[("y/1.md", "x/1.md"), ("y/2.md", "x/2.md")], &[]),
    ("two short notes with one content, and one is renamed",
        &[&[("1.md", "title: A", "One."), ("2.md", "title: A", "One.")], &[("2.md", "title: A", "One."), ("3.md", "title: A", "One.")]],
        &[("2.md", "2.md"), ("3.md", "1.md")], &[]),
    ("a long text is back with an edit and its title",
        &[&[("1.md", "title: A", "mill")], &[], &[("2.md", "title: A", "mill'")]], &[("2.md", "1.md")], &[]),
    ("a long text is back on its day with an edit, another title, another slug and in another place",
        &[&[("1.md", "title: A;date: 2025-05-04;slug: one", "mill")], &[], &[("x/2.md", "title: B;date: 2025-05-04", "mill'")]],
        &[("x/2.md", "1.md")], &[]),
    ("a copy of a long text, after another copy was deleted",
        &[&[("1.md", "title: A", "mill"), ("2.md", "title: B", "mill")], &[("2.md", "title: B", "mill")],
          &[("2.md", "title: B", "mill"), ("3.md", "title: C", "mill")]],
        &[("2.md", "2.md"), ("3.md", NEW)], &[]),
];

#[test]
fn notes_of_one_template_are_different_posts() {
    check(ROWS);
}
