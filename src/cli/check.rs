//! `feedmill check`: lists every problem with its position and how to fix it.

mod external;

use std::fmt::Write as _;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, ValueEnum};
use ipnet::IpNet;
use serde_json::json;

use super::last_good::LastGood;
use super::settings::{self, Settings};
use super::terminal::counted;
use crate::diagnostic::{Diagnostic, Severity, one_line, printable};
use crate::publisher::{WOULD_HOLD, WOULD_WITHDRAW, snapshot_with_links, would_hold};
use crate::source::Source;
use crate::source::rules::tool_summary::tool_summary;
use crate::time::Timestamp;

/// The most posts that one line of the summary names.
const NAMED: usize = 20;

/// The options of `check`.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The folder of posts [default: posts]
    #[arg(env = "FEEDMILL_POSTS", hide_env_values = true)]
    posts: Option<Utf8PathBuf>,
    /// Print the problems as one JSON document: the same as `--format json`
    #[arg(long)]
    json: bool,
    /// How the problems are printed
    #[arg(long, value_enum, default_value_t = CheckFormat::Text, conflicts_with = "json")]
    format: CheckFormat,
    /// Print and count errors only: what keeps a post from readers
    #[arg(long)]
    errors: bool,
    /// Check links to other sites too: each address once, one request a second to a host. What is found is remembered for a week
    #[arg(long)]
    external: bool,
    /// The most seconds that links to other sites are checked
    #[arg(long, value_name = "SECONDS", default_value_t = 600, requires = "external", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    external_time: u64,
    /// A private network to which links may lead, such as `192.168.0.0/16`; repeat it for several
    #[arg(long, value_name = "NETWORK", requires = "external")]
    allow_network: Vec<IpNet>,
    #[command(flatten)]
    settings: Settings,
}

/// How problems are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CheckFormat {
    /// For people: each with its place in the file.
    Text,
    /// As one JSON document.
    Json,
    /// As annotations of a workflow on GitHub.
    Github,
}

