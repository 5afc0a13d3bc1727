//! The grammars, one language after another. The words come from the reference of each language, with a few common additions.

use super::{Feature, Grammar, Quote};

const fn quote(sign: &'static str) -> Quote {
    Quote {
        open: sign,
        close: sign,
        escapes: true,
        lines: false,
    }
}

const fn text(sign: &'static str) -> Quote {
    Quote {
        lines: true,
        ..quote(sign)
    }
}

const fn raw(open: &'static str, close: &'static str) -> Quote {
    Quote {
        open,
        close,
        escapes: false,
        lines: true,
    }
}

/// Braces, `//` and `/* */`.
const C_LIKE: Grammar = Grammar {
    keywords: "",
    constants: "true false null",
    types: "",
    definers: "",
    line_comments: &["//"],
    block_comment: Some(("/*", "*/")),
    strings: &[quote("\""), quote("'")],
    prefixes: "",
    name_signs: "",
    features: &[Feature::Capitals],
};

pub(super) static RUST: Grammar = Grammar {
    keywords: "as async await break const continue crate dyn else enum extern fn for if impl in let loop match mod move mut pub ref \
               return self static struct super trait type union unsafe use where while yield gen try",
    constants: "true false",
    types: "bool char f32 f64 i8 i16 i32 i64 i128 isize str u8 u16 u32 u64 u128 usize Self",
    definers: "fn",
    strings: &[text("\"")],
    prefixes: "b c r br cr",
    features: &[
        Feature::Capitals,
        Feature::Ticks,
        Feature::Macros,
        Feature::Attributes,
        Feature::Hashes,
        Feature::NestedComments,
    ],
    ..C_LIKE
};

pub(super) static C: Grammar = Grammar {
    keywords: "alignas alignof auto break case const constexpr continue default do else enum extern for goto if inline register \
               restrict return sizeof static static_assert struct switch thread_local typedef typeof union volatile while",
    constants: "true false NULL nullptr",
    types: "bool char double float int long short signed unsigned void size_t ssize_t ptrdiff_t intptr_t uintptr_t int8_t int16_t int32_t \
            int64_t uint8_t uint16_t uint32_t uint64_t FILE",
    prefixes: "L u U u8",
    features: &[Feature::Capitals, Feature::Directives],
    ..C_LIKE
};

pub(super) static CPP: Grammar = Grammar {
    keywords: "alignas alignof and asm auto break case catch class co_await co_return co_yield concept const const_cast consteval constexpr \
               constinit continue decltype default delete do dynamic_cast else enum explicit export extern final for friend goto if import \
               inline module mutable namespace new noexcept not operator or override private protected public register \
               reinterpret_cast requires return sizeof static static_assert static_cast struct switch template this throw try typedef typeid \
               typename union using virtual volatile while __global__ __device__",
    types: "bool char char8_t char16_t char32_t double float int long short signed unsigned void wchar_t size_t ssize_t ptrdiff_t int8_t \
            int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t string string_view vector map set optional variant unique_ptr shared_ptr",
    ..C
};

pub(super) static OBJECTIVE_C: Grammar = Grammar {
    keywords: "auto break case const continue default do else enum extern for goto if in inline nonatomic readonly readwrite return self \
               sizeof static strong struct super switch typedef union volatile weak while copy assign",
    constants: "YES NO nil NULL true false",
    types: "bool char double float id instancetype int long short signed unsigned void BOOL SEL",
    features: &[Feature::Capitals, Feature::Directives, Feature::Annotations],
    ..C
};

pub(super) static CSHARP: Grammar = Grammar {
    keywords: "abstract as async await base break case catch checked class const continue default delegate do else enum event explicit \
               extern finally fixed for foreach get global goto if implicit in init interface internal is lock nameof namespace new not \
               operator out override params partial private protected public readonly record ref required return sealed set sizeof \
               stackalloc static struct switch this throw try typeof unchecked unsafe using var virtual volatile when where while with yield",
    types: "bool byte char decimal double dynamic float int long nint nuint object sbyte short string uint ulong ushort void",
    strings: &[text("\"\"\""), quote("\""), quote("'")],
    prefixes: "",
    features: &[Feature::Capitals, Feature::Directives],
    ..C_LIKE
};

