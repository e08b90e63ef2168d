//! The studio: a folder of runs, live, and trainings begun from the page.

use crate::assets;
use crate::explore::{self, Finds, Interpreters, Painters};
use crate::folder::{Folder, is_training, samples};
use crate::game::Games;
use crate::limits::Limits;
use crate::log::Log;
use crate::meters::Meters;
use crate::query::Query;
use crate::reply::{Refusal, content, json_bytes};
use crate::server::ServerError;
use crate::service::Service;
use crate::trainings::Trainings;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use fata::data::{DataOptions, Dataset};
use fata::judge::human::{HumanReport, Judgements};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

/// What is counted by path.
const PATHS: &[&str] = &["/", "/api/runs", "/api/train", "/health", "/metrics"];

/// Pieces that a curve is drawn in, unless the page asks for others.
const PIECES: u64 = 300;

/// Logs that are kept read; the rest are read again when they are looked at.
const LOGS: usize = 64;

/// What the studio is opened on.
pub struct StudioOptions {
    /// The folder of runs; made if it is not there.
    pub runs: PathBuf,
    /// The program that trains.
    pub program: PathBuf,
    /// Bounds on requests.
    pub limits: Limits,
}

/// The studio, ready to be served.
pub struct Studio {
    shared: Arc<Shared>,
}

/// What all answers draw on.
pub(crate) struct Shared {
    pub(crate) folder: Folder,
    /// What a person called the folder.
    called: String,
    trainings: Trainings,
    pub(crate) painters: Painters,
    /// Latents of the Explore page.
    pub(crate) finds: Arc<Finds>,
    interpreters: Interpreters,
    games: Games,
    meters: Arc<Meters>,
    logs: Mutex<BTreeMap<String, Arc<Mutex<Log>>>>,
    pub(crate) limits: Limits,
}

impl Studio {
    /// Opens a folder of runs.
    ///
    /// # Errors
    /// If it cannot be made or read.
    pub fn open(options: StudioOptions) -> Result<Self, ServerError> {
        let folder = Folder::open(&options.runs).map_err(|source| ServerError::Folder {
            path: options.runs.clone(),
            source,
        })?;
        let meters = Arc::new(Meters::new(PATHS));
        let shared = Shared {
            folder,
            called: options.runs.display().to_string(),
            trainings: Trainings::new(options.program),
            painters: Painters::new(options.limits, Arc::clone(&meters)),
            finds: Arc::default(),
            interpreters: Interpreters::new(options.limits, Arc::clone(&meters)),
            games: Games::new()?,
            meters,
            logs: Mutex::default(),
            limits: options.limits,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Its routes.
    pub fn service(&self) -> Service {
        let meters = Arc::clone(&self.shared.meters);
        let counted = Arc::clone(&meters);
        let metrics =
            move || async move { content("text/plain; version=0.0.4", counted.exposition()) };
        let routes = Router::new()
            .route("/", get(assets::runs))
            .route("/runs.js", get(assets::runs_script))
            .merge(explore::routes())
            .route("/game", get(assets::game))
            .route("/game.js", get(assets::game_script))
            .route("/endless", get(assets::endless))
            .route("/endless.js", get(assets::endless_script))
            .route("/translate", get(assets::translate))
            .route("/translate.js", get(assets::translate_script))
            .route("/nav.js", get(assets::nav))
            .route("/style.css", get(assets::style))
            .route("/health", get(crate::service::health))
            .route("/metrics", get(metrics))
            .route("/api/runs", get(runs))
            .route("/api/train", post(train))
            .route("/api/run/{name}", get(run))
            .route("/api/run/{name}/doctor", get(doctor))
            .route("/api/run/{name}/sample/{images}", get(sample))
            .route("/api/run/{name}/translator", get(translator))
            .route("/api/run/{name}/translate", post(translate))
            .route("/api/run/{name}/round", post(deal))
            .route("/api/run/{name}/judgements", get(judgements))
            .route("/api/run/{name}/shown/{kind}/{number}", get(shown))
            .route("/api/round/{token}/{side}", get(round_picture))
            .route("/api/round/{token}", post(answer))
            .route("/api/run/{name}/{action}", post(act))
            .with_state(Arc::clone(&self.shared));
        Service { routes, meters }
    }

    /// Begins `fata train` with these words, as a run of this name.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub fn begin(&self, name: &str, words: &[OsString]) -> Result<(), ServerError> {
        let begun = self.shared.trainings.begin(name, words);
        begun.map_err(|refusal| ServerError::System(refusal.why().into()))
    }

    /// Tells the studio that this process trains the run of this name, so that
    /// its page can set `stop`.
    pub fn adopt(&self, name: &str, stop: Arc<AtomicBool>) {
        self.shared.trainings.adopt(name, stop);
    }

    /// Stops the trainings that were begun here, saved.
    pub fn end(&self) {
        self.shared.trainings.end();
    }
}

/// Runs what reads files where it keeps nobody waiting.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Refusal::broken("this could not be read"))?
}

