//! The run folder: its files, their names, and the lock that keeps two
//! trainings out of one.

use super::TrainError;
use super::tick::Tick;
use crate::doctor::Event;
use crate::files::write_whole;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long to wait for the lock of a process that is ending.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// Checkpoints that are kept: the newest ones.
const CHECKPOINTS_KEPT: usize = 2;

/// A run folder, locked for this process.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes a new run folder.
    ///
    /// # Errors
    /// If the folder cannot be made or written, or holds a run already.
    pub(crate) fn create(path: &Path) -> Result<Self, TrainError> {
        let holds_run = || match path.join("recipe.toml").exists() {
            true => Err(TrainError::HoldsRun { path: path.into() }),
            false => Ok(()),
        };
        holds_run()?;
        for part in ["samples", "checkpoints"] {
            let part = path.join(part);
            fs::create_dir_all(&part)
                .map_err(|source| TrainError::Folder { path: part, source })?;
        }
        let folder = Self::lock(path)?;
        // Another training may have begun and ended while this one waited.
        holds_run().map(|()| folder)
    }

    /// Makes a new run folder in `parent`, under the next free number.
    ///
    /// # Errors
    /// As [`Folder::create`].
    pub(crate) fn create_numbered(parent: &Path, name: &str) -> Result<Self, TrainError> {
        let refuse = |path: &Path, source| TrainError::Folder {
            path: path.into(),
            source,
        };
        fs::create_dir_all(parent).map_err(|source| refuse(parent, source))?;
        let mut number = 0;
        for entry in fs::read_dir(parent).map_err(|source| refuse(parent, source))? {
            let taken = entry.map_err(|source| refuse(parent, source))?.file_name();
            let taken = taken.to_string_lossy();
            let digits = taken
                .split('-')
                .next()
                .and_then(|digits| digits.parse::<u32>().ok());
            number = number.max(digits.map_or(0, |taken| taken.saturating_add(1)));
        }
        loop {
            let path = parent.join(format!("{number:05}-{name}"));
            match fs::create_dir(&path) {
                Ok(()) => return Self::create(&path),
                // Another training took the number a moment ago.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
                Err(source) => return Err(refuse(&path, source)),
            }
        }
    }

    /// Opens the folder of a run that was begun.
    ///
    /// # Errors
    /// If there is none, or another training has it.
    pub(crate) fn open(path: &Path) -> Result<Self, TrainError> {
        if !path.join("recipe.toml").is_file() {
            return Err(TrainError::NoRun { path: path.into() });
        }
        let folder = Self::lock(path)?;
        folder.sweep();
        Ok(folder)
    }

    /// Removes files that a killed process had only half written; the lock says
    /// that nobody is writing them now.
    fn sweep(&self) {
        for part in ["", "samples", "checkpoints"] {
            let Ok(entries) = fs::read_dir(self.path.join(part)) else {
                continue;
            };
            for entry in entries.flatten() {
                let name = entry.file_name();
                let name = name.as_encoded_bytes();
                if name.starts_with(b".") && name.ends_with(b".tmp") {
                    // One that cannot be removed does no harm.
                    let _ = fs::remove_file(entry.path());
                }
            }
        }
    }

    fn lock(path: &Path) -> Result<Self, TrainError> {
        let file = path.join(".lock");
        let refuse = |source| TrainError::Folder {
            path: file.clone(),
            source,
        };
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&file)
            .map_err(refuse)?;
        let began = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => {
                    return Ok(Self {
                        path: path.into(),
                        _lock: lock,
                    });
                }
                // A process that was just killed may still be going away.
                Err(fs::TryLockError::WouldBlock) if began.elapsed() < LOCK_PATIENCE => {
                    std::thread::sleep(Duration::from_millis(50));
                }
                Err(fs::TryLockError::WouldBlock) => {
                    return Err(TrainError::Locked { path: path.into() });
                }
                Err(fs::TryLockError::Error(source)) => {
                    return Err(TrainError::Folder { path: file, source });
                }
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn recipe(&self) -> PathBuf {
        self.path.join("recipe.toml")
    }

    pub(crate) fn generator(&self) -> PathBuf {
        self.path.join("generator.safetensors")
    }

    pub(crate) fn best(&self) -> PathBuf {
        self.path.join("best.safetensors")
    }

    pub(crate) fn sample(&self, images_seen: u64) -> PathBuf {
        self.path.join(format!("samples/{images_seen:012}.png"))
    }

    pub(crate) fn samples(&self) -> PathBuf {
        self.path.join("samples")
    }

    pub(crate) fn checkpoint(&self, images_seen: u64) -> PathBuf {
        self.path
            .join(format!("checkpoints/{images_seen:012}.safetensors"))
    }

    /// Adds a line to the log.
    pub(crate) fn log(&self, tick: &Tick) -> Result<(), TrainError> {
        let line = serde_json::to_string(tick).expect("a tick is plain data");
        self.append("log.jsonl", line)
    }

    /// Writes down something that happened beside the ticks.
    pub(crate) fn record(&self, event: &Event) -> Result<(), TrainError> {
        let line = serde_json::to_string(event).expect("an event is plain data");
        self.append("events.jsonl", line)
    }

    fn append(&self, name: &str, line: String) -> Result<(), TrainError> {
        let path = self.path.join(name);
        let refuse = |source| TrainError::Folder {
            path: path.clone(),
            source,
        };
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&path)
            .map_err(refuse)?;
        file.write_all((line + "\n").as_bytes()).map_err(refuse)
    }

    /// Drops what log and events say of images after these, or half say: a
    /// resumed run reports them again.
    pub(crate) fn cut_log(&self, images_seen: u64) -> Result<(), TrainError> {
        for name in ["log.jsonl", "events.jsonl"] {
            let path = self.path.join(name);
            if name == "events.jsonl" && !path.exists() {
                continue;
            }
            let text = fs::read(&path).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            let kept = text.lines().filter(|line| {
                serde_json::from_str::<serde_json::Value>(line)
                    .ok()
                    .and_then(|tick| tick.get("images_seen")?.as_u64())
                    .is_some_and(|seen| seen <= images_seen)
            });
            let kept: String = kept.flat_map(|line| [line, "\n"]).collect();
            write_whole(&path, kept.as_bytes())?;
        }
        Ok(())
    }

    /// Removes checkpoints and pictures of more images than these.
    pub(crate) fn remove_after(&self, images_seen: u64) -> Result<(), TrainError> {
        for path in self.checkpoints()?.into_iter().chain(self.pictures()?) {
            let number = path
                .file_stem()
                .and_then(|stem| stem.to_str()?.parse().ok());
            if number.is_some_and(|number: u64| number > images_seen) {
                fs::remove_file(&path).map_err(|source| TrainError::Folder { path, source })?;
            }
        }
        Ok(())
    }

    /// The ticks in the log.
    pub(crate) fn ticks(&self) -> Vec<Tick> {
        let text = fs::read(self.path.join("log.jsonl")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        text.lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    /// Writes a checkpoint and removes those that are too old to keep; the one
    /// after `best` images stays.
    pub(crate) fn save(
        &self,
        images_seen: u64,
        bytes: &[u8],
        best: Option<u64>,
    ) -> Result<(), TrainError> {
        write_whole(&self.checkpoint(images_seen), bytes)?;
        let all = self.checkpoints()?;
        let best = best.map(|images| self.checkpoint(images));
        let old = &all[..all.len().saturating_sub(CHECKPOINTS_KEPT)];
        for old in old.iter().filter(|&path| Some(path) != best.as_ref()) {
            fs::remove_file(old).map_err(|source| TrainError::Folder {
                path: old.clone(),
                source,
            })?;
        }
        Ok(())
    }

    /// Sets a damaged checkpoint aside, so that it is kept but neither read
    /// again nor counted among those that are whole.
    pub(crate) fn set_aside(&self, checkpoint: &Path) -> Result<PathBuf, TrainError> {
        let aside = checkpoint.with_extension("safetensors.damaged");
        match fs::rename(checkpoint, &aside) {
            Ok(()) => Ok(aside),
            Err(source) => Err(TrainError::Folder {
                path: checkpoint.into(),
                source,
            }),
        }
    }

    /// Whether the run was ended before its first checkpoint was written.
    pub(crate) fn is_blank(&self) -> Result<bool, TrainError> {
        let mut entries =
            fs::read_dir(self.path.join("checkpoints")).map_err(|source| TrainError::Folder {
                path: self.path.join("checkpoints"),
                source,
            })?;
        let unfinished = |name: &std::ffi::OsStr| name.as_encoded_bytes().starts_with(b".");
        let only_unfinished =
            entries.all(|entry| entry.is_ok_and(|entry| unfinished(&entry.file_name())));
        Ok(only_unfinished && !self.path.join("log.jsonl").exists())
    }

    /// The checkpoints, oldest first.
    pub(crate) fn checkpoints(&self) -> Result<Vec<PathBuf>, TrainError> {
        list(&self.path.join("checkpoints"), "safetensors")
    }

    /// The sample pictures, oldest first.
    pub(crate) fn pictures(&self) -> Result<Vec<PathBuf>, TrainError> {
        list(&self.path.join("samples"), "png")
    }
}

/// The files with this ending whose names are numbers, in order.
fn list(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, TrainError> {
    let refuse = |source| TrainError::Folder {
        path: folder.into(),
        source,
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(refuse)? {
        let path = entry.map_err(refuse)?.path();
        let numbered = path.file_stem().is_some_and(|stem| {
            let stem = stem.to_string_lossy();
            !stem.is_empty() && stem.bytes().all(|byte| byte.is_ascii_digit())
        });
        if numbered && path.extension().is_some_and(|found| found == ending) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
