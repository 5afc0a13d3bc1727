//! Shell languages: scripts, sessions, and the two kinds of files that contain commands, Dockerfiles and makefiles.
//!
//! The tokens follow POSIX.1-2024, "Shell Command Language", section 2.

use super::class::Class;
use super::scan::{CodeScanner, Span, is_one_of, length_while};

const KEYWORDS: &str = "alias break case cd continue declare do done echo elif else end esac eval exec exit export fi for function if in local \
                        read readonly return select set shift source sudo then trap unset until while";

const INSTRUCTIONS: &str = "ADD ARG AS CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME \
                            WORKDIR";

const DIRECTIVES: &str = "-include define else endef endif export ifdef ifeq ifndef ifneq include override unexport vpath";

/// Lexes a script.
pub(super) fn script<'a>(text: &'a str, spans: &mut Vec<Span<'a>>) {
    let mut scanner = CodeScanner::new(text, spans);
    let mut wants_command = true;
    while let Some(next) = scanner.peek() {
        token(&mut scanner, next, &mut wants_command);
    }
}

/// Lexes a session: commands after a prompt, and their output.
pub(super) fn session<'a>(text: &'a str, spans: &mut Vec<Span<'a>>) {
    let mut scanner = CodeScanner::new(text, spans);
    let mut goes_on = false;
    while !scanner.rest().is_empty() {
        let line = scanner.line();
        let prompt = ["$ ", "# ", "% ", "> ", "❯ ", "PS> "]
            .iter()
            .find(|prompt| line.starts_with(**prompt));
        if let Some(prompt) = prompt {
            scanner.take(prompt.len(), Class::Punctuation);
        }
        let is_command = prompt.is_some() || goes_on;
        let line = scanner.line();
        if is_command {
            scanner.within(line.len(), script);
        } else {
            scanner.take_line(None);
        }
        goes_on = is_command && line.ends_with('\\');
        if !scanner.rest().is_empty() {
            scanner.take(1, None);
        }
    }
}

/// Lexes a Dockerfile: instructions, each with a command or words.
pub(super) fn dockerfile<'a>(text: &'a str, spans: &mut Vec<Span<'a>>) {
    let mut scanner = CodeScanner::new(text, spans);
    let mut wants_command = false;
    while let Some(next) = scanner.peek() {
        let word = word(scanner.rest());
        if next.is_ascii_alphabetic()
            && is_one_of(INSTRUCTIONS, &word.to_ascii_uppercase())
            && (scanner.at_line_start() || word == "AS")
        {
            wants_command = word.eq_ignore_ascii_case("RUN");
            scanner.take(word.len(), Class::Keyword);
        } else {
            if scanner.at_line_start() && !wants_command && next == '#' {
                scanner.take_line(Class::Comment);
                continue;
            }
            token(&mut scanner, next, &mut wants_command);
        }
    }
}

/// Lexes a makefile: variables, targets, and recipes below them.
pub(super) fn makefile<'a>(text: &'a str, spans: &mut Vec<Span<'a>>) {
    let mut scanner = CodeScanner::new(text, spans);
    let mut in_recipe = false;
    let mut wants_command = false;
    while let Some(next) = scanner.peek() {
        if scanner.before().is_none_or(|before| before == '\n') {
            in_recipe = next == '\t' || next == ' ';
            wants_command = in_recipe;
            let line = scanner.line();
            let name = word(line);
            let sign = line.find([':', '=']).filter(|&at| at > 0 && !line.starts_with('#'));
            if is_one_of(DIRECTIVES, name) && !name.is_empty() {
                scanner.take(name.len(), Class::Keyword);
                continue;
            }
            if let Some(at) = sign.filter(|_| !in_recipe) {
                let rest = line.get(at..).unwrap_or_default();
                let assigns = rest.starts_with('=') || rest.starts_with(":=") || rest.starts_with("::=");
                let name = line.get(..at).unwrap_or_default().trim_end_matches(['?', '+', '!', ' ']);
                scanner.take(name.len(), if assigns { Class::Variable } else { Class::Function });
                continue;
            }
        }
        let mut is_command = wants_command && in_recipe;
        token(&mut scanner, next, &mut is_command);
        wants_command = is_command;
    }
}

fn word(text: &str) -> &str {
    let end = length_while(text, |c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    text.get(..end).unwrap_or_default()
}

/// Takes one token of a script. If it `wants_command`, a word is a command.
fn token(scanner: &mut CodeScanner<'_, '_>, next: char, wants_command: &mut bool) {
    let rest = scanner.rest();
    let after = rest.get(next.len_utf8()..).unwrap_or_default();
    let starts_word = scanner
        .before()
        .is_none_or(|before| before.is_whitespace() || "(;|&".contains(before));
    match next {
        '\n' => {
            *wants_command = true;
            scanner.take(1, None);
        }
        c if c.is_whitespace() => {
            scanner.take(length_while(rest, |c| c.is_whitespace() && c != '\n'), None);
        }
        '#' if starts_word => scanner.take_line(Class::Comment),
        '\\' => {
            let escaped = after.chars().next().map_or(0, char::len_utf8);
            scanner.take(1 + escaped, None);
        }
        '"' => scanner.take_string(1, "\"", true, true, Class::String),
        '\'' => scanner.take_string(1, "'", false, true, Class::String),
        '$' if after.starts_with('{') => scanner.take_string(2, "}", true, false, Class::Variable),
        '$' if after.starts_with('(') => {
            *wants_command = true;
            scanner.take(2, Class::Operator);
        }
        '$' => {
            let name = length_while(after, |c| c.is_alphanumeric() || c == '_');
            let special = usize::from(name == 0 && after.starts_with(['?', '!', '#', '@', '*', '$', '-', '<', '^']));
            let length = 1 + name + special;
            scanner.take(length, (length > 1).then_some(Class::Variable));
        }
        '|' | '&' | ';' | '(' => {
            *wants_command = true;
            scanner.take(1, Class::Operator);
        }
        '<' | '>' | '=' | '!' | '*' => {
            scanner.take(1, Class::Operator);
        }
        _ => script_word(scanner, next, starts_word, wants_command),
    }
}

/// Takes a word of a script, or the part of one before the next sign.
fn script_word(scanner: &mut CodeScanner<'_, '_>, next: char, starts_word: bool, wants_command: &mut bool) {
    let rest = scanner.rest();
    let end = length_while(rest, |c| !c.is_whitespace() && !"\"'$|&;()<>\\`=".contains(c)).max(next.len_utf8());
    let word = rest.get(..end).unwrap_or_default();
    let assigns = rest.get(end..).is_some_and(|after| after.starts_with('='));
    let class = if !starts_word {
        None
    } else if assigns && *wants_command {
        Some(Class::Variable)
    } else if is_one_of(KEYWORDS, word) && *wants_command || is_one_of("in do then", word) {
        // a command follows most of these
        *wants_command = !is_one_of("for case in cd echo export local set source", word);
        Some(Class::Keyword)
    } else if *wants_command && word.starts_with(char::is_alphabetic) {
        *wants_command = false;
        Some(Class::Function)
    } else if word.starts_with('-') && word.len() > 1 {
        Some(Class::Attribute)
    } else if word.chars().all(|c| c.is_ascii_digit()) {
        Some(Class::Number)
    } else {
        *wants_command = false;
        None
    };
    scanner.take(end, class);
}