async fn runs(State(shared): State<Arc<Shared>>) -> Result<Response, Refusal> {
    let called = shared.called.clone();
    let rows = aside(move || {
        let names = shared.folder.names();
        let mut rows = Vec::new();
        for name in shared.trainings.names() {
            if !names.contains(&name) {
                let (here, failure) = shared.trainings.state(&name);
                rows.push(
                    json!({ "name": name, "here": here, "training": here, "failure": failure }),
                );
            }
        }
        for name in names {
            // A run that was just removed is not shown.
            let Ok(path) = shared.folder.run(&name) else {
                continue;
            };
            let mut row = shared.folder.summary(&path, &name);
            let (here, failure) = shared.trainings.state(&name);
            row["here"] = here.into();
            row["own"] = shared.trainings.is_own(&name).into();
            row["failure"] = failure.into();
            rows.push(row);
        }
        Ok(rows)
    });
    Ok(json_bytes(
        &json!({ "folder": called, "runs": rows.await?, "recipes": fata::recipe::names() }),
    ))
}

async fn run(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = Query::parse(query.as_deref(), &["pieces", "known"])?;
    let known = query.whole("known")?;
    let pieces = query.whole("pieces")?.unwrap_or(PIECES).clamp(1, 2000) as usize;
    aside(move || {
        let path = shared.folder.run(&name)?;
        let log = shared.log(&name);
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        // A run that has not reached its first tick has no log.
        let _ = log.follow(&path.join("log.jsonl"));
        // Who knows all is told no more.
        if known == Some(log.version()) {
            let said = json!({ "version": known, "samples": samples(&path) });
            return Ok(json_bytes(&said));
        }
        let (images_seen, columns) = log.thinned(pieces);
        Ok(json_bytes(&json!({
            "name": name,
            "version": log.version(),
            "images_seen": images_seen,
            "columns": columns,
            "samples": samples(&path),
        })))
    })
    .await
}

impl Shared {
    fn log(&self, name: &str) -> Arc<Mutex<Log>> {
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        if logs.len() >= LOGS && !logs.contains_key(name) {
            logs.pop_first();
        }
        Arc::clone(logs.entry(name.into()).or_default())
    }
}

async fn doctor(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
) -> Result<Response, Refusal> {
    aside(move || {
        let path = shared.folder.run(&name)?;
        let case =
            fata::doctor::Case::open(&path).map_err(|error| Refusal::broken(error.to_string()))?;
        let diagnosis = case.examine();
        Ok(json_bytes(&json!({
            "meaning": diagnosis.diagnosis.meaning(),
            "alarm": diagnosis.diagnosis.is_alarm(),
            "diagnosis": diagnosis,
        })))
    })
    .await
}

async fn sample(
    State(shared): State<Arc<Shared>>,
    Path((name, images)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    aside(move || {
        let missing = || Refusal::missing(format!("{name} has no samples of {images} images"));
        let images: u64 = images.parse().map_err(|_| missing())?;
        let path = shared
            .folder
            .run(&name)?
            .join(format!("samples/{images:012}.png"));
        let bytes = std::fs::read(path).map_err(|_| missing())?;
        Ok(content("image/png", bytes))
    })
    .await
}

/// What the page asks to be trained.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    #[serde(default)]
    data: String,
    #[serde(default)]
    recipe: String,
    #[serde(default)]
    flags: BTreeMap<String, String>,
}

/// Flags of `fata train` that the page may give.
const FLAGS: [&str; 7] = [
    "images",
    "minutes",
    "resolution",
    "batch",
    "seed",
    "every",
    "fit",
];

/// A body of JSON.
async fn read<T: DeserializeOwned>(shared: &Shared, body: Body) -> Result<T, Refusal> {
    let bytes = to_bytes(body, shared.limits.body_bytes).await;
    let bytes = bytes.map_err(|_| Refusal::too_large("the body is too large"))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Refusal::bad(format!("this is not what is asked here: {error}")))
}

