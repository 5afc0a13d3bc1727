//! `feedmill new`: a file for a new post, where and as the other posts are.

mod front_matter;
mod naming_style;

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, bail};
use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use jiff::civil;

use self::front_matter::NewFields;
use self::naming_style::NamingStyle;
use super::settings::{self, Settings};
use super::terminal;
use crate::config::Config;
use crate::diagnostic::one_line;
use crate::post::date;
use crate::post::slug::slugify;
use crate::publisher::snapshot;
use crate::time::Timestamp;

/// The most tags that the message names.
const NAMED_TAGS: usize = 12;

/// The options of `new`.
#[derive(Debug, Args)]
pub(super) struct NewArgs {
    /// The title of the post
    title: String,
    /// The folder of posts [default: posts]
    #[arg(long, value_name = "DIR", env = "FEEDMILL_POSTS", hide_env_values = true)]
    posts: Option<Utf8PathBuf>,
    /// Open it in the editor that $VISUAL or $EDITOR names
    #[arg(long, short)]
    edit: bool,
    /// Publish it: it is not a draft. With --edit it is published when the editor ends
    #[arg(long)]
    publish: bool,
    /// Its date, such as 2026-01-31 or 2026-01-31T09:00; with --publish and a date in the future it appears then [default: now]
    #[arg(long, value_name = "DATE")]
    date: Option<String>,
    /// A tag; may be given several times
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Make a page that is not a post: without a date, in no feed
    #[arg(long, conflicts_with = "date")]
    page: bool,
    #[command(flatten)]
    settings: Settings,
}

/// Runs the command.
pub(super) fn run(arguments: NewArgs) -> anyhow::Result<ExitCode> {
    let NewArgs {
        title,
        posts,
        edit,
        publish,
        date,
        tags,
        page,
        settings,
    } = arguments;
    let title = one_line(title.trim()).into_owned();
    let slug = slugify(&title);
    if slug.is_empty() {
        bail!("a post needs a title with a letter or a digit, because its file is named after it");
    }
    let (config, root) = settings.load(posts, |_| ())?;
    let now = Timestamp::now();
    let given = date;
    let date = post_date(given.as_deref(), &config, now)?;
    // a time that is given is written, also where the other posts have days only
    let has_time = given.is_some_and(|given| given.contains(':') || date.time() != civil::Time::midnight());
    if !root.is_dir() {
        fs::create_dir_all(&root).with_context(|| format!("the folder {root} cannot be created"))?;
        terminal::print_message(&format!("made the folder {}\n", one_line(root.as_str())));
    }
    let mut ledger = settings::load_ledger(&config, now)?;
    let site = snapshot(&config, &root, &mut ledger, now).with_context(|| format!("the posts in {root} cannot be read"))?;
    let style = NamingStyle::from_posts_of(&site, &root);
    let path = if page {
        Utf8PathBuf::from(format!("{slug}.{}", style.ending))
    } else {
        style.path_of(&slug, date.date())
    };
    let text = style.form.write(&NewFields {
        title: &title,
        date: (!page).then_some(date),
        has_time: has_time || style.has_times,
        tags: &tags,
        author: style.author.as_deref().filter(|_| !page),
        is_draft: !publish,
        is_page: page,
    });
    let file = root.join(&path);
    add(&file, &text, edit && publish)?;
    let due = (publish && !page)
        .then(|| config.timezone().to_timestamp(date).ok())
        .flatten()
        .filter(|due| *due > now);
    print_where(&file, page, publish, due, &style);
    if edit && !publish {
        open_in_editor(&file)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The date of the post in the zone of the site: the one given, in any form that posts may have, or now.
fn post_date(given: Option<&str>, config: &Config, now: Timestamp) -> anyhow::Result<civil::DateTime> {
    let Some(given) = given else {
        return Ok(config.timezone().to_datetime(now));
    };
    let zone = config.timezone();
    let date = date::parse(given, &zone, config.posts.day_first);
    let date = date.map_err(|_| anyhow::anyhow!("`{given}` is not a date; write it like 2026-01-31 or 2026-01-31T09:00"))?;
    Ok(zone.to_datetime(date.timestamp()))
}

/// Adds `file` with `text` to its folder whole: under a name that is not a post first, then by one call, and only if there is no such file.
/// With `edits_first` the editor changes it in between.
fn add(file: &Utf8Path, text: &str, edits_first: bool) -> anyhow::Result<()> {
    let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else {
        bail!("{file} is not a path of a file");
    };
    fs::create_dir_all(folder).with_context(|| format!("the folder {folder} cannot be created"))?;
    if file.exists() {
        return Err(exists(file));
    }
    // a name that begins with a dot is not a post
    let unfinished = folder.join(format!(".{name}.unfinished.{}", file.extension().unwrap_or("md")));
    let result = write_new(&unfinished, text)
        .with_context(|| format!("{unfinished} cannot be written"))
        .and_then(|()| if edits_first { open_in_editor(&unfinished) } else { Ok(()) })
        .and_then(|()| {
            let is_untouched = edits_first && fs::read_to_string(&unfinished).is_ok_and(|now| now == text);
            if is_untouched {
                let _ = fs::remove_file(&unfinished);
                bail!("the editor changed nothing, so no file was made");
            }
            Ok(())
        })
        .and_then(|()| match fs::hard_link(&unfinished, file) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(exists(file)),
            // a file system without hard links
            Err(_) => fs::rename(&unfinished, file).with_context(|| format!("{file} cannot be written")),
        });
    if result.is_err() && edits_first && unfinished.exists() {
        // what was written in the editor is never lost
        return result.with_context(|| format!("what you wrote is in {unfinished}"));
    }
    let _ = fs::remove_file(&unfinished);
    result
}

fn exists(file: &Utf8Path) -> anyhow::Error {
    anyhow::anyhow!("{file} exists already and was not changed; choose another title, or edit that file")
}

fn write_new(path: &Utf8Path, text: &str) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Opens `file` in the author's editor, and waits until that ends.
fn open_in_editor(file: &Utf8Path) -> anyhow::Result<()> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let Some(editor) = variable("VISUAL").or_else(|| variable("EDITOR")) else {
        bail!("{file} is written, but no editor is set; set EDITOR, for example: export EDITOR=nano");
    };
    // the variable may have options, as in `code --wait`
    let status = Command::new("sh")
        .arg("-c")
        .arg(format!("{editor} \"$1\""))
        .arg("sh")
        .arg(Path::new(file))
        .status();
    let status = status.with_context(|| format!("the editor `{editor}` cannot be started"))?;
    if !status.success() {
        bail!("the editor `{editor}` ended with an error ({status}); {file} stays as it left it");
    }
    Ok(())
}

/// Says where the file is, and what or when makes it public. A published post waits until `due`.
fn print_where(file: &Utf8Path, is_page: bool, is_published: bool, due: Option<Timestamp>, style: &NamingStyle) {
    let mut text = format!("{file}\n");
    if !is_published {
        let kind = if is_page { "page" } else { "post" };
        let _ = writeln!(text, "  a draft: remove its line `draft` to publish the {kind}");
    }
    if let Some(due) = due {
        let _ = writeln!(text, "  it appears at {due}");
    }
    if !style.tags.is_empty() {
        let tags: Vec<&str> = style.tags.iter().take(NAMED_TAGS).map(String::as_str).collect();
        let _ = writeln!(text, "  tags used here: {}", one_line(&tags.join(", ")));
    }
    terminal::print_message(&text);
}
