//! Latents that no seed has: searched for, of a picture that somebody sent, or put
//! aside. Each has a token; the last few are kept in memory.
//!
//! A search takes all of a processor for a while, so there is one at a time, on a
//! thread of its own; the page asks how far it is.

use crate::painter::Painter;
use crate::reply::Refusal;
use crate::token::token;
use axum::http::StatusCode;
use fata::Generator;
use fata::data::Fit;
use fata::draw::Picture;
use fata::latent::{Inversion, InversionOptions, Inverted, Place, Progress};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Latents that are kept at once; the oldest give way.
const MOST: usize = 32;

/// Latents by their tokens.
#[derive(Default)]
pub(crate) struct Finds {
    finds: Mutex<VecDeque<Find>>,
    /// Whether a search's thread is there: one that was stopped ends a little later.
    searching: AtomicBool,
}

struct Find {
    token: String,
    run: String,
    state: State,
}

enum State {
    Searching(Option<Progress>),
    Failed(String),
    Kept(Place),
    Found(Box<Inverted>),
}

/// A search under way; one that ends without having said how has failed.
struct Searching {
    finds: Arc<Finds>,
    token: String,
}

impl Drop for Searching {
    fn drop(&mut self) {
        let failed = State::Failed("the search has broken off".into());
        self.finds.settle(&self.token, failed);
        self.finds.searching.store(false, Ordering::Release);
    }
}

impl Finds {
    fn all(&self) -> MutexGuard<'_, VecDeque<Find>> {
        self.finds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a place of a run's latent space aside; its token.
    pub(super) fn keep(&self, run: &str, place: Place) -> Result<String, Refusal> {
        let token = token()?;
        add(&mut self.all(), &token, run, State::Kept(place));
        Ok(token)
    }

    /// Begins the search for the latent of a picture, whose bytes were looked at;
    /// its token.
    ///
    /// # Errors
    /// 503 where a search is under way.
    pub(super) fn search(
        self: &Arc<Self>,
        painter: &Painter,
        class: Option<&str>,
        bytes: impl AsRef<[u8]> + Send + 'static,
    ) -> Result<String, Refusal> {
        let generator = painter.narrowed(1.0, class)?;
        let token = token()?;
        if self.searching.swap(true, Ordering::Acquire) {
            return Err(Refusal::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "the latent of another picture is being searched for: wait until that has ended",
            ));
        }
        let searching = Searching {
            finds: Arc::clone(self),
            token: token.clone(),
        };
        let state = State::Searching(None);
        add(&mut self.all(), &token, painter.name(), state);
        let begun = std::thread::Builder::new().spawn(move || {
            let Searching { finds, token } = &searching;
            let note = |progress| finds.note(token, progress);
            match search(&generator, bytes.as_ref(), note) {
                Ok(Some(found)) => finds.settle(token, State::Found(Box::new(found))),
                Ok(None) => {}
                Err(why) => finds.settle(token, State::Failed(why)),
            }
        });
        begun.map_err(|error| Refusal::broken(format!("no search can be begun: {error}")))?;
        Ok(token)
    }

    /// Notes how far a search is; whether it is still wanted.
    fn note(&self, token: &str, progress: Progress) -> bool {
        let mut all = self.all();
        let find = all.iter_mut().find(|find| find.token == token);
        match find.map(|find| &mut find.state) {
            Some(State::Searching(known)) => {
                *known = Some(progress);
                true
            }
            _ => false,
        }
    }

    /// Ends a search, if it has not ended otherwise.
    fn settle(&self, token: &str, state: State) {
        let mut all = self.all();
        let find = all.iter_mut().find(|find| find.token == token);
        if let Some(find) = find.filter(|find| matches!(find.state, State::Searching(_))) {
            find.state = state;
        }
    }

    /// Stops a search.
    pub(super) fn stop(&self, token: &str) -> Value {
        self.settle(token, State::Failed("the search was stopped".into()));
        json!({ "token": token })
    }

    /// What is known under a token.
    pub(super) fn report(&self, token: &str) -> Result<Value, Refusal> {
        self.with(token, |find| {
            let mut said = json!({ "token": token, "run": find.run });
            match &find.state {
                State::Kept(_) => said["state"] = "kept".into(),
                State::Searching(progress) => {
                    said["state"] = "searching".into();
                    said["step"] = progress.map_or(0, |progress| progress.step).into();
                    said["steps"] = InversionOptions::default().steps.into();
                }
                State::Failed(why) => {
                    said["state"] = "failed".into();
                    said["error"] = why[..].into();
                }
                State::Found(found) => {
                    said["state"] = "found".into();
                    said["search_error"] = found.error.into();
                    said["pixel_error"] = found.pixel_error.into();
                    said["pixel_rms"] = found.pixel_rms.into();
                    said["own_error"] = found.own_error.into();
                    said["random_error"] = found.random_error.into();
                    said["verdict"] = found.verdict.map(|verdict| verdict.word()).into();
                    said["sentence"] = found.verdict.map(|verdict| verdict.to_string()).into();
                }
            }
            Ok(said)
        })
    }

    /// The picture that was searched for, as the model's data were prepared.
    pub(super) fn target(&self, token: &str) -> Result<Picture, Refusal> {
        self.with(token, |find| match &find.state {
            State::Found(found) => Ok(found.target.clone()),
            _ => Err(Refusal::missing("no picture was found under this name")),
        })
    }

    /// A latent of this model.
    ///
    /// # Errors
    /// 404 where there is none, 400 where it is another model's.
    pub(super) fn place(&self, token: &str, painter: &Painter) -> Result<Place, Refusal> {
        let generator = painter.generator();
        self.with(token, |find| {
            let place = match &find.state {
                State::Kept(place) => place,
                State::Found(found) => &found.place,
                _ => return Err(Refusal::missing(format!("@{token} is not found yet"))),
            };
            let fits = find.run == painter.name()
                && place.z.len() == generator.latent_length()
                && place.classes.len() == generator.class_shares();
            match fits {
                true => Ok(place.clone()),
                false => Err(Refusal::bad(format!(
                    "@{token} is a latent of {} and not of this model",
                    find.run
                ))),
            }
        })
    }

    fn with<T>(
        &self,
        token: &str,
        look: impl FnOnce(&Find) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let all = self.all();
        let find = all.iter().find(|find| find.token == token);
        look(find.ok_or_else(|| {
            Refusal::missing(format!(
                "no latent is kept as @{token} (any more): the last {MOST} are"
            ))
        })?)
    }
}

