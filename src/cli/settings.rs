//! The configuration from all its sources. Precedence: option, environment, file, default.

use std::fs;
use std::io;
use std::sync::Arc;

use anyhow::{Context, bail};
use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use clap::Args;

use super::terminal::{self, ConfigError};
use crate::config::{Config, InvalidSetting};
use crate::diagnostic::one_line;
use crate::identity::Registry;
use crate::storage::Storage;
use crate::time::Timestamp;

/// The configuration file if none is named. It may be missing.
const DEFAULT_FILE: &str = "feedmill.toml";

/// The folder of templates if none is named. It may be missing.
const TEMPLATES: &str = "templates";

/// The options that every command has.
#[derive(Clone, Debug, Args)]
pub(super) struct Settings {
    /// The configuration file [default: feedmill.toml, if it is there]
    #[arg(long, value_name = "FILE", env = "FEEDMILL_CONFIG", hide_env_values = true)]
    config: Option<Utf8PathBuf>,
    /// The public address of the site, such as `https://example.com`
    #[arg(long, value_name = "URL", env = "FEEDMILL_BASE_URL", hide_env_values = true, value_parser = parse_site_address)]
    base_url: Option<url::Url>,
    /// The folder of the ledger, which keeps the ids of posts [default: .feedmill/NAME beside the folder of posts, NAME being its
    /// name]
    #[arg(long, value_name = "DIR", env = "FEEDMILL_STATE", hide_env_values = true)]
    state: Option<Utf8PathBuf>,
}

/// Parses the address of a site. Many people leave out the scheme.
fn parse_site_address(text: &str) -> Result<url::Url, String> {
    let is_site = |url: &url::Url| matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none();
    match text.parse().ok().filter(is_site) {
        Some(url) => Ok(url),
        None => Err("write the whole address, such as `https://example.com`, without `?` and `#`".to_owned()),
    }
}

impl Settings {
    /// The configuration file, which may be missing.
    pub(super) fn file(&self) -> &Utf8Path {
        self.config.as_deref().unwrap_or(Utf8Path::new(DEFAULT_FILE))
    }

    /// Loads the configuration, and the folder of posts that `posts` or the configuration names. `overlay` applies the options of the
    /// command.
    pub(super) fn load(
        self,
        posts: Option<Utf8PathBuf>,
        overlay: impl FnOnce(&mut Config),
    ) -> anyhow::Result<(Arc<Config>, Utf8PathBuf)> {
        let found = match &self.config {
            Some(path) => read_config(path)?.with_context(|| format!("there is no configuration file {path}"))?,
            None => read_config(Utf8Path::new(DEFAULT_FILE))?.unwrap_or_default(),
        };
        let (config, posts) = self.apply(found, posts, overlay)?;
        Ok((with_state_dir(config, &posts)?, posts))
    }

    /// Loads the configuration for the post in `file`. Returns it with the folder of posts and the file's path in that folder.
    ///
    /// Without `posts` the folder is found in one of these ways: a configuration file that is named, or is in the current folder or
    /// above the file, names it; or a folder above the file has a ledger. Both must agree. If neither finds one, it is the folder
    /// `posts` in the current folder, if that contains the file.
    pub(super) fn load_for(
        self,
        file: &Utf8Path,
        posts: Option<Utf8PathBuf>,
    ) -> anyhow::Result<(Arc<Config>, Utf8PathBuf, Utf8PathBuf)> {
        let candidates = candidate_paths(file)?;
        let (found, is_named) = self.find_config(&candidates)?;
        let given = posts.is_some();
        let (config, root) = self.apply(found, posts, |_| ())?;
        let placed = locate(&candidates, &root);
        let (root, path) = if given || config.state.dir.is_some() && is_named {
            placed.with_context(|| format!("{file} is not in the folder of posts, {root}"))?
        } else {
            choose_folder(file, &candidates, placed, is_named)?
        };
        Ok((with_state_dir(config, &root)?, root, path))
    }

    /// Finds the configuration file for a post, whose path is one of `candidates`. Returns whether it names the folder of posts.
    fn find_config(&self, candidates: &[Utf8PathBuf]) -> anyhow::Result<((Config, Utf8PathBuf), bool)> {
        if let Some(path) = &self.config {
            let found = read_config(path)?.with_context(|| format!("there is no configuration file {path}"))?;
            return Ok((found, true));
        }
        let here = std::iter::once(Utf8PathBuf::from(DEFAULT_FILE));
        let above = candidates.iter().flat_map(|file| file.ancestors().skip(1));
        for path in here.chain(above.map(|folder| folder.join(DEFAULT_FILE))) {
            let Some((config, folder)) = read_config(&path)? else {
                continue;
            };
            if locate(candidates, &folder.join(&config.posts.dir)).is_some() {
                return Ok(((config, folder), true));
            }
        }
        Ok((<(Config, Utf8PathBuf)>::default(), false))
    }

    fn apply(
        self,
        (mut config, folder): (Config, Utf8PathBuf),
        posts: Option<Utf8PathBuf>,
        overlay: impl FnOnce(&mut Config),
    ) -> anyhow::Result<(Config, Utf8PathBuf)> {
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
            .validate()
            .map_err(|InvalidSetting { message, fix, .. }| anyhow::anyhow!("{message}; {fix}"))?;
        let posts = posts.unwrap_or_else(|| folder.join(&config.posts.dir));
        Ok((config, posts))
    }
}

