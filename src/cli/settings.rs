//! Configuration from all its sources: flag, environment, file, default, the first that says something.

use std::fmt;
use std::fs;
use std::io;
use std::sync::Arc;

use anyhow::{Context, bail};
use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use clap::Args;

use super::terminal;
use crate::config::{Config, Mistake};
use crate::diagnostic::{Diagnostic, one_line};
use crate::identity::Registry;
use crate::storage::Storage;
use crate::time::Timestamp;

/// The configuration file that is read where none is named, if it is there.
const DEFAULT_FILE: &str = "feedmill.toml";

/// The folder of templates that is read where none is named, if it is there.
const TEMPLATES: &str = "templates";

/// The options that every command has.
#[derive(Clone, Debug, Args)]
pub(super) struct Settings {
    /// The configuration file [default: feedmill.toml, if it is there]
    #[arg(long, value_name = "FILE", env = "FEEDMILL_CONFIG", hide_env_values = true)]
    config: Option<Utf8PathBuf>,
    /// The public address of the site, such as `https://example.com`
    #[arg(long, value_name = "URL", env = "FEEDMILL_BASE_URL", hide_env_values = true, value_parser = whole_address)]
    base_url: Option<url::Url>,
    /// The folder of the ledger, which keeps the ids of posts [default: .feedmill/NAME beside the folder of posts, NAME being its
    /// name]
    #[arg(long, value_name = "DIR", env = "FEEDMILL_STATE", hide_env_values = true)]
    state: Option<Utf8PathBuf>,
}

/// The address of a site, whole: many leave the scheme out.
fn whole_address(text: &str) -> Result<url::Url, String> {
    let is_site = |url: &url::Url| matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none();
    match text.parse().ok().filter(is_site) {
        Some(url) => Ok(url),
        None => Err("write the whole address, such as `https://example.com`, without `?` and `#`".to_owned()),
    }
}

/// The configuration file cannot be used: why, and where in it.
#[derive(Debug)]
pub(super) struct Misconfigured(pub(super) Diagnostic);

impl fmt::Display for Misconfigured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration file has an error\n{}", self.0.draw(true))
    }
}

impl std::error::Error for Misconfigured {}

impl Settings {
    /// The configuration, with the folder of posts that `posts` or the configuration names; `overlay` lays a command's own
    /// options over it.
    pub(super) fn load(
        self,
        posts: Option<Utf8PathBuf>,
        overlay: impl FnOnce(&mut Config),
    ) -> anyhow::Result<(Arc<Config>, Utf8PathBuf)> {
        let read = match &self.config {
            Some(path) => read(path)?.with_context(|| format!("there is no configuration file {path}"))?,
            None => read(Utf8Path::new(DEFAULT_FILE))?.unwrap_or_default(),
        };
        self.applied(read, posts, overlay)
    }

