//! What is done after a response was sent.

use std::fmt;
use std::sync::Arc;

/// A function that is called once a response was sent, with the bytes of its body that the system took: less than all if the client
/// closed the connection. It is an extension of a response.
#[derive(Clone)]
pub struct OnSent(Arc<dyn Fn(u64) + Send + Sync>);

impl OnSent {
    /// Calls `function` with the number of bytes.
    pub fn new(function: impl Fn(u64) + Send + Sync + 'static) -> OnSent {
        OnSent(Arc::new(function))
    }

    pub(super) fn call(&self, bytes: u64) {
        (self.0)(bytes);
    }
}

impl fmt::Debug for OnSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnSent")
    }
}
