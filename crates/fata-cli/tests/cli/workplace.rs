//! A folder in which commands are typed, and what came of them.

use fata::draw::Picture;
use fata::ship::Provenance;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A recipe that trains thousands of pictures a second: a narrow DCGAN.
pub(crate) const SMALL: &str = "--recipe dcgan --set model.width=8 --batch 16";

/// How long a run may take to come to some point before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// An empty folder, removed in the end.
pub(crate) struct Workplace(TempDir);

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Workplace {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A workplace with a folder `pictures` of six, 16x16 RGB.
    pub(crate) fn with_pictures() -> Self {
        let place = Self::new();
        for number in 0..6 {
            place.write(&format!("pictures/{number}.png"), &picture(number, 16));
        }
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        let path = self.path(name);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    /// The names in a folder, sorted.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        names(&self.path(folder))
    }

    /// The command `fata` with these words, in this folder.
    pub(crate) fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fata"));
        command
            .args(words.split_whitespace())
            .current_dir(self.0.path())
            .stdin(Stdio::null());
        command
    }

    /// Types `fata` and these words, and waits for it.
    #[track_caller]
    pub(crate) fn fata(&self, words: &str) -> Outcome {
        self.command(words).output().unwrap().into()
    }

    /// `fata train DATA` by the small recipe, with these flags.
    #[track_caller]
    pub(crate) fn train(&self, data: &str, flags: &str) -> Outcome {
        self.fata(&train(data, flags))
    }

    /// Types `fata` and these words, and does not wait.
    pub(crate) fn start(&self, words: &str) -> Child {
        self.command(words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Waits until a file is there.
    #[track_caller]
    pub(crate) fn wait_for(&self, name: &str) {
        let began = Instant::now();
        while !self.path(name).exists() {
            assert!(began.elapsed() < PATIENCE, "{name} never came");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// The lines of a run's log, without what a clock or a scale measured.
    pub(crate) fn log(&self, run: &str) -> Vec<Value> {
        let text = self.text(&format!("{run}/log.jsonl"));
        let timeless = |line: &str| {
            let mut tick: Value = serde_json::from_str(line).unwrap();
            for key in ["elapsed_seconds", "images_per_second", "memory_bytes"] {
                tick.as_object_mut().unwrap().remove(key).unwrap();
            }
            tick
        };
        text.lines().map(timeless).collect()
    }

    /// Every file below a folder with its bytes.
    pub(crate) fn contents(&self, folder: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let mut waiting = vec![self.path(folder)];
        while let Some(here) = waiting.pop() {
            for entry in fs::read_dir(here).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => waiting.push(path),
                    false => found.push((path.clone(), fs::read(path).unwrap())),
                }
            }
        }
        found.sort();
        found
    }
}

/// `train DATA` by the small recipe, with these flags.
pub(crate) fn train(data: &str, flags: &str) -> String {
    format!("train {data} {SMALL} {flags}")
}

/// The names in a folder, sorted.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// A PNG with a pattern that differs from number to number.
pub(crate) fn picture(number: usize, side: usize) -> Vec<u8> {
    let mut picture = Picture::filled(side, side, &[0; 3]);
    for (at, value) in picture.pixels.iter_mut().enumerate() {
        *value = (at * (number + 3) + number * 40) as u8;
    }
    picture.encode_png(&Provenance::new("a pattern")).unwrap()
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Outcome {
    /// The command did its work.
    #[track_caller]
    pub(crate) fn done(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self
    }

    /// The command failed with this code, printed nothing to stdout, and said
    /// each of these on stderr, after `error:`.
    #[track_caller]
    pub(crate) fn fails(self, code: i32, said: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert_eq!(self.stdout, "", "{self:#?}");
        let error = self.stderr.find("error: ");
        let error = error.unwrap_or_else(|| panic!("no error in {self:#?}"));
        for part in said {
            assert!(
                self.stderr[error..].contains(part),
                "{part:?} is not in {}",
                self.stderr
            );
        }
        self
    }

    /// The one JSON object that is all of stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let text = self.stdout.strip_suffix('\n').unwrap_or_default();
        assert!(!text.is_empty() && !text.contains('\n'), "{self:#?}");
        let value: Value = serde_json::from_str(text).unwrap();
        assert!(value.is_object(), "{self:#?}");
        value
    }

    /// Neither stream has a single byte.
    #[track_caller]
    pub(crate) fn silent(self) {
        assert_eq!((&self.stdout[..], &self.stderr[..]), ("", ""));
    }
}

/// The keys of a JSON object, sorted.
#[track_caller]
pub(crate) fn keys(value: &Value) -> Vec<&str> {
    let object = value.as_object().unwrap_or_else(|| panic!("{value}"));
    let mut keys: Vec<_> = object.keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}
