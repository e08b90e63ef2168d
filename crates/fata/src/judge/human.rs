//! What people judged: which of two pictures is real?
//!
//! A round shows a real picture and a generated one, side by side, and a player
//! says which is real. Each answer is a line of `judgements.jsonl` in the run
//! folder. The file is only ever added to: a line that a killed program left
//! half written is passed over, and the next begins on a line of its own. What
//! the answers say together is in [`HumanReport`]. Who asks, and how, is the
//! studio's.
//!
//! # Source
//! Zhou et al. 2019, arXiv 1904.01121 (HYPE), whose people judge one picture at a
//! time, real or not. Two side by side are the two-alternative forced choice of
//! psychophysics: a player who leans to one answer gains nothing by it.

mod report;

pub use report::{HumanReport, PictureTally, PlayerTally, TimeTally};

use super::JudgeError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// The file's name in a run folder.
const FILE: &str = "judgements.jsonl";

/// One answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// Tells the round from all others.
    pub round: String,
    /// Who answered, by the name they gave.
    pub player: String,
    /// The seed of the generated picture.
    pub seed: u64,
    /// The number of the real picture in its data.
    pub item: u64,
    /// Whether the player took the generated picture for the real one.
    pub fooled: bool,
    /// From the pictures' being sent to the answer, in seconds.
    pub seconds: f64,
    /// How long the pictures were shown, in milliseconds; without it until the
    /// answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_milliseconds: Option<u64>,
    /// Whether the player was told the truth after each answer.
    pub feedback: bool,
    /// Real images that the generator's training had seen.
    pub images_seen: u64,
    /// When, in seconds since 1970.
    pub unix_seconds: u64,
}

/// All answers to a run's pictures.
#[derive(Clone, Debug, Default)]
pub struct Judgements {
    /// In the order they were given.
    pub list: Vec<Judgement>,
    /// Lines that are no answer: half written, or a round's second one.
    pub passed_over: usize,
}

impl Judgements {
    /// Reads the answers of a run folder; none if nobody has played.
    ///
    /// # Errors
    /// If the folder or the file cannot be read.
    pub fn read(run: &Path) -> Result<Self, JudgeError> {
        let path = run.join(FILE);
        let unreadable = |source| JudgeError::Judgements {
            path: path.clone(),
            source,
        };
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound && run.is_dir() => Vec::new(),
            Err(error) => return Err(unreadable(error)),
        };
        Ok(Self::parse(&bytes))
    }

    fn parse(bytes: &[u8]) -> Self {
        let mut judgements = Self::default();
        let mut rounds = BTreeSet::new();
        let lines = bytes.split(|&byte| byte == b'\n');
        for line in lines.filter(|line| !line.is_empty()) {
            match serde_json::from_slice::<Judgement>(line) {
                Ok(answer) if rounds.insert(answer.round.clone()) => judgements.list.push(answer),
                _ => judgements.passed_over += 1,
            }
        }
        judgements
    }

    /// Adds an answer to those of a run folder and waits until it is on the disk.
    ///
    /// # Errors
    /// If the folder is gone or cannot be written.
    pub fn append(run: &Path, answer: &Judgement) -> Result<(), JudgeError> {
        let path = run.join(FILE);
        let write = || -> io::Result<()> {
            let mut file = OpenOptions::new()
                .create(true)
                .read(true)
                .append(true)
                .open(&path)?;
            let mut line = Vec::new();
            if file.metadata()?.len() > 0 {
                let mut last = [0];
                file.seek(SeekFrom::End(-1))?;
                file.read_exact(&mut last)?;
                if last != *b"\n" {
                    line.push(b'\n');
                }
            }
            serde_json::to_writer(&mut line, answer)?;
            line.push(b'\n');
            // In one piece, so that two writers do not mix.
            file.write_all(&line)?;
            file.sync_data()
        };
        write().map_err(|source| JudgeError::Judgements { path, source })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn answer(round: u64, player: &str, seed: u64, fooled: bool) -> Judgement {
        Judgement {
            round: format!("{round:032x}"),
            player: player.into(),
            seed,
            item: 7,
            fooled,
            seconds: 1.5,
            shown_milliseconds: None,
            feedback: true,
            images_seen: 128_000,
            unix_seconds: 1_700_000_000,
        }
    }

    #[test]
    fn answers_outlive_a_kill_in_the_middle_of_a_line() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Judgements::read(folder.path()).unwrap().list.is_empty());
        let answers = [answer(1, "ann", 5, true), answer(2, "bob", 6, false)];
        Judgements::append(folder.path(), &answers[0]).unwrap();
        let path = folder.path().join(FILE);
        let whole = fs::read(&path).unwrap();
        for cut in 1..whole.len() - 1 {
            fs::write(&path, [&whole[..], &whole[..cut]].concat()).unwrap();
            let read = Judgements::read(folder.path()).unwrap();
            assert_eq!((&read.list[..], read.passed_over), (&answers[..1], 1));
            Judgements::append(folder.path(), &answers[1]).unwrap();
            let read = Judgements::read(folder.path()).unwrap();
            assert_eq!((&read.list[..], read.passed_over), (&answers[..], 1));
        }
    }

    #[test]
    fn a_round_counts_once() {
        let folder = tempfile::tempdir().unwrap();
        for fooled in [true, false] {
            Judgements::append(folder.path(), &answer(1, "ann", 5, fooled)).unwrap();
        }
        let read = Judgements::read(folder.path()).unwrap();
        assert_eq!((read.list.len(), read.passed_over), (1, 1));
        assert!(read.list[0].fooled);
    }

    #[test]
    fn a_folder_that_is_gone_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let gone = folder.path().join("gone");
        let said = Judgements::read(&gone).unwrap_err().to_string();
        assert!(said.contains("gone"), "{said}");
        assert!(Judgements::append(&gone, &answer(1, "ann", 5, true)).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(0_u8.., 0..200)) {
            Judgements::parse(&bytes);
        }
    }
}
