//! What the Explore page asks.

use super::wish::{NAMES, Wish};
use crate::assets;
use crate::interpreter;
use crate::painter::{Format, Painter};
use crate::query::Query;
use crate::reply::{Refusal, content, json_bytes};
use crate::service::with_seed;
use crate::studio::{Shared, aside};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use fata::latent::{Keepsake, Place};
use serde_json::json;
use std::sync::Arc;

/// The page and its addresses.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/explore", get(assets::explore))
        .route("/explore.js", get(assets::explore_script))
        .route("/steer.js", get(assets::steer_script))
        .route("/sum.js", get(assets::sum_script))
        .route("/api/run/{name}/model", get(model))
        .route("/api/run/{name}/directions", get(directions))
        .route("/api/run/{name}/image", get(image))
        .route("/api/run/{name}/latent", get(latent))
        .route("/api/run/{name}/keep", post(keep))
        .route("/api/run/{name}/invert", post(invert))
        .route("/api/found/{token}", get(found))
        .route("/api/found/{token}/target", get(target))
        .route("/api/found/{token}/stop", post(stop))
}

/// The run's painter, and the place that is asked for.
async fn asked(
    shared: Arc<Shared>,
    name: String,
    query: Option<String>,
) -> Result<(Painter, Wish, Place), Refusal> {
    let query = Query::parse(query.as_deref(), &NAMES)?;
    let wish = Wish::read(&query)?;
    aside(move || {
        let painter = shared.painters.of(&shared.folder, &name)?;
        let place = wish.place(&painter, &shared.finds)?;
        Ok((painter, wish, place))
    })
    .await
}

async fn model(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
) -> Result<Response, Refusal> {
    aside(move || Ok(shared.painters.of(&shared.folder, &name)?.model())).await
}

async fn directions(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
) -> Result<Response, Refusal> {
    aside(move || {
        let painter = shared.painters.of(&shared.folder, &name)?;
        let directions = painter.directions();
        let list: Vec<_> = (directions.list().iter())
            .map(|one| json!({ "name": one.name, "share": one.share }))
            .collect();
        Ok(json_bytes(
            &json!({ "method": directions.method, "directions": list }),
        ))
    })
    .await
}

/// `GET /api/run/NAME/image?seed=&sum=&to=&at=&directions=&trunc=&class=`.
async fn image(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let (painter, wish, place) = asked(shared, name, query).await?;
    let picture = painter.picture(place).await?;
    let bytes = painter.encode(picture, wish.name(), Format::Png).await?;
    let answer = content("image/png", bytes);
    Ok(match wish.seed() {
        Some(seed) => with_seed(answer, seed),
        None => answer,
    })
}

/// The place as a file, for `fata blend RUN @FILE` and `fata walk`.
async fn latent(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let (_, wish, place) = asked(shared, name, query).await?;
    let about = wish.name();
    let bytes = Keepsake { place, about }.encode();
    Ok(content("application/octet-stream", bytes))
}

/// Puts the place aside, under a token.
async fn keep(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let (painter, _, place) = asked(Arc::clone(&shared), name, query).await?;
    let token = shared.finds.keep(painter.name(), place)?;
    Ok(json_bytes(&json!({ "token": token })))
}

/// Begins the search for the latent of the picture in the body; 202 and a token.
async fn invert(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    body: Body,
) -> Result<Response, Refusal> {
    let query = Query::parse(query.as_deref(), &["class"])?;
    let limits = shared.limits;
    let bytes = to_bytes(body, limits.body_bytes).await.map_err(|_| {
        Refusal::too_large(format!(
            "the body is larger than {} bytes",
            limits.body_bytes
        ))
    })?;
    aside(move || {
        let painter = shared.painters.of(&shared.folder, &name)?;
        // What cannot be used is told now, and not by the search.
        interpreter::read(&bytes, limits.picture_pixels)?;
        let token = shared.finds.search(&painter, query.text("class"), bytes)?;
        let answer = json_bytes(&json!({ "token": token }));
        Ok((StatusCode::ACCEPTED, answer).into_response())
    })
    .await
}

async fn found(
    State(shared): State<Arc<Shared>>,
    Path(token): Path<String>,
) -> Result<Response, Refusal> {
    Ok(json_bytes(&shared.finds.report(&token)?))
}

async fn target(
    State(shared): State<Arc<Shared>>,
    Path(token): Path<String>,
) -> Result<Response, Refusal> {
    let target = shared.finds.target(&token)?;
    let bytes = target.encode_png_without_notes();
    let bytes = bytes.map_err(|error| Refusal::broken(error.to_string()))?;
    Ok(content("image/png", bytes))
}

async fn stop(State(shared): State<Arc<Shared>>, Path(token): Path<String>) -> Response {
    json_bytes(&shared.finds.stop(&token))
}