async fn train(State(shared): State<Arc<Shared>>, body: Body) -> Result<Response, Refusal> {
    let wish: Wish = read(&shared, body).await?;
    let data = match wish.data.trim() {
        "" => "digits",
        data => data,
    };
    let mut words = Vec::new();
    if !wish.recipe.is_empty() {
        if !fata::recipe::names().contains(&&wish.recipe[..]) {
            return Err(Refusal::bad(format!(
                "there is no recipe `{}`",
                wish.recipe
            )));
        }
        words.push(format!("--recipe={}", wish.recipe));
    }
    for (flag, value) in wish.flags.iter().filter(|(_, value)| !value.is_empty()) {
        if !FLAGS.contains(&&flag[..]) {
            return Err(Refusal::bad(format!(
                "there is no flag `{flag}`; there are: {}",
                FLAGS.join(", ")
            )));
        }
        words.push(format!("--{flag}={value}"));
    }
    let (data, recipe) = (data.to_owned(), wish.recipe);
    aside(move || {
        let label = match recipe.is_empty() {
            true => fitting(&data),
            false => recipe,
        };
        let name = shared.folder.next_name(&data, &label);
        let out = shared.folder.path().join(&name);
        let mut all: Vec<OsString> = words.into_iter().map(OsString::from).collect();
        all.extend([OsString::from("-o"), out.into_os_string()]);
        if data.starts_with('-') {
            return Err(Refusal::bad(
                "write ./ before a path that begins with a dash",
            ));
        }
        all.push(data.into());
        shared.trainings.begin(&name, &all)?;
        Ok(json_bytes(&json!({ "name": name })))
    })
    .await
}

/// What a run is called after whose recipe is left to the data. The training
/// chooses for itself, by the same rule.
fn fitting(data: &str) -> String {
    let path = std::path::Path::new(data);
    if path.join("trainA").is_dir() && path.join("trainB").is_dir() {
        return "translation".into();
    }
    let has_classes = || {
        let data = Dataset::open(path, &DataOptions::default());
        data.is_ok_and(|data| data.classes().len() > 1)
    };
    fata::Recipe::fitting(data, has_classes).0.name
}

async fn translator(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
) -> Result<Response, Refusal> {
    aside(move || Ok(shared.interpreters.of(&shared.folder, &name)?.model())).await
}

async fn translate(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    body: Body,
) -> Result<Response, Refusal> {
    let interpreter = aside(move || shared.interpreters.of(&shared.folder, &name)).await?;
    interpreter.translate(query.as_deref(), body).await
}

async fn deal(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    body: Body,
) -> Result<Response, Refusal> {
    let wish = read(&shared, body).await?;
    aside(move || {
        let run = shared.folder.run(&name)?;
        Ok(json_bytes(&shared.games.deal(run, &name, &wish)?))
    })
    .await
}

async fn round_picture(
    State(shared): State<Arc<Shared>>,
    Path((token, side)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    Ok(content("image/png", shared.games.picture(&token, &side)?))
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    Path(token): Path<String>,
    body: Body,
) -> Result<Response, Refusal> {
    let answer = read(&shared, body).await?;
    aside(move || Ok(json_bytes(&shared.games.answer(&token, &answer)?))).await
}

async fn judgements(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
) -> Result<Response, Refusal> {
    aside(move || {
        let run = shared.folder.run(&name)?;
        let judgements =
            Judgements::read(&run).map_err(|error| Refusal::broken(error.to_string()))?;
        Ok(match HumanReport::new(&name[..], &judgements, 0) {
            Some(report) => json_bytes(&report),
            // That nobody has played yet is no error.
            None => json_bytes(&json!({ "name": name, "rounds": 0, "players": 0 })),
        })
    })
    .await
}

async fn shown(
    State(shared): State<Arc<Shared>>,
    Path((name, kind, number)): Path<(String, String, String)>,
) -> Result<Response, Refusal> {
    aside(move || {
        let run = shared.folder.run(&name)?;
        let deck = shared.games.deck(&run, &name)?;
        let missing = || Refusal::missing(format!("no game shows the picture {number} now"));
        let number = number.parse().map_err(|_| missing())?;
        let picture = deck.shown(&kind, number).ok_or_else(missing)?;
        Ok(content("image/png", picture))
    })
    .await
}

async fn act(
    State(shared): State<Arc<Shared>>,
    Path((name, action)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    aside(move || {
        let path = shared.folder.run(&name)?;
        match &action[..] {
            "pause" | "stop" => shared.trainings.stop(&name)?,
            "resume" if is_training(&path) => {
                return Err(Refusal::new(
                    StatusCode::CONFLICT,
                    format!("{name} is being trained already"),
                ));
            }
            "resume" => {
                let words = ["--resume".into(), path.into_os_string()];
                shared.trainings.begin(&name, &words)?;
            }
            _ => {
                return Err(Refusal::missing(format!(
                    "a run can be paused, resumed or stopped, not `{action}`"
                )));
            }
        }
        Ok(json_bytes(&json!({ "name": name })))
    })
    .await
}