pub(super) static GO: Grammar = Grammar {
    keywords: "break case chan const continue default defer else fallthrough for func go goto if import interface map package range return \
               select struct switch type var",
    constants: "true false nil iota",
    types: "any bool byte comparable complex64 complex128 error float32 float64 int int8 int16 int32 int64 rune string uint uint8 uint16 \
            uint32 uint64 uintptr",
    definers: "func",
    strings: &[quote("\""), quote("'"), raw("`", "`")],
    ..C_LIKE
};

pub(super) static PYTHON: Grammar = Grammar {
    keywords: "and as assert async await break case class continue def del elif else except finally for from global if import in is lambda \
               match nonlocal not or pass raise return self cls try type while with yield",
    constants: "True False None Ellipsis NotImplemented",
    types: "bool bytearray bytes complex dict float frozenset int list object set str tuple",
    definers: "def",
    line_comments: &["#"],
    block_comment: None,
    strings: &[text("\"\"\""), text("'''"), quote("\""), quote("'")],
    prefixes: "r b f u t br rb fr rf tr rt R B F U",
    features: &[Feature::Capitals, Feature::Annotations],
    ..C_LIKE
};

pub(super) static JAVASCRIPT: Grammar = Grammar {
    keywords: "abstract as asserts async await break case catch class const continue debugger declare default delete do else enum export \
               extends finally for from function get if implements import in infer instanceof interface is keyof let namespace new of \
               override private protected public readonly return satisfies set static super switch this throw try type typeof using var \
               while with yield",
    constants: "true false null undefined NaN Infinity",
    types: "any bigint boolean never number object string symbol unknown void",
    definers: "function",
    strings: &[quote("\""), quote("'"), text("`")],
    name_signs: "$",
    features: &[Feature::Capitals, Feature::Expressions, Feature::Annotations],
    ..C_LIKE
};

pub(super) static JAVA: Grammar = Grammar {
    keywords: "abstract as assert break case catch class continue def default do else enum exports extends final finally for goto if \
               implements import in instanceof interface module native new non-sealed open package permits private protected public record \
               requires return sealed static strictfp super switch synchronized this throw throws transient try var volatile when while with \
               yield",
    types: "boolean byte char double float int long short void",
    strings: &[text("\"\"\""), quote("\""), quote("'")],
    features: &[Feature::Capitals, Feature::Annotations],
    ..C_LIKE
};

pub(super) static KOTLIN: Grammar = Grammar {
    keywords: "abstract actual annotation as break by catch class companion const constructor continue crossinline data do else enum expect \
               external final finally for fun get if import in infix init inline inner interface internal is lateinit noinline object open \
               operator out override package private protected public reified return sealed set super suspend tailrec this throw try \
               typealias val value var vararg when where while it",
    definers: "fun",
    features: &[Feature::Capitals, Feature::Annotations, Feature::NestedComments],
    ..JAVA
};

pub(super) static SCALA: Grammar = Grammar {
    keywords: "abstract case catch class def derives do else end enum export extends extension final finally for forSome given if implicit \
               import inline lazy match new object open override package private protected return sealed super then this throw trait \
               transparent try type using val var while with yield",
    definers: "def",
    prefixes: "s f raw",
    ..KOTLIN
};

pub(super) static SWIFT: Grammar = Grammar {
    keywords: "actor any as associatedtype async await break case catch class continue convenience default defer deinit didSet do dynamic \
               else enum extension fallthrough fileprivate final for func get guard if import in indirect infix init inout internal is \
               isolated lazy let mutating nonisolated open operator optional override postfix precedencegroup prefix private protocol \
               public repeat required rethrows return self set some static struct subscript super switch throw throws try typealias \
               unowned var weak where while willSet",
    constants: "true false nil",
    types: "Self Any",
    definers: "func",
    strings: &[text("\"\"\""), quote("\"")],
    features: &[
        Feature::Capitals,
        Feature::Annotations,
        Feature::Hashes,
        Feature::Directives,
        Feature::NestedComments,
    ],
    ..C_LIKE
};