/// Chooses between `placed`, the configured folder with the file's path in it, and folders above the file that have a ledger.
fn choose_folder(
    file: &Utf8Path,
    candidates: &[Utf8PathBuf],
    placed: Option<(Utf8PathBuf, Utf8PathBuf)>,
    is_named: bool,
) -> anyhow::Result<(Utf8PathBuf, Utf8PathBuf)> {
    let mut with_ledger: Vec<Utf8PathBuf> = Vec::new();
    for folder in candidates.iter().flat_map(|file| file.ancestors().skip(1)) {
        let is_known = with_ledger.iter().any(|known| is_same(known, folder));
        if !is_known && default_state_dir(folder).is_ok_and(|dir| Storage::sqlite(&dir).has_ledger()) {
            with_ledger.push(folder.to_owned());
        }
    }
    let agrees = |root: &Utf8Path| with_ledger.is_empty() || with_ledger.iter().any(|other| is_same(other, root));
    let ambiguous = |folders: &[&Utf8Path]| {
        let list = folders.iter().map(|folder| folder.as_str()).collect::<Vec<_>>().join(" or ");
        anyhow::anyhow!("{file} may belong to the folder of posts {list}; say which with `--posts DIR`")
    };
    match (placed, with_ledger.as_slice()) {
        (Some((root, path)), _) if agrees(&root) => Ok((root, path)),
        (Some((root, _)), others) if is_named => {
            let folders: Vec<&Utf8Path> = std::iter::once(&*root).chain(others.iter().map(|other| &**other)).collect();
            Err(ambiguous(&folders))
        }
        (_, [root]) => locate(candidates, root).with_context(|| format!("{file} is not below {root}")),
        (_, []) => bail!(
            "the folder of posts that {file} belongs to is not known: no folder above it has a ledger or a {DEFAULT_FILE}; name it with \
             `--posts DIR`"
        ),
        (_, several) => Err(ambiguous(&several.iter().map(|folder| &**folder).collect::<Vec<_>>())),
    }
}

/// The paths that `file` may have: as written, and with symbolic links above it resolved.
///
/// The path of a post that is a symbolic link, or is in a folder that is one, is that in the folder of posts and not that of the
/// target. So the path is first used as written, and links are resolved only above the file itself.
fn candidate_paths(file: &Utf8Path) -> anyhow::Result<Vec<Utf8PathBuf>> {
    let written = absolute(file)?;
    let name = written.file_name().context("the file has no name")?;
    let folder = written.parent().context("the file has no folder")?;
    let resolved = folder.canonicalize_utf8().ok().map(|folder| folder.join(name));
    let mut all = vec![written.clone()];
    all.extend(resolved.filter(|resolved| *resolved != written));
    Ok(all)
}

/// The folder `root`, in the spelling in which it contains one of `files`, and that file's path in it.
fn locate(files: &[Utf8PathBuf], root: &Utf8Path) -> Option<(Utf8PathBuf, Utf8PathBuf)> {
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

/// `config` with the absolute folder of the ledger: the configured one, else the default for the folder `posts`.
fn with_state_dir(mut config: Config, posts: &Utf8Path) -> anyhow::Result<Arc<Config>> {
    let dir = match &config.state.dir {
        Some(dir) => absolute(dir)?,
        None => default_state_dir(posts)?,
    };
    config.state.dir = Some(dir);
    Ok(Arc::new(config))
}

/// The default folder of the ledger: `.feedmill/NAME` beside the folder `posts`.
///
/// NAME is the name of the folder as it is given. If that is a symbolic link which is switched with each release, the ledger stays.
fn default_state_dir(posts: &Utf8Path) -> anyhow::Result<Utf8PathBuf> {
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

/// The storage that the loaded `config` names.
pub(super) fn storage(config: &Config) -> anyhow::Result<Storage> {
    Storage::configured(config).context("no folder is configured for the ledger")
}

/// Loads the ledger. If that fails it prints a message and returns an empty one.
pub(super) fn load_ledger(config: &Config, now: Timestamp) -> anyhow::Result<Registry> {
    let storage = storage(config)?;
    Ok(match storage.load() {
        Ok(contents) => Registry::from_records(contents.records, now),
        Err(failure) => {
            let text = format!(
                "feedmill: the ledger in {storage} cannot be read: {failure}; {}. Without it, ids and addresses can differ from those that \
                 readers know",
                failure.mend()
            );
            terminal::print_message(&format!("{}\n", one_line(&text)));
            Registry::new(now)
        }
    })
}

/// `path` as an absolute path. No symbolic link is resolved.
fn absolute(path: &Utf8Path) -> anyhow::Result<Utf8PathBuf> {
    let path = std::path::absolute(path).with_context(|| format!("`{path}` is not a path"))?;
    Utf8PathBuf::from_path_buf(path).map_err(|path| anyhow::anyhow!("{} is not UTF-8", path.display()))
}

/// Reads the configuration file `path`. Returns it with the folder that its paths are relative to; `None` if there is no such file.
fn read_config(path: &Utf8Path) -> anyhow::Result<Option<(Config, Utf8PathBuf)>> {
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
        Err(diagnostic) => Err(ConfigError(diagnostic).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_folder_is_beside_the_posts_and_has_their_name() {
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
            let config = with_state_dir(Config::default(), posts.into()).unwrap();
            assert_eq!(config.state.dir.as_ref(), Some(&expected), "{posts}");
        }
        let mut config = Config::default();
        config.state.dir = Some("kept".into());
        let config = with_state_dir(config, "posts".into()).unwrap();
        assert_eq!(config.state.dir.as_ref(), Some(&here.join("kept")));
        assert!(with_state_dir(Config::default(), "nowhere/at/all/..".into()).is_err());
    }
}
