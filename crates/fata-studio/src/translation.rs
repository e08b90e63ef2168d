//! What the page of translation asks.

use crate::assets;
use crate::reply::Refusal;
use crate::studio::{Shared, aside};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use axum::routing::{get, post};
use std::sync::Arc;

/// The page and its addresses.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/translate", get(assets::translate))
        .route("/translate.js", get(assets::translate_script))
        .route("/api/run/{name}/translator", get(translator))
        .route("/api/run/{name}/translate", post(translate))
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