pub(super) static DART: Grammar = Grammar {
    keywords: "abstract as assert async await base break case catch class const continue covariant default deferred do else enum export \
               extends extension external factory final finally for get hide if implements import in interface is late library mixin new \
               of on operator part required rethrow return sealed set show static super switch sync this throw try typedef var when while \
               with yield",
    types: "bool double dynamic int num void",
    strings: &[text("\"\"\""), text("'''"), quote("\""), quote("'")],
    prefixes: "r",
    features: &[Feature::Capitals, Feature::Annotations],
    ..C_LIKE
};

pub(super) static RUBY: Grammar = Grammar {
    keywords: "BEGIN END abstract alias and begin break case class def defined? do else elsif end ensure extend fail for if in include lambda \
               loop module next not or prepend private proc protected public raise redo require require_relative rescue retry return self \
               super then undef unless until when while yield attr_accessor attr_reader attr_writer",
    constants: "true false nil __FILE__ __LINE__",
    definers: "def",
    line_comments: &["#"],
    block_comment: None,
    strings: &[text("\""), text("'"), quote("`")],
    name_signs: "?!",
    features: &[
        Feature::Capitals,
        Feature::Fields,
        Feature::Symbols,
        Feature::Expressions,
        Feature::Dollars,
    ],
    ..C_LIKE
};

pub(super) static PHP: Grammar = Grammar {
    keywords: "abstract and as break callable case catch class clone const continue declare default do echo else elseif enddeclare endfor \
               endforeach endif endswitch endwhile enum exit extends final finally fn for foreach function global goto if implements include \
               include_once instanceof insteadof interface isset list match namespace new or print private protected public readonly require \
               require_once return static switch throw trait try unset use var while xor yield",
    constants: "true false null TRUE FALSE NULL",
    types: "array bool float int iterable mixed never object self parent string void",
    definers: "function",
    line_comments: &["//", "#"],
    strings: &[text("\""), text("'"), quote("`")],
    features: &[Feature::Capitals, Feature::Dollars, Feature::Attributes, Feature::Islands],
    ..C_LIKE
};

pub(super) static PERL: Grammar = Grammar {
    keywords: "and cmp continue die do each else elsif eq for foreach ge given gt if last le local lt my ne next no not or our package print \
               qw redo require return say shift state sub unless until use wantarray warn when while xor",
    constants: "undef __PACKAGE__",
    definers: "sub",
    line_comments: &["#"],
    block_comment: None,
    strings: &[text("\""), text("'"), quote("`")],
    features: &[Feature::Dollars, Feature::Fields, Feature::LooseComments],
    ..C_LIKE
};

pub(super) static ELIXIR: Grammar = Grammar {
    keywords: "after alias and case catch cond def defdelegate defexception defguard defimpl defmacro defmodule defp defprotocol defstruct do \
               else end fn for if import in not or quote raise receive require rescue super try unless unquote use when with",
    constants: "true false nil",
    definers: "def defp defmacro",
    line_comments: &["#"],
    block_comment: None,
    strings: &[text("\"\"\""), text("\"")],
    name_signs: "?!",
    features: &[Feature::Capitals, Feature::Annotations, Feature::Symbols],
    ..C_LIKE
};

pub(super) static SQL: Grammar = Grammar {
    keywords: "add all alter analyze and any as asc begin between by cascade case check column commit conflict constraint copy create cross \
               cte cube current database declare default delete desc distinct do drop each else end except exec execute exists explain \
               extension fetch filter first following for foreign from full function grant group having if ignore ilike in index inner \
               insert intersect into is isnull join key last lateral left like limit materialized natural not nothing nulls of offset on \
               only or order outer over partition pragma preceding primary procedure range recursive references replace restrict \
               returning returns revoke right rollback row rows schema select sequence set some table temp temporary then to transaction \
               trigger truncate unbounded union unique update using vacuum values view virtual when where window with without",
    constants: "true false null current_date current_time current_timestamp",
    types: "array bigint bigserial binary bit blob bool boolean bytea char character date datetime decimal double float int integer interval \
            json jsonb money numeric precision real serial smallint text time timestamp timestamptz tinyint uuid varchar xml",
    line_comments: &["--"],
    strings: &[raw("'", "'"), raw("\"", "\""), raw("`", "`")],
    features: &[Feature::AnyCase],
    ..C_LIKE
};