fn add(all: &mut VecDeque<Find>, token: &str, run: &str, state: State) {
    if all.len() >= MOST {
        let oldest = all
            .iter()
            .position(|find| !matches!(find.state, State::Searching(_)));
        oldest.and_then(|oldest| all.remove(oldest));
    }
    all.push_back(Find {
        token: token.into(),
        run: run.into(),
        state,
    });
}

/// What `fata invert` does; nothing where nobody wants it any more.
fn search(
    generator: &Generator,
    bytes: &[u8],
    note: impl Fn(Progress) -> bool,
) -> Result<Option<Inverted>, String> {
    let told = |error: fata::latent::LatentError| error.to_string();
    let options = InversionOptions::default();
    let mut inversion = Inversion::of_file(generator, bytes, Fit::Crop, options).map_err(told)?;
    while let Some(progress) = inversion.step().map_err(told)? {
        if !note(progress) {
            return Ok(None);
        }
    }
    inversion.finish().map(Some).map_err(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place {
            z: vec![1.0],
            classes: Vec::new(),
        }
    }

    #[test]
    fn the_oldest_latents_give_way_and_a_search_does_not() {
        let finds = Arc::new(Finds::default());
        add(&mut finds.all(), "search", "run", State::Searching(None));
        let first = finds.keep("run", place()).unwrap();
        for _ in 0..MOST {
            finds.keep("run", place()).unwrap();
        }
        assert_eq!(finds.all().len(), MOST);
        assert!(finds.report(&first).is_err());
        assert_eq!(finds.report("search").unwrap()["state"], "searching");
    }

    #[test]
    fn a_search_that_dies_has_failed_and_one_that_was_stopped_goes_no_further() {
        let finds = Arc::new(Finds::default());
        for token in ["dies", "stopped"] {
            add(&mut finds.all(), token, "run", State::Searching(None));
        }
        drop(Searching {
            finds: Arc::clone(&finds),
            token: "dies".into(),
        });
        finds.stop("stopped");
        let progress = Progress {
            step: 1,
            steps: 2,
            pixel_rms: 0.5,
        };
        assert!(!finds.note("stopped", progress));
        let failed = |token: &str| finds.report(token).unwrap()["error"].to_string();
        assert!(failed("dies").contains("broken off"));
        assert!(failed("stopped").contains("stopped"));
    }
}