    /// The configuration for the post in `file`, its folder of posts, and the file's path in it.
    ///
    /// Without `posts` the folder is looked for: a configuration file that is named or lies here names it, or one in a folder above
    /// the file; a folder above the file that has a ledger is one. What is found must agree. Where nothing is found, it is the
    /// folder `posts` here, if it contains the file.
    pub(super) fn load_for(
        self,
        file: &Utf8Path,
        posts: Option<Utf8PathBuf>,
    ) -> anyhow::Result<(Arc<Config>, Utf8PathBuf, Utf8PathBuf)> {
        let candidates = spellings(file)?;
        let (mut found, mut is_named) = (None, false);
        match &self.config {
            Some(path) => {
                found = Some(read(path)?.with_context(|| format!("there is no configuration file {path}"))?);
                is_named = true;
            }
            None => {
                let here = std::iter::once(Utf8PathBuf::from(DEFAULT_FILE));
                let above = candidates.iter().flat_map(|file| file.ancestors().skip(1));
                for path in here.chain(above.map(|folder| folder.join(DEFAULT_FILE))) {
                    let Some((config, folder)) = read(&path)? else { continue };
                    if place(&candidates, &folder.join(&config.posts.dir)).is_some() {
                        (found, is_named) = (Some((config, folder)), true);
                        break;
                    }
                }
            }
        }
        let given = posts.is_some();
        let (config, root) = self.applied(found.unwrap_or_default(), posts, |_| ())?;
        let placed = place(&candidates, &root);
        if given || config.state.dir.is_some() && is_named {
            let (root, path) = placed.with_context(|| format!("{file} is not in the folder of posts, {root}"))?;
            return Ok((config, root, path));
        }
        let mut with_ledger: Vec<Utf8PathBuf> = Vec::new();
        for folder in candidates.iter().flat_map(|file| file.ancestors().skip(1)) {
            let is_known = with_ledger.iter().any(|known| is_same(known, folder));
            if !is_known && storage(&Config::default(), folder).is_ok_and(|storage| storage.has_ledger()) {
                with_ledger.push(folder.to_owned());
            }
        }
        let agrees = |root: &Utf8Path| with_ledger.is_empty() || with_ledger.iter().any(|other| is_same(other, root));
        let unsure = |folders: &[&Utf8Path]| {
            let list = folders.iter().map(|folder| folder.as_str()).collect::<Vec<_>>().join(" or ");
            anyhow::anyhow!("{file} may belong to the folder of posts {list}; say which with `--posts DIR`")
        };
        match (placed, with_ledger.as_slice()) {
            (Some((root, path)), _) if agrees(&root) => Ok((config, root, path)),
            (Some((root, _)), others) if is_named => {
                let folders: Vec<&Utf8Path> = std::iter::once(&*root).chain(others.iter().map(|other| &**other)).collect();
                Err(unsure(&folders))
            }
            (_, [root]) => {
                let (root, path) = place(&candidates, root).with_context(|| format!("{file} is not below {root}"))?;
                Ok((config, root, path))
            }
            (_, []) => bail!(
                "the folder of posts that {file} belongs to is not known: no folder above it has a ledger or a {DEFAULT_FILE}; name it \
                 with `--posts DIR`"
            ),
            (_, several) => Err(unsure(&several.iter().map(|folder| &**folder).collect::<Vec<_>>())),
        }
    }

    fn applied(
        self,
        (mut config, folder): (Config, Utf8PathBuf),
        posts: Option<Utf8PathBuf>,
        overlay: impl FnOnce(&mut Config),
    ) -> anyhow::Result<(Arc<Config>, Utf8PathBuf)> {
        if self.base_url.is_some() {
            config.site.base_url = self.base_url;
        }
        config.state.dir = match (self.state, config.state.dir) {
            (Some(dir), _) => Some(dir),
            // an empty one stays empty, and is refused
            (None, Some(dir)) if dir.as_str().is_empty() => Some(dir),
            (None, dir) => dir.map(|dir| folder.join(dir)),
        };
        let templates = config.site.templates.take().unwrap_or_else(|| TEMPLATES.into());
        config.site.templates = Some(folder.join(templates));
        overlay(&mut config);
        let config = config
            .checked()
            .map_err(|Mistake { message, fix, .. }| anyhow::anyhow!("{message}; {fix}"))?;
        let posts = posts.unwrap_or_else(|| folder.join(&config.posts.dir));
        Ok((Arc::new(config), posts))
    }
}

/// The paths that `file` may have: as it is written, and with the links above it followed.
///
/// A post that is a link, or lies in a folder that is one, goes by the name it has in the folder of posts and not by that of what the
/// link leads to. So the path is first taken as it is written, and links are followed only above the file itself.
fn spellings(file: &Utf8Path) -> anyhow::Result<Vec<Utf8PathBuf>> {
    let written = absolute(file)?;
    let name = written.file_name().context("the file has no name")?;
    let folder = written.parent().context("the file has no folder")?;
    let resolved = folder.canonicalize_utf8().ok().map(|folder| folder.join(name));
    let mut all = vec![written.clone()];
    all.extend(resolved.filter(|resolved| *resolved != written));
    Ok(all)
}

/// The folder `root`, in the spelling in which one of the `files` lies in it, and that file's path below it.
fn place(files: &[Utf8PathBuf], root: &Utf8Path) -> Option<(Utf8PathBuf, Utf8PathBuf)> {
    let roots = [absolute(root).ok(), root.canonicalize_utf8().ok()];
    roots.into_iter().flatten().find_map(|root| {
        let path = files.iter().find_map(|file| file.strip_prefix(&root).ok())?;
        let is_below = path.components().all(|part| matches!(part, Utf8Component::Normal(_)));
        is_below.then(|| (root.clone(), path.to_owned()))
    })
}

