//! Trainings that the studio began: each a process of the same binary, so that
//! one that fails takes nothing with it.
//!
//! A training stops, saved, when its standard input closes; so it does as well
//! when the studio goes away. To pause is to stop, and to resume is to begin
//! again with `--resume`.

use crate::reply::Refusal;
use axum::http::StatusCode;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Bytes of what a training said last that are kept.
const SAID: usize = 4096;
/// How long a training that has saved may take to leave.
const LEAVING: Duration = Duration::from_secs(3);

pub(crate) struct Trainings {
    program: PathBuf,
    children: Mutex<BTreeMap<String, Training>>,
    /// The run that this process trains itself, and what stops it.
    own: Mutex<Option<(String, Arc<AtomicBool>)>>,
}

struct Training {
    child: Child,
    said: Arc<Mutex<Vec<u8>>>,
    /// What reads `said`, until the training has ended.
    reader: Option<JoinHandle<()>>,
    ended: Option<Option<i32>>,
}

impl Trainings {
    pub(crate) fn new(program: PathBuf) -> Self {
        Self {
            program,
            children: Mutex::default(),
            own: Mutex::default(),
        }
    }

    /// Lets the page stop a run that this process trains.
    pub(crate) fn adopt(&self, name: &str, stop: Arc<AtomicBool>) {
        *self.own.lock().unwrap_or_else(PoisonError::into_inner) = Some((name.into(), stop));
    }

    /// What stops a run, if this process trains it.
    fn own(&self, name: &str) -> Option<Arc<AtomicBool>> {
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let found = own.as_ref().filter(|(own, _)| own == name);
        found.map(|(_, stop)| Arc::clone(stop))
    }

    /// Whether the studio goes when the training of this run does.
    pub(crate) fn is_own(&self, name: &str) -> bool {
        self.own(name).is_some()
    }

    /// Begins `fata train` with these words.
    pub(crate) fn begin<S: AsRef<OsStr>>(&self, name: &str, words: &[S]) -> Result<(), Refusal> {
        let mut children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
        if children
            .get_mut(name)
            .is_some_and(|training| training.goes_on())
        {
            return Err(Refusal::new(
                StatusCode::CONFLICT,
                format!("{name} is being trained already"),
            ));
        }
        let mut child = Command::new(&self.program)
            .arg("train")
            .args(words)
            .args(["--until-input-closes"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| Refusal::broken(format!("fata cannot be started: {error}")))?;
        let said = Arc::new(Mutex::new(Vec::new()));
        let reader = child.stderr.take().map(|mut stream| {
            let said = Arc::clone(&said);
            std::thread::spawn(move || {
                let mut bytes = [0; 1024];
                while let Ok(count @ 1..) = stream.read(&mut bytes) {
                    let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
                    said.extend_from_slice(&bytes[..count]);
                    let spare = said.len().saturating_sub(SAID);
                    said.drain(..spare);
                }
            })
        });
        children.insert(
            name.into(),
            Training {
                child,
                said,
                reader,
                ended: None,
            },
        );
        Ok(())
    }

    /// Asks a training to finish its step and save.
    pub(crate) fn stop(&self, name: &str) -> Result<(), Refusal> {
        if let Some(stop) = self.own(name) {
            stop.store(true, Ordering::Relaxed);
            return Ok(());
        }
        let mut children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
        match children.get_mut(name) {
            Some(training) => {
                drop(training.child.stdin.take());
                Ok(())
            }
            None => Err(Refusal::new(
                StatusCode::CONFLICT,
                format!("{name} was not begun here: press Ctrl-C where it was"),
            )),
        }
    }

    /// Whether a run's training was begun here and goes on, and what it said
    /// if it failed.
    pub(crate) fn state(&self, name: &str) -> (bool, Option<String>) {
        if self.is_own(name) {
            return (true, None);
        }
        let mut children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(training) = children.get_mut(name) else {
            return (false, None);
        };
        match training.ended() {
            None => (true, None),
            Some(Some(0 | 130)) => (false, None),
            Some(_) => {
                let said = training.said.lock().unwrap_or_else(PoisonError::into_inner);
                let said = String::from_utf8_lossy(&said);
                let from = said.rfind("error: ").unwrap_or(0);
                (false, Some(said[from..].trim().to_owned()))
            }
        }
    }

    /// The names of runs that failed before they had a folder, or go on.
    pub(crate) fn names(&self) -> Vec<String> {
        let children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
        children.keys().cloned().collect()
    }

    /// Stops all of them and waits until they are saved.
    pub(crate) fn end(&self) {
        let mut children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
        for training in children.values_mut() {
            drop(training.child.stdin.take());
        }
        for training in children.values_mut() {
            // One that cannot be waited for has ended.
            let _ = training.child.wait();
        }
    }
}

impl Training {
    /// Whether it goes on. One that was asked to stop and has let go of its
    /// folder is about to end: that moment is waited for.
    fn goes_on(&mut self) -> bool {
        let asked = Instant::now();
        while self.child.stdin.is_none() && self.ended().is_none() && asked.elapsed() < LEAVING {
            std::thread::sleep(Duration::from_millis(10));
        }
        self.ended().is_none()
    }

    /// The exit code, if it has ended.
    fn ended(&mut self) -> Option<Option<i32>> {
        if self.ended.is_none() {
            let status = self.child.try_wait().ok().flatten();
            self.ended = status.map(|status| status.code());
            // Its last words are the ones that matter.
            if self.ended.is_some()
                && let Some(reader) = self.reader.take()
            {
                // A reader that failed has read what it could.
                let _ = reader.join();
            }
        }
        self.ended
    }
}
