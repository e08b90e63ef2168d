//! What the page of runs asks: which there are, how they go, what the doctor
//! says, and that one be begun, paused or gone on with.

use crate::assets;
use crate::folder::{is_training, samples};
use crate::query::Query;
use crate::reply::{Refusal, content, json_bytes};
use crate::studio::{Shared, aside, read};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use fata::data::{DataOptions, Dataset};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::{Arc, PoisonError};

/// Pieces that a curve is drawn in, unless the page asks for others.
const PIECES: u64 = 300;

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

/// The page and its addresses.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(assets::runs))
        .route("/runs.js", get(assets::runs_script))
        .route("/api/runs", get(runs))
        .route("/api/train", post(train))
        .route("/api/run/{name}", get(run))
        .route("/api/run/{name}/doctor", get(doctor))
        .route("/api/run/{name}/sample/{images}", get(sample))
        .route("/api/run/{name}/{action}", post(act))
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