/// Runs the command.
pub(super) fn run(arguments: CheckArgs) -> anyhow::Result<ExitCode> {
    let (config, root) = arguments.settings.load(arguments.posts, |_| ())?;
    if !root.exists() {
        bail!("there is no folder {root}; name another: feedmill check FOLDER");
    }
    let now = Timestamp::now();
    let mut ledger = settings::load_ledger(&config, now)?;
    let (site, links) =
        snapshot_with_links(&config, &root, &mut ledger, now).with_context(|| format!("the posts in {root} cannot be read"))?;
    let last_good = LastGood::load(&config, &root)?;
    let mut problems = with_last_good(&site.diagnostics, &last_good);
    let source = Source::folder(root.clone(), &config.posts);
    let is_asked = arguments.external && !arguments.errors;
    let external = is_asked.then(|| {
        let options = external::Options {
            time: Duration::from_secs(arguments.external_time),
            networks: arguments.allow_network,
        };
        let (found, summary) = external::check(&config, &source, &links, options);
        problems.extend(found);
        problems.sort();
        summary
    });
    if arguments.errors {
        problems.retain(|problem| problem.severity == Severity::Error);
    }
    let mut said = tool_summary(&source, &config.posts, site.all().iter().map(|post| post.source.as_path()));
    let posts = site.all().len();
    match if arguments.json { CheckFormat::Json } else { arguments.format } {
        CheckFormat::Json => {
            let mut document = json!({ "posts": posts, "tools": said, "problems": problems });
            if let Some(summary) = &external {
                document["external"] = json!(summary);
            }
            writeln!(anstream::stdout().lock(), "{document:#}")?;
        }
        format => write_problems(&problems, format, &root)?,
    }
    write_consequences(&problems, &last_good)?;
    said.extend(external.map(|summary| summary.to_string()));
    if arguments.external && !is_asked {
        said.push(String::from(
            "links to other sites were not checked: what is wrong with them is a warning, and `--errors` leaves warnings out",
        ));
    }
    let count = |severity| problems.iter().filter(|problem| problem.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let warned = if arguments.errors {
        String::new()
    } else {
        format!(", {}", counted(warnings, "warning"))
    };
    let (read, erroneous) = (counted(posts, "post"), counted(errors, "error"));
    said.push(format!("{root}: {read} read, {erroneous}{warned}"));
    for line in said {
        writeln!(io::stderr(), "{}", one_line(&line))?;
    }
    Ok(if errors + warnings == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Writes `problems` about files below `root` to the standard output, one after the other.
fn write_problems(problems: &[Diagnostic], format: CheckFormat, root: &Utf8Path) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    for diagnostic in problems {
        if format == CheckFormat::Github {
            writeln!(out, "{}", annotation(diagnostic, root))?;
        } else {
            writeln!(out, "{}\n", diagnostic.draw(true))?;
        }
    }
    out.flush()
}

/// The annotation of GitHub for `diagnostic`, about a file below `root`.
fn annotation(diagnostic: &Diagnostic, root: &Utf8Path) -> String {
    let kind = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    // a property ends at a comma or a colon, and the message at the end of the line
    let message = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| message(text).replace(':', "%3A").replace(',', "%2C");
    let file = root.join(&diagnostic.path);
    let mut place = format!("file={}", property(file.as_str()));
    if let Some(position) = diagnostic.position {
        let _ = write!(place, ",line={},col={}", position.line, position.column);
    }
    let mend = if diagnostic.mend.is_empty() {
        String::new()
    } else {
        format!("; {}", diagnostic.mend)
    };
    format!(
        "::{kind} {place},title={}::{}{}",
        property(diagnostic.code),
        message(&diagnostic.message),
        message(&mend)
    )
}

fn is_held(problem: &Diagnostic) -> bool {
    problem.code == WOULD_HOLD
}

/// `diagnostics`, where those on held posts say whether a last good version is stored, and a renamed file is not a withdrawn post.
fn with_last_good(diagnostics: &[Diagnostic], last_good: &LastGood) -> Vec<Diagnostic> {
    let mut problems = diagnostics.to_vec();
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
    let renamed: Vec<(Utf8PathBuf, Utf8PathBuf)> = errors
        .filter_map(|problem| Some((last_good.renamed_from(&problem.path)?.to_owned(), problem.path.clone())))
        .collect();
    for problem in problems.iter_mut().filter(|problem| problem.code == WOULD_WITHDRAW) {
        if let Some((_, to)) = renamed.iter().find(|(from, _)| *from == *problem.path) {
            *problem = would_hold(to);
        }
    }
    for problem in problems.iter_mut().filter(|problem| is_held(problem)) {
        problem.message.push_str(if last_good.is_stored(&problem.path) {
            "; they go on seeing its last good version"
        } else {
            "; no last good version of it is stored, so after a start they do not see it"
        });
    }
    problems
}

/// Writes which posts a start would take from readers.
fn write_consequences(problems: &[Diagnostic], last_good: &LastGood) -> io::Result<()> {
    let (kept, lost): (Vec<&Diagnostic>, Vec<&Diagnostic>) = problems
        .iter()
        .filter(|problem| is_held(problem))
        .partition(|problem| last_good.is_stored(&problem.path));
    let withdrawn = problems.iter().filter(|problem| problem.code == WOULD_WITHDRAW).collect();
    for (consequence, concerned) in [
        ("a start would withdraw", withdrawn),
        ("a start could not show", lost),
        ("a start would go on with the last good version of", kept),
    ] {
        let paths: Vec<String> = concerned.iter().map(|problem| printable(problem.path.as_str())).collect();
        if let Some((first, others)) = paths.split_first() {
            let these = match others.len() {
                0 => "this post that readers have".to_owned(),
                n => format!("these {} posts that readers have", n + 1),
            };
            let mut named = first.clone();
            others.iter().take(NAMED - 1).for_each(|path| named.extend([", ", path]));
            let more = if paths.len() > NAMED { ", …" } else { "" };
            writeln!(io::stderr(), "{consequence} {these}: {named}{more}")?;
        }
    }
    Ok(())
}
