//! "Which is real?": rounds of one real and one generated picture, and the
//! answers to them.
//!
//! The truth stays here. A round is known to the page by a token that nobody
//! can guess, and its pictures by the token and their side; both pictures were
//! made before either can be asked for, in the same way and without a note of
//! where they are from. A round is answered once, and only after both pictures
//! were sent. What is written is the run folder's, in [`Judgements`].

mod deck;
mod routes;

use crate::kept::Kept;
use crate::reply::Refusal;
use crate::server::ServerError;
use crate::token::token;
use axum::body::Bytes;
use axum::http::StatusCode;
use deck::Deck;
use fata::judge::human::{Judgement, Judgements};
use fata::rng::{Random, Stream};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

pub(crate) use routes::routes;

/// Decks that are in memory at once.
const DECKS: usize = 4;
/// Rounds that are known at once; the oldest are forgotten.
const ROUNDS: usize = 10_000;
/// Letters in a player's name, at most.
const LONGEST_NAME: usize = 40;
/// Times that pictures may be shown for, in milliseconds.
const SHOWN: std::ops::RangeInclusive<u64> = 50..=60_000;

/// All games of the studio.
pub(crate) struct Games {
    decks: Kept<Arc<Deck>>,
    /// Unknown to players, who might work out the sides from it.
    random: Random,
    rounds: Mutex<Rounds>,
}

#[derive(Default)]
struct Rounds {
    dealt: u64,
    open: BTreeMap<String, Round>,
    /// The tokens, the oldest first.
    order: VecDeque<String>,
}

struct Round {
    run: PathBuf,
    answer: Judgement,
    real: Side,
    /// The left one and the right one.
    pictures: [Bytes; 2],
    /// When each was sent for the first time.
    sent: [Option<Instant>; 2],
    answered: bool,
}

/// Where a picture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Side {
    Left,
    Right,
}

/// How somebody wants to play.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wish {
    player: String,
    #[serde(default)]
    shown_milliseconds: Option<u64>,
    #[serde(default)]
    feedback: bool,
}

/// What somebody answers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    real: Side,
}

impl Games {
    pub(crate) fn new() -> Result<Self, ServerError> {
        let secret = getrandom::u64().map_err(|error| ServerError::System(error.to_string()))?;
        Ok(Self {
            decks: Kept::new(DECKS),
            random: Random::new(secret),
            rounds: Mutex::default(),
        })
    }

    /// The pictures that a run plays with.
    pub(crate) fn deck(&self, run: &Path, name: &str) -> Result<Arc<Deck>, Refusal> {
        let file = Deck::file(run);
        self.decks
            .get(name, &file, || Deck::open(run, name).map(Arc::new))
    }

    /// A new round.
    pub(crate) fn deal(&self, run: PathBuf, name: &str, wish: &Wish) -> Result<Value, Refusal> {
        let player = player(&wish.player)?;
        if wish
            .shown_milliseconds
            .is_some_and(|shown| !SHOWN.contains(&shown))
        {
            return Err(Refusal::bad(format!(
                "pictures are shown for {} to {} milliseconds",
                SHOWN.start(),
                SHOWN.end()
            )));
        }
        let deck = self.deck(&run, name)?;
        let mut rounds = self.rounds();
        let mut draws = self.random.at(Stream::Rounds, rounds.dealt);
        rounds.dealt += 1;
        let pair = deck.deal(&mut draws);
        let real = match draws.below(2) {
            0 => Side::Left,
            _ => Side::Right,
        };
        let [genuine, generated] = [pair.real, pair.generated];
        let token = token()?;
        let answer = Judgement {
            round: token.clone(),
            player,
            seed: generated.number,
            item: genuine.number,
            fooled: false,
            seconds: 0.0,
            shown_milliseconds: wish.shown_milliseconds,
            feedback: wish.feedback,
            images_seen: deck.images_seen,
            unix_seconds: 0,
        };
        let pictures = match real {
            Side::Left => [genuine.png, generated.png],
            Side::Right => [generated.png, genuine.png],
        };
        rounds.add(
            token.clone(),
            Round {
                run,
                answer,
                real,
                pictures,
                sent: [None; 2],
                answered: false,
            },
        );
        Ok(json!({
            "round": token,
            "left": format!("/api/round/{token}/left"),
            "right": format!("/api/round/{token}/right"),
        }))
    }

