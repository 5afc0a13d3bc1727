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
    diagnostics: Vec<Diagnostic>,
}

impl ThemeLoader {
    /// Returns a loader with the built-in theme. No file is read yet.
    pub(super) fn new(config: Arc<Config>) -> ThemeLoader {
        ThemeLoader {
            theme: Arc::new(Theme::built_in(&config)),
            config,
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
                self.diagnostics = Vec::new();
            }
            Err(wrong) => {
                for diagnostic in &wrong {
                    tracing::error!("{diagnostic}; the last good theme stays");
                }
                self.diagnostics = wrong;
            }
        }
        true
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
