//! Files that are broken for a while, over a restart: readers keep the posts, and none is announced as withdrawn.

use feedmill::time::Moment;

use super::Model;
use super::promises::shown;

/// How a file is broken: it cannot be parsed, or it is empty.
const BROKEN: [&str; 3] = ["---\ntitle: half a\n", "", "---\n---\n"];

impl Model {
    /// Breaks the file of a post, while feedmill runs or not, restarts and repairs it.
    pub(super) fn break_file(&mut self, post: u8, how: u8) -> Result<(), String> {
        self.world.start();
        self.world.settle();
        let Some(at) = self.pick(post, true) else { return Ok(()) };
        let path = self.manuscripts[at].path.clone();
        let seen = |model: &Model| -> Option<(String, String, Moment)> {
            let post = model
                .world
                .site
                .post(&path)
                .filter(|post| post.is_readable(model.world.built))?;
            Some((post.id().to_owned(), post.address().to_owned(), post.modified()))
        };
        let tombstones = |model: &Model| model.world.get("/atom.xml").body.matches("deleted-entry").count();
        let was_out = shown(&self.world, &self.manuscripts[at]).is_some();
        let (before, gone_before) = (seen(self), tombstones(self));
        let is_seen_by_feedmill = how.is_multiple_of(2);
        let kinds = if was_out && is_seen_by_feedmill { 3 } else { 2 };
        let broken = BROKEN[usize::from(how / 2) % kinds];
        if !is_seen_by_feedmill {
            self.world.stop();
        }
        self.world.write(&path, broken);
        self.world.start();
        self.world.settle();
        for restarts in 0..2 {
            let after = seen(self);
            if is_seen_by_feedmill {
                let is_over = self.manuscripts[at].is_over(self.world.built);
                if before != after && !is_over {
                    return Err(format!(
                        "{path} is broken by {broken:?}, and {before:?} is {after:?} after {restarts} restarts"
                    ));
                }
            } else if let Some((_, address, _)) = &before {
                let status = self.world.get(address).status;
                if status != 503 {
                    return Err(format!(
                        "{path} was broken meanwhile by {broken:?}, and {address} answers {status}"
                    ));
                }
            }
            let gone = tombstones(self);
            if gone > gone_before && !self.manuscripts.iter().any(|manuscript| manuscript.is_over(self.world.built)) {
                return Err(format!(
                    "{path} is broken by {broken:?}: {gone_before} tombstones, and now {gone}"
                ));
            }
            self.world.stop();
            self.world.start();
            self.world.settle();
        }
        self.write(at);
        Ok(())
    }
}