    /// A picture of a round.
    pub(crate) fn picture(&self, token: &str, side: &str) -> Result<Bytes, Refusal> {
        let place = match side {
            "left" => 0,
            "right" => 1,
            _ => return Err(Refusal::missing("a round has a left picture and a right")),
        };
        let mut rounds = self.rounds();
        let round = rounds.round(token)?;
        round.sent[place].get_or_insert_with(Instant::now);
        Ok(round.pictures[place].clone())
    }

    /// Writes an answer down; with the truth, if the player wants it.
    pub(crate) fn answer(&self, token: &str, answer: &Answer) -> Result<Value, Refusal> {
        let mut rounds = self.rounds();
        let round = rounds.round(token)?;
        if round.answered {
            return Err(Refusal::new(
                StatusCode::CONFLICT,
                "this round was answered already",
            ));
        }
        let [Some(left), Some(right)] = round.sent else {
            return Err(Refusal::new(
                StatusCode::CONFLICT,
                "look at both pictures before you answer",
            ));
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let judgement = &mut round.answer;
        judgement.fooled = answer.real != round.real;
        judgement.seconds = left.max(right).elapsed().as_secs_f64();
        judgement.unix_seconds = now.map_or(0, |since| since.as_secs());
        Judgements::append(&round.run, judgement)
            .map_err(|error| Refusal::broken(error.to_string()))?;
        round.answered = true;
        Ok(match judgement.feedback {
            true => json!({ "real": round.real, "fooled": judgement.fooled }),
            false => json!({}),
        })
    }

    fn rounds(&self) -> MutexGuard<'_, Rounds> {
        self.rounds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rounds {
    fn add(&mut self, token: String, round: Round) {
        if self.order.len() >= ROUNDS
            && let Some(oldest) = self.order.pop_front()
        {
            self.open.remove(&oldest);
        }
        self.order.push_back(token.clone());
        self.open.insert(token, round);
    }

    fn round(&mut self, token: &str) -> Result<&mut Round, Refusal> {
        let unknown = || {
            Refusal::new(
                StatusCode::GONE,
                "this round is not known here any more: begin another",
            )
        };
        self.open.get_mut(token).ok_or_else(unknown)
    }
}

/// A name as it is written down.
fn player(name: &str) -> Result<String, Refusal> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let length = name.chars().count();
    match (1..=LONGEST_NAME).contains(&length) && !name.chars().any(char::is_control) {
        true => Ok(name),
        false => Err(Refusal::bad(format!(
            "a player has a name of 1 to {LONGEST_NAME} letters"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned_and_bounded() {
        assert_eq!(player("  Ann   Lee ").unwrap(), "Ann Lee");
        for bad in ["", "   ", &"x".repeat(41), "a\u{7}b"] {
            assert!(player(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_oldest_rounds_are_forgotten() {
        let mut rounds = Rounds::default();
        for number in 0..=ROUNDS {
            let round = Round {
                run: PathBuf::new(),
                answer: serde_json::from_value(json!({
                    "round": "", "player": "", "seed": 0, "item": 0, "fooled": false,
                    "seconds": 0.0, "feedback": false, "images_seen": 0, "unix_seconds": 0,
                }))
                .unwrap(),
                real: Side::Left,
                pictures: [Bytes::new(), Bytes::new()],
                sent: [None; 2],
                answered: false,
            };
            rounds.add(number.to_string(), round);
        }
        assert_eq!(rounds.open.len(), ROUNDS);
        assert!(rounds.round("0").is_err() && rounds.round("1").is_ok());
    }
}