fn is_same(one: &Utf8Path, other: &Utf8Path) -> bool {
    one == other
        || one
            .canonicalize_utf8()
            .is_ok_and(|one| other.canonicalize_utf8().is_ok_and(|other| one == other))
}

/// The folder of the ledger: the one that is configured, else `.feedmill/NAME` beside the folder `posts`.
///
/// That folder goes by the name it is given: where it is a link that is switched from one release to the next, what is remembered
/// stays.
pub(super) fn state_dir(config: &Config, posts: &Utf8Path) -> anyhow::Result<Utf8PathBuf> {
    if let Some(dir) = &config.state.dir {
        return absolute(dir);
    }
    let mut posts = absolute(posts)?;
    // `..` has no name of its own
    if posts.components().any(|part| part == Utf8Component::ParentDir) {
        posts = posts
            .canonicalize_utf8()
            .with_context(|| format!("{posts} cannot be found"))?;
    }
    let above = posts.parent().unwrap_or(&posts);
    Ok(above.join(".feedmill").join(posts.file_name().unwrap_or("root")))
}

/// The storage of the folder `posts`.
pub(super) fn storage(config: &Config, posts: &Utf8Path) -> anyhow::Result<Storage> {
    Ok(Storage::sqlite(&state_dir(config, posts)?))
}

/// The ledger of the folder `posts`, as far as it can be read. Nothing is written.
pub(super) fn ledger(config: &Config, posts: &Utf8Path, now: Timestamp) -> anyhow::Result<Registry> {
    let storage = storage(config, posts)?;
    Ok(match storage.load() {
        Ok(contents) => Registry::from_records(contents.records, now),
        Err(failure) => {
            let text = format!(
                "feedmill: the ledger in {storage} cannot be read: {failure}; {}. Without it, ids and addresses can differ from those that \
                 readers know",
                failure.mend()
            );
            terminal::say(&format!("{}\n", one_line(&text)));
            Registry::new(now)
        }
    })
}

/// `path` from the root on, as it is written: no link is followed.
pub(super) fn absolute(path: &Utf8Path) -> anyhow::Result<Utf8PathBuf> {
    let path = std::path::absolute(path).with_context(|| format!("`{path}` is no path"))?;
    Utf8PathBuf::from_path_buf(path).map_err(|path| anyhow::anyhow!("{} is not UTF-8", path.display()))
}

/// The configuration in the file `path` and the folder that its paths are relative to; `None` if there is no such file.
fn read(path: &Utf8Path) -> anyhow::Result<Option<(Config, Utf8PathBuf)>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            bail!("the configuration file {path} is not UTF-8 text; save it as UTF-8")
        }
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
            bail!("{path} is a folder; name the file in it, such as {}", path.join(DEFAULT_FILE))
        }
        Err(error) => return Err(error).with_context(|| format!("the configuration file {path} cannot be read")),
    };
    match Config::parse(path, &text) {
        Ok(config) => Ok(Some((config, path.parent().unwrap_or(Utf8Path::new("")).to_owned()))),
        Err(diagnostic) => Err(Misconfigured(diagnostic).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_lies_beside_the_posts_under_their_name() {
        let here = absolute(Utf8Path::new(".")).unwrap();
        let (above, name) = (here.parent().unwrap(), here.file_name().unwrap());
        let real = here.canonicalize_utf8().unwrap();
        let cases = [
            ("posts", here.join(".feedmill/posts")),
            ("./posts/", here.join(".feedmill/posts")),
            ("notes/blog", here.join("notes/.feedmill/blog")),
            (".", above.join(".feedmill").join(name)),
            (
                "src/..",
                real.parent().unwrap().join(".feedmill").join(real.file_name().unwrap()),
            ),
            ("/srv/posts", "/srv/.feedmill/posts".into()),
            ("/posts", "/.feedmill/posts".into()),
            ("/", "/.feedmill/root".into()),
        ];
        for (posts, expected) in cases {
            assert_eq!(state_dir(&Config::default(), posts.into()).unwrap(), expected, "{posts}");
        }
        let mut config = Config::default();
        config.state.dir = Some("kept".into());
        assert_eq!(state_dir(&config, "posts".into()).unwrap(), here.join("kept"));
        assert!(state_dir(&Config::default(), "nowhere/at/all/..".into()).is_err());
    }
}