pub(super) static LUA: Grammar = Grammar {
    keywords: "and break do else elseif end for function goto if in local not or repeat return self then until while",
    constants: "true false nil",
    definers: "function",
    line_comments: &["--"],
    block_comment: Some(("--[[", "]]")),
    strings: &[quote("\""), quote("'"), raw("[[", "]]")],
    features: &[],
    ..C_LIKE
};

pub(super) static HASKELL: Grammar = Grammar {
    keywords: "as case class data default deriving do else family forall foreign hiding if import in infix infixl infixr instance let mdo \
               module newtype of pattern qualified rec then type where",
    constants: "",
    line_comments: &["--"],
    block_comment: Some(("{-", "-}")),
    strings: &[quote("\"")],
    name_signs: "'",
    features: &[Feature::Capitals, Feature::Ticks, Feature::NestedComments],
    ..C_LIKE
};

pub(super) static JSON: Grammar = Grammar {
    constants: "true false null",
    features: &[Feature::Keys],
    ..C_LIKE
};

pub(super) static R: Grammar = Grammar {
    keywords: "break else for function if in library next repeat require return while",
    constants: "TRUE FALSE NULL NA NaN Inf T F",
    line_comments: &["#"],
    block_comment: None,
    strings: &[text("\""), text("'"), quote("`")],
    name_signs: ".",
    features: &[],
    ..C_LIKE
};

pub(super) static ZIG: Grammar = Grammar {
    keywords: "align allowzero and anyframe asm async await break callconv catch comptime const continue defer else enum errdefer error \
               export extern fn for if inline linksection noalias noinline nosuspend opaque or orelse packed pub resume return struct \
               suspend switch test threadlocal try union unreachable usingnamespace var volatile while",
    constants: "true false null undefined",
    types: "anyerror anyopaque anytype bool comptime_float comptime_int f16 f32 f64 f128 i8 i16 i32 i64 i128 isize noreturn type u8 u16 u32 \
            u64 u128 usize void",
    definers: "fn",
    block_comment: None,
    features: &[Feature::Capitals, Feature::Annotations],
    ..C_LIKE
};

pub(super) static HCL: Grammar = Grammar {
    keywords: "data dynamic for for_each if in locals module moved output provider resource terraform variable",
    types: "any bool list map number object set string tuple",
    line_comments: &["#", "//"],
    strings: &[quote("\"")],
    name_signs: "-",
    features: &[],
    ..C_LIKE
};

pub(super) static PROTOBUF: Grammar = Grammar {
    keywords: "edition enum extend extensions import message oneof option optional package public repeated required reserved returns rpc \
               service stream syntax to weak",
    types: "bool bytes double fixed32 fixed64 float int32 int64 map sfixed32 sfixed64 sint32 sint64 string uint32 uint64",
    ..C_LIKE
};

pub(super) static GRAPHQL: Grammar = Grammar {
    keywords: "directive enum extend fragment implements input interface mutation on query repeatable scalar schema subscription type union",
    line_comments: &["#"],
    block_comment: None,
    strings: &[text("\"\"\""), quote("\"")],
    features: &[Feature::Capitals, Feature::Dollars, Feature::Annotations],
    ..C_LIKE
};

pub(super) static NIX: Grammar = Grammar {
    keywords: "assert else if in inherit let or rec then with",
    constants: "true false null builtins",
    line_comments: &["#"],
    strings: &[raw("''", "''"), text("\"")],
    name_signs: "-'",
    features: &[],
    ..C_LIKE
};
