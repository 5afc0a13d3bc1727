//! The grammars of common programming languages.
//!
//! A grammar lists words and signs; [`super::code`] does the rest. Words are separated by blanks.

mod languages;

/// The lexical grammar of a language.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grammar {
    /// Keywords.
    pub(super) keywords: &'static str,
    /// Names of values.
    pub(super) constants: &'static str,
    /// Names of types that do not begin with a capital.
    pub(super) types: &'static str,
    /// Keywords before the name of a function.
    pub(super) definers: &'static str,
    /// The starts of comments that end with the line.
    pub(super) line_comments: &'static [&'static str],
    /// The start and end of other comments.
    pub(super) block_comment: Option<(&'static str, &'static str)>,
    /// Kinds of strings. A quote that begins with another one comes before it.
    pub(super) strings: &'static [Quote],
    /// Prefixes of strings. In a string whose prefix contains `r` or `R`, a backslash is an ordinary character.
    pub(super) prefixes: &'static str,
    /// Characters of names besides letters, digits and `_`.
    pub(super) name_signs: &'static str,
    /// Features of the language.
    pub(super) features: &'static [Feature],
}

/// A kind of string.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quote {
    /// The opening quote.
    pub(super) open: &'static str,
    /// The closing quote.
    pub(super) close: &'static str,
    /// Whether a backslash escapes the next character.
    pub(super) escapes: bool,
    /// Whether it may contain line ends.
    pub(super) lines: bool,
}

/// A feature of some languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Feature {
    /// `SELECT` is `select`.
    AnyCase,
    /// A name with a capital is a type, a name in capitals a constant.
    Capitals,
    /// `'a'` is a character, `'a` a name.
    Ticks,
    /// `name!` is a macro.
    Macros,
    /// `#[…]` is an attribute.
    Attributes,
    /// `#"…"#` around raw strings.
    Hashes,
    /// `#word` at the start of a line is a compiler directive.
    Directives,
    /// `@name` is an annotation.
    Annotations,
    /// `@name` is a variable.
    Fields,
    /// `$name` is a variable.
    Dollars,
    /// `:name` is a constant.
    Symbols,
    /// `/…/` after an operator is a regular expression.
    Expressions,
    /// A string before a colon is a key.
    Keys,
    /// `#` begins a comment only after a blank.
    LooseComments,
    /// `<?php` and `?>` are tags.
    Islands,
    /// Comments can be nested.
    NestedComments,
}

/// The grammar of the language called `name`, in lower case.
pub(super) fn named(name: &str) -> Option<&'static Grammar> {
    Some(match name {
        "rust" | "rs" => &languages::RUST,
        "c" | "h" => &languages::C,
        "c++" | "cpp" | "cxx" | "cc" | "hpp" | "hxx" | "cuda" | "arduino" | "ino" => &languages::CPP,
        "objective-c" | "objectivec" | "objc" | "obj-c" => &languages::OBJECTIVE_C,
        "c#" | "csharp" | "cs" => &languages::CSHARP,
        "go" | "golang" => &languages::GO,
        "python" | "py" | "python3" | "py3" | "starlark" | "bzl" => &languages::PYTHON,
        "javascript" | "js" | "jsx" | "mjs" | "cjs" | "node" | "typescript" | "ts" | "tsx" | "mts" => &languages::JAVASCRIPT,
        "java" | "groovy" | "gradle" => &languages::JAVA,
        "kotlin" | "kt" | "kts" => &languages::KOTLIN,
        "scala" | "sbt" => &languages::SCALA,
        "swift" => &languages::SWIFT,
        "dart" => &languages::DART,
        "ruby" | "rb" | "rake" | "gemfile" | "crystal" => &languages::RUBY,
        "php" => &languages::PHP,
        "perl" | "pl" => &languages::PERL,
        "elixir" | "ex" | "exs" => &languages::ELIXIR,
        "sql" | "postgresql" | "postgres" | "mysql" | "sqlite" | "plsql" => &languages::SQL,
        "lua" => &languages::LUA,
        "haskell" | "hs" => &languages::HASKELL,
        "json" | "jsonc" | "json5" | "ndjson" | "jsonl" | "geojson" | "webmanifest" => &languages::JSON,
        "r" => &languages::R,
        "zig" => &languages::ZIG,
        "hcl" | "terraform" | "tf" => &languages::HCL,
        "protobuf" | "proto" => &languages::PROTOBUF,
        "graphql" | "gql" => &languages::GRAPHQL,
        "nix" => &languages::NIX,
        _ => return None,
    })
}
