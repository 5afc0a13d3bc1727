//! Configuration from all its sources: flag, environment, file, default, the first that says something.

use std::fs;
use std::io;
use std::sync::Arc;

use anyhow::{Context, bail};
use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;

use crate::config::Config;

/// The configuration file that is read where none is named, if it is there.
const DEFAULT_FILE: &str = "feedmill.toml";

/// The options that every command has.
#[derive(Debug, Args)]
pub(super) struct Settings {
    /// The configuration file [default: feedmill.toml, if it is there]
    #[arg(long, value_name = "FILE", env = "FEEDMILL_CONFIG", hide_env_values = true)]
    config: Option<Utf8PathBuf>,
    /// The address under which the world reaches this site
    #[arg(long, value_name = "URL", env = "FEEDMILL_BASE_URL", hide_env_values = true, value_parser = whole_address)]
    base_url: Option<url::Url>,
}

/// Most who leave the scheme out know that there is one.
fn whole_address(text: &str) -> Result<url::Url, String> {
    text.parse()
        .map_err(|error| format!("{error}; write the whole address, such as `https://example.com`"))
}

impl Settings {
    /// The configuration, with the folder of posts that `posts` or the configuration names; `overlay` lays a command's own
    /// options over it.
    pub(super) fn load(
        self,
        posts: Option<Utf8PathBuf>,
        overlay: impl FnOnce(&mut Config),
    ) -> anyhow::Result<(Arc<Config>, Utf8PathBuf)> {
        let (mut config, folder) = match self.config {
            Some(path) => read(&path)?.with_context(|| format!("there is no configuration file {path}"))?,
            None => read(Utf8Path::new(DEFAULT_FILE))?.unwrap_or_default(),
        };
        if self.base_url.is_some() {
            config.site.base_url = self.base_url;
        }
        overlay(&mut config);
        let config = config
            .checked()
            .map_err(|(key, message)| anyhow::anyhow!("{key}: {message}"))?;
        let posts = posts.unwrap_or_else(|| folder.join(&config.posts.dir));
        Ok((Arc::new(config), posts))
    }
}

/// The configuration in the file `path` and the folder that its paths are relative to; `None` if there is no such file.
fn read(path: &Utf8Path) -> anyhow::Result<Option<(Config, Utf8PathBuf)>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("the configuration file {path} cannot be read")),
    };
    match Config::parse(path, &text) {
        Ok(config) => Ok(Some((config, path.parent().unwrap_or(Utf8Path::new("")).to_owned()))),
        Err(diagnostic) => bail!("the configuration is not understood\n{}", diagnostic.draw(true)),
    }
}
