//! The values of a front matter.

use crate::diagnostic::Position;

/// A value with its position. Scalars keep their spelling (`1.10`, `no`, `007`): only the code that reads a field knows its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it begins, in the whole file.
    pub position: Position,
}

/// The value of a [`Node`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// No value: `title:`, `title: ~`, `null`.
    Null,
    /// A text, number, boolean or date.
    Scalar {
        /// The text, unquoted and unescaped.
        text: String,
        /// Whether it was written without quotes.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the author's order.
    Map(Vec<(String, Node)>),
}
