//! What was read from a run's files and is kept in memory: the few that were
//! asked for last, each until its file is written anew.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// Things by their run's name, the last one asked for at the end.
pub(crate) struct Kept<T> {
    open: Mutex<Vec<Open<T>>>,
    most: usize,
}

struct Open<T> {
    name: String,
    /// When its file was written: a run that goes on has a new one at each tick.
    written: Option<SystemTime>,
    thing: T,
}

impl<T: Clone> Kept<T> {
    /// Keeps this many.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            open: Mutex::default(),
            most,
        }
    }

    /// What is kept by this name; made, if there is none or `file` is newer.
    pub(crate) fn get<E>(
        &self,
        name: &str,
        file: &Path,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let written = std::fs::metadata(file).and_then(|found| found.modified());
        let written = written.ok();
        // Held while it is made, so that it is made once.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = open.iter().position(|one| one.name == name) {
            let one = open.remove(at);
            if one.written == written {
                let thing = one.thing.clone();
                open.push(one);
                return Ok(thing);
            }
        }
        let thing = make()?;
        if open.len() >= self.most {
            open.remove(0);
        }
        open.push(Open {
            name: name.into(),
            written,
            thing: thing.clone(),
        });
        Ok(thing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_made_anew_when_its_file_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("model");
        let kept = Kept::new(2);
        let mut made = 0;
        let mut ask = |name: &str| {
            kept.get(name, &file, || {
                made += 1;
                Ok::<_, ()>(made)
            })
            .unwrap()
        };
        assert_eq!([ask("a"), ask("a"), ask("b"), ask("a")], [1, 1, 2, 1]);
        std::fs::write(&file, "new").unwrap();
        assert_eq!([ask("a"), ask("c"), ask("b")], [3, 4, 5]);
    }
}
