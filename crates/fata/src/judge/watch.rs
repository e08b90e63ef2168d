//! How far the judge is with reading a side: networks take minutes.

use std::fmt;
use std::sync::Arc;

/// Is told after every portion how many items of a side were read, and of how
/// many.
#[derive(Clone)]
pub struct Watch(Arc<dyn Fn(usize, usize) + Send + Sync>);

impl Watch {
    /// Calls `tell(read, of)`.
    pub fn new(tell: impl Fn(usize, usize) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    pub(super) fn tell(&self, read: usize, of: usize) {
        (self.0)(read, of);
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}
