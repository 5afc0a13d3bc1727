//! What tells the parts of common programming languages apart.
//!
//! A grammar names words and signs and leaves the rest to [`super::code`]. Words are parted by blanks.

mod languages;

/// The lexical side of a language.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grammar {
    /// Words of the language.
    pub(super) keywords: &'static str,
    /// Words for values.
    pub(super) constants: &'static str,
    /// Words for types that are not told by a capital.
    pub(super) types: &'static str,
    /// Keywords after which the name of a function is said.
    pub(super) definers: &'static str,
    /// What begins a comment to the end of the line.
    pub(super) line_comments: &'static [&'static str],
    /// What begins and ends a comment.
    pub(super) block_comment: Option<(&'static str, &'static str)>,
    /// Strings; where one sign begins with another, the longer first.
    pub(super) strings: &'static [Quote],
    /// What may stand right before a string as part of it; with an `r` or `R` in it a backslash means nothing.
    pub(super) prefixes: &'static str,
    /// What a name may hold besides letters, digits and `_`.
    pub(super) name_signs: &'static str,
    /// What is peculiar to it.
    pub(super) features: &'static [Feature],
}

/// A kind of string.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quote {
    /// What begins it.
    pub(super) open: &'static str,
    /// What ends it.
    pub(super) close: &'static str,
    /// Whether a backslash takes away the meaning of what comes next.
    pub(super) escapes: bool,
    /// Whether it may hold line ends.
    pub(super) lines: bool,
}

/// What some languages have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Feature {
    /// `SELECT` is `select`.
    AnyCase,
    /// A name with a capital is a type's, one in capitals a constant's.
    Capitals,
    /// `'a'` is a character, `'a` a name.
    Ticks,
    /// `name!` is a macro.
    Macros,
    /// `#[…]` is an attribute.
    Attributes,
    /// `#"…"#` around raw strings.
    Hashes,
    /// `#word` at the start of a line is an instruction to the compiler.
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
    /// Comments hold comments.
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
