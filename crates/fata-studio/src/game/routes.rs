//! What the page of the game asks.

use crate::assets;
use crate::reply::{Refusal, content, json_bytes};
use crate::studio::{Shared, aside, read};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use fata::judge::human::{HumanReport, Judgements};
use serde_json::json;
use std::sync::Arc;

/// The page and its addresses.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/game", get(assets::game))
        .route("/game.js", get(assets::game_script))
        .route("/api/run/{name}/round", post(deal))
        .route("/api/run/{name}/judgements", get(judgements))
        .route("/api/run/{name}/shown/{kind}/{number}", get(shown))
        .route("/api/round/{token}/{side}", get(round_picture))
        .route("/api/round/{token}", post(answer))
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
