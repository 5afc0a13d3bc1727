//! The classes of the parts of code.

/// The class of a part of code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// A name of an attribute, a key or a property; an annotation.
    Attribute,
    /// A comment.
    Comment,
    /// A value that has a name: `true`, `None`, `MAX`.
    Constant,
    /// A deleted line of a diff.
    Deleted,
    /// A name of a function, a macro, a command or a target.
    Function,
    /// A heading, in prose or in a diff.
    Heading,
    /// An inserted line of a diff.
    Inserted,
    /// A word of the language.
    Keyword,
    /// A number.
    Number,
    /// An operator.
    Operator,
    /// Punctuation.
    Punctuation,
    /// A string or a character.
    String,
    /// A name of an element.
    Tag,
    /// A name of a type.
    Type,
    /// A name of a variable, if its form shows that.
    Variable,
}

impl Class {
    /// All classes.
    #[cfg(test)]
    pub(super) const ALL: [Class; 15] = [
        Class::Attribute,
        Class::Comment,
        Class::Constant,
        Class::Deleted,
        Class::Function,
        Class::Heading,
        Class::Inserted,
        Class::Keyword,
        Class::Number,
        Class::Operator,
        Class::Punctuation,
        Class::String,
        Class::Tag,
        Class::Type,
        Class::Variable,
    ];

    /// The name of the class in style sheets.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Class::Attribute => "hl-attribute",
            Class::Comment => "hl-comment",
            Class::Constant => "hl-constant",
            Class::Deleted => "hl-deleted",
            Class::Function => "hl-function",
            Class::Heading => "hl-heading",
            Class::Inserted => "hl-inserted",
            Class::Keyword => "hl-keyword",
            Class::Number => "hl-number",
            Class::Operator => "hl-operator",
            Class::Punctuation => "hl-punctuation",
            Class::String => "hl-string",
            Class::Tag => "hl-tag",
            Class::Type => "hl-type",
            Class::Variable => "hl-variable",
        }
    }
}
