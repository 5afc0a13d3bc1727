//! Loads the author's templates into a theme. The last good theme stays in use while they are broken.

use std::sync::Arc;
use std::time::Duration;

use camino::Utf8Path;
use tokio::task::spawn_blocking;

use crate::config::Config;
use crate::diagnostic::{Diagnostic, Severity};
use crate::render::pages::Theme;
use crate::source::folder::templates::{self, TemplateVersions};

/// The interval at which the folder of templates is checked. It contains few files.
const EVERY: Duration = Duration::from_millis(500);

/// The theme, and the files from which it was made.
#[derive(Debug)]
pub(super) struct ThemeLoader {
    config: Arc<Config>,
    /// The versions of the files that were loaded last, good or not.
    tried: Option<TemplateVersions>,
    theme: Arc<Theme>,
    /// Whether `theme` has templates of the author.
    is_own: bool,
    diagnostics: Vec<Diagnostic>,
}

impl ThemeLoader {
    /// Returns a loader with the built-in theme. No file is read yet.
    pub(super) fn new(config: Arc<Config>) -> ThemeLoader {
        ThemeLoader {
            theme: Arc::new(Theme::built_in(&config)),
            config,
            is_own: false,
            tried: None,
            diagnostics: Vec::new(),
        }
    }

    /// The theme of the last good templates.
    pub(super) fn theme(&self) -> &Arc<Theme> {
        &self.theme
    }

    /// The versions of the files that were loaded last.
    pub(super) fn seen(&self) -> Option<&TemplateVersions> {
        self.tried.as_ref()
    }

    /// The diagnostics of the present templates.
    pub(super) fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Reads the templates if they changed since the last call. Returns whether they did.
    pub(super) fn refresh(&mut self) -> bool {
        let Some(folder) = &self.config.site.templates else {
            return false;
        };
        let versions = match templates::scan(folder) {
            Ok(versions) => versions,
            Err(error) => {
                let message = format!("the folder of templates cannot be read: {error}");
                let diagnostic = Diagnostic::new(Severity::Error, "template", folder, message);
                let diagnostics = vec![diagnostic.mend("make it readable, or name another as `site.templates`")];
                let is_new = self.diagnostics != diagnostics;
                self.diagnostics = diagnostics;
                self.tried = None;
                return is_new;
            }
        };
        let is_first = self.tried.is_none() && self.diagnostics.is_empty();
        if self.tried.as_ref() == Some(&versions) || (is_first && versions.is_empty()) {
            self.tried = Some(versions);
            return false;
        }
        let made = if versions.is_empty() {
            Ok(Theme::built_in(&self.config))
        } else {
            templates::read(&versions).and_then(|own| Theme::new(&self.config, folder.as_str(), &own))
        };
        self.tried = Some(versions);
        match made {
            Ok(theme) => {
                self.theme = Arc::new(theme);
                self.is_own = self.tried.as_ref().is_some_and(|versions| !versions.is_empty());
                self.diagnostics = Vec::new();
            }
            Err(wrong) => {
                // those at the start are listed with those of the posts
                for diagnostic in wrong.iter().filter(|_| !is_first) {
                    tracing::error!("{}", self.in_words(diagnostic));
                }
                self.diagnostics = wrong;
            }
        }
        true
    }

    /// The place of `diagnostic`, what is wrong, and which templates are used now.
    fn in_words(&self, diagnostic: &Diagnostic) -> String {
        let Diagnostic { path, message, .. } = diagnostic;
        let place = diagnostic.position.map_or_else(
            || path.to_string(),
            |position| format!("{path}:{}:{}", position.line, position.column),
        );
        let used = if self.is_own {
            "the last good templates"
        } else {
            "the built-in templates"
        };
        format!("{place}: {message}; fix the template; {used} are used until then")
    }
}

/// Waits until the templates in `folder` differ from `seen`; for ever without a folder.
pub(super) async fn changed(folder: Option<&Utf8Path>, seen: &mut Option<TemplateVersions>) {
    let Some(folder) = folder else {
        return std::future::pending().await;
    };
    loop {
        tokio::time::sleep(EVERY).await;
        let folder = folder.to_owned();
        let now = spawn_blocking(move || templates::scan(&folder).ok()).await.ok().flatten();
        if *seen != now {
            *seen = now;
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_template_is_said_with_those_that_are_used() {
        let folder = tempfile::tempdir().unwrap();
        let templates = Utf8Path::from_path(folder.path()).unwrap();
        let config = format!("[site]\ntemplates = '{templates}'\n");
        let mut theme = ThemeLoader::new(Arc::new(Config::parse("feedmill.toml".into(), &config).unwrap()));
        let write = |text: &str| std::fs::write(templates.join("page.html"), text).unwrap();
        write("{% if %}");
        assert!(theme.refresh());
        let built_in = theme.in_words(&theme.diagnostics()[0]);
        assert!(
            built_in.contains("page.html:1:")
                && built_in.ends_with("the built-in templates are used until then")
                && !built_in.contains(": error: "),
            "{built_in}"
        );
        std::fs::remove_file(templates.join("page.html")).unwrap();
        std::fs::write(templates.join("style.css"), "body {}").unwrap();
        assert!(theme.refresh() && theme.diagnostics().is_empty());
        write("{% if %}");
        assert!(theme.refresh());
        let own = theme.in_words(&theme.diagnostics()[0]);
        assert!(own.ends_with("the last good templates are used until then"), "{own}");
    }
}
