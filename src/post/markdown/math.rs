//! Mathematics between dollar signs: `$x^2$`, `$$\sum_i x_i$$`.
//!
//! It is read as what it is, so that nothing in it is taken for emphasis, and shown as it was typed: nothing here sets formulas. What
//! looks like one is marked with a class, so that pages can show it apart and scripts can find it.

use comrak::nodes::{AstNode, NodeMath, NodeValue};
use comrak::{Arena, Node};

/// Turns formulas back into the text they were.
pub(super) fn show(root: Node<'_>) {
    for node in root.descendants() {
        let mut data = node.data_mut();
        if let NodeValue::Math(math) = &data.value {
            data.value = NodeValue::Text(typed(math).into());
        }
    }
}

/// Turns formulas back into the text they were, and marks what looks like one.
pub(super) fn mark<'a>(root: Node<'a>, arena: &'a Arena<'a>) {
    let formulas: Vec<Node<'a>> = root
        .descendants()
        .filter(|node| matches!(node.data().value, NodeValue::Math(_)))
        .collect();
    for node in formulas {
        let stands_apart = !node.previous_sibling().is_some_and(|before| touches(before, true))
            && !node.next_sibling().is_some_and(|after| touches(after, false));
        let mut data = node.data_mut();
        let NodeValue::Math(math) = &data.value else {
            continue;
        };
        let is_formula = math.display_math || (stands_apart && looks_like_formula(&math.literal));
        let class = if math.display_math { "math math-display" } else { "math" };
        data.value = NodeValue::Text(typed(math).into());
        drop(data);
        if is_formula {
            let raw = |html: String| arena.alloc(AstNode::from(NodeValue::HtmlInline(html)));
            node.insert_before(raw(format!("<span class=\"{class}\">")));
            node.insert_after(raw("</span>".to_owned()));
        }
    }
}

fn typed(math: &NodeMath) -> String {
    let sign = if math.display_math { "$$" } else { "$" };
    format!("{sign}{}{sign}", math.literal)
}

/// Whether `sibling` is text that goes on without a blank where a formula begins or ends: `$HOME:$PATH` is none.
fn touches(sibling: Node<'_>, at_its_end: bool) -> bool {
    match &sibling.data().value {
        NodeValue::Text(text) => {
            let nearest = if at_its_end {
                text.chars().next_back()
            } else {
                text.chars().next()
            };
            nearest.is_some_and(char::is_alphanumeric)
        }
        _ => false,
    }
}

/// Whether `literal` says something in mathematics, not in money: one sign or name, or something put together by an operator.
fn looks_like_formula(literal: &str) -> bool {
    let is_name = literal.chars().count() <= 3 && literal.chars().all(char::is_alphabetic);
    is_name || literal.contains(['\\', '^', '_', '=', '{', '+', '<', '>', '|', '*', '/', '('])
}
