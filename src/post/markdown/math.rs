//! Mathematics between dollar signs: `$x^2$`, `$$\sum_i x_i$$`.
//!
//! It is parsed as mathematics, so that nothing in it becomes emphasis, and shown as it was typed: formulas are not typeset. A formula gets
//! a class, so that style sheets and scripts can find it.

use comrak::nodes::{AstNode, NodeMath, NodeValue};
use comrak::{Arena, Node};

/// Replaces formulas by their text as it was typed.
pub(super) fn restore_text(root: Node<'_>) {
    for node in root.descendants() {
        let mut data = node.data_mut();
        if let NodeValue::Math(math) = &data.value {
            data.value = NodeValue::Text(typed_text(math).into());
        }
    }
}

/// Replaces formulas by their text as it was typed, and marks those that look like mathematics.
pub(super) fn mark_formulas<'a>(root: Node<'a>, arena: &'a Arena<'a>) {
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
        data.value = NodeValue::Text(typed_text(math).into());
        drop(data);
        if is_formula {
            let raw = |html: String| arena.alloc(AstNode::from(NodeValue::HtmlInline(html)));
            node.insert_before(raw(format!("<span class=\"{class}\">")));
            node.insert_after(raw("</span>".to_owned()));
        }
    }
}

fn typed_text(math: &NodeMath) -> String {
    let sign = if math.display_math { "$$" } else { "$" };
    format!("{sign}{}{sign}", math.literal)
}

/// Whether `sibling` is text directly beside a formula, without a space: `$HOME:$PATH` is not a formula.
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

/// Whether `literal` is mathematics, not money: a name of up to three letters, or an expression with an operator.
fn looks_like_formula(literal: &str) -> bool {
    let is_name = literal.chars().count() <= 3 && literal.chars().all(char::is_alphabetic);
    is_name || literal.contains(['\\', '^', '_', '=', '{', '+', '<', '>', '|', '*', '/', '('])
}
