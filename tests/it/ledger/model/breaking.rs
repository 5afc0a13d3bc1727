//! Files that are broken for a while, over a restart: readers keep the last good version, and no post is withdrawn.

use feedmill::time::Moment;

use super::Model;
use super::promises::shown;

/// The contents of a broken file: it cannot be read, or it is empty.
const BROKEN: [&str; 3] = ["---\ntitle: half a\n", "", "---\n---\n"];

impl Model {
    /// Breaks the file of a post, while feedmill runs or not, restarts, and repairs the file.
    pub(super) fn break_file(&mut self, post: u8, how: u8) -> Result<(), String> {
        self.harness.start();
        self.harness.settle();
        let Some(at) = self.pick(post, true) else { return Ok(()) };
        let path = self.model_posts[at].path.clone();
        let seen = |model: &Model| -> Option<(String, String, Moment)> {
            let post = model
                .harness
                .site
                .post(&path)
                .filter(|post| post.is_readable(model.harness.built))?;
            Some((post.id.to_string(), post.address.to_string(), post.modified()))
        };
        let tombstones = |model: &Model| model.harness.get("/atom.xml").body.matches("deleted-entry").count();
        let was_out = shown(&self.harness, &self.model_posts[at]).is_some();
        let (before, gone_before) = (seen(self), tombstones(self));
        let is_seen_by_feedmill = how.is_multiple_of(2);
        let kinds = if was_out && is_seen_by_feedmill { 3 } else { 2 };
        let broken = BROKEN[usize::from(how / 2) % kinds];
        if !is_seen_by_feedmill {
            self.harness.stop();
        }
        self.harness.write(&path, broken);
        self.harness.start();
        self.harness.settle();
        for restarts in 0..2 {
            let after = seen(self);
            if is_seen_by_feedmill {
                let is_over = self.model_posts[at].is_over(self.harness.built);
                if before != after && !is_over {
                    return Err(format!(
                        "{path} is broken by {broken:?}, and {before:?} is {after:?} after {restarts} restarts"
                    ));
                }
            } else if let Some((_, address, _)) = &before {
                let status = self.harness.get(address).status;
                if status != 503 {
                    return Err(format!(
                        "{path} was broken meanwhile by {broken:?}, and {address} answers {status}"
                    ));
                }
            }
            let gone = tombstones(self);
            if gone > gone_before
                && !self
                    .model_posts
                    .iter()
                    .any(|model_post| model_post.is_over(self.harness.built))
            {
                return Err(format!(
                    "{path} is broken by {broken:?}: {gone_before} tombstones, and now {gone}"
                ));
            }
            self.harness.stop();
            self.harness.start();
            self.harness.settle();
        }
        self.write(at);
        Ok(())
    }
}
