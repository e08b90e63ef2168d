//! One model, served: a picture on every request.

use crate::interpreter::Interpreter;
use crate::meters::Meters;
use crate::painter::{Format, Painter};
use crate::query::Query;
use crate::reply::{Refusal, content, json_bytes};
use crate::server::ServerError;
use crate::{Limits, assets};
use axum::Router;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use fata::data::Kind;
use fata::{Generator, Translator};
use serde_json::json;
use std::sync::Arc;

/// What is counted by path.
const PATHS: &[&str] = &["/", "/image", "/model", "/health", "/metrics", "/translate"];

/// Truncation beyond this is no picture.
pub(crate) const LARGEST_TRUNC: f32 = 10.0;

/// Seeds that are made up are below this, so that people can type them.
const MADE_UP_SEEDS: u64 = 1_000_000_000;

/// The routes of a server, and what it counts.
pub struct Service {
    pub(crate) routes: Router,
    pub(crate) meters: Arc<Meters>,
}

/// Serves a generator of pictures: `/`, `/image`, `/health`, `/metrics`.
///
/// # Errors
/// If the model makes points.
pub fn service(generator: Generator, name: &str, limits: Limits) -> Result<Service, ServerError> {
    if let Kind::Points { .. } = generator.data().kind {
        return Err(ServerError::Points);
    }
    let meters = Arc::new(Meters::new(PATHS));
    let painter = Painter::new(generator, name, limits.queue, Arc::clone(&meters));
    let counted = Arc::clone(&meters);
    let metrics = move || async move { content("text/plain; version=0.0.4", counted.exposition()) };
    let routes = Router::new()
        .route("/", get(assets::endless))
        .route("/endless.js", get(assets::endless_script))
        .route("/nav.js", get(assets::no_nav))
        .route("/style.css", get(assets::style))
        .route("/image", get(image))
        .route("/model", get(model))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .route("/translate", post(no_translator))
        .with_state(painter);
    Ok(Service { routes, meters })
}

/// Serves a translator of pictures: `/`, `/translate`, `/health`, `/metrics`.
pub fn translation_service(translator: Translator, name: &str, limits: Limits) -> Service {
    let meters = Arc::new(Meters::new(PATHS));
    let interpreter = Interpreter::new(translator, name, limits, Arc::clone(&meters));
    let counted = Arc::clone(&meters);
    let metrics = move || async move { content("text/plain; version=0.0.4", counted.exposition()) };
    let routes = Router::new()
        .route("/", get(assets::translate))
        .route("/translate.js", get(assets::translate_script))
        .route("/nav.js", get(assets::no_nav))
        .route("/style.css", get(assets::style))
        .route("/image", get(no_painter))
        .route("/model", get(translation_model))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .route("/translate", post(translate))
        .with_state(interpreter);
    Service { routes, meters }
}

/// `POST /translate?direction=&large=&draw=&format=`, the body a picture.
async fn translate(
    State(interpreter): State<Interpreter>,
    RawQuery(query): RawQuery,
    body: Body,
) -> Result<Response, Refusal> {
    interpreter.translate(query.as_deref(), body).await
}

async fn translation_model(State(interpreter): State<Interpreter>) -> Response {
    interpreter.model()
}

/// `GET /image?seed=&trunc=&class=&format=`.
async fn image(
    State(painter): State<Painter>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let query = Query::parse(query.as_deref(), &["seed", "trunc", "class", "format"])?;
    let format = format(&query, &headers)?;
    let seed = seed(&query)?;
    let trunc = query.number("trunc", 0.0, LARGEST_TRUNC)?.unwrap_or(1.0);
    let place = painter.place(seed, trunc, query.text("class"))?;
    let picture = painter.picture(place).await?;
    let bytes = painter.encode(picture, seed, format).await?;
    let mut response = with_seed(content(format.media_type(), bytes), seed);
    let vary = HeaderValue::from_static("accept");
    response.headers_mut().insert(header::VARY, vary);
    Ok(response)
}

/// The seed that is asked for, or one made up.
pub(crate) fn seed(query: &Query) -> Result<u64, Refusal> {
    match query.whole("seed")? {
        Some(seed) => Ok(seed),
        None => made_up_seed(),
    }
}

/// An answer that says whose picture it is.
pub(crate) fn with_seed(mut response: Response, seed: u64) -> Response {
    let name = HeaderName::from_static("x-fata-seed");
    response.headers_mut().insert(name, HeaderValue::from(seed));
    response
}

/// As asked; else WebP for those who say that they take it and not PNG.
fn format(query: &Query, headers: &HeaderMap) -> Result<Format, Refusal> {
    if let Some(asked) = Format::read(query)? {
        return Ok(asked);
    }
    let accepts = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    let accepts = accepts.unwrap_or_default();
    let takes_png = ["image/png", "image/*", "*/*"]
        .iter()
        .any(|kind| accepts.contains(kind));
    Ok(match accepts.contains("image/webp") && !takes_png {
        true => Format::Webp,
        false => Format::Png,
    })
}

/// A seed for whoever names none. It is an input, as if a person had thought
/// of it, so it comes from the system and not from the model's own randomness.
fn made_up_seed() -> Result<u64, Refusal> {
    let drawn = getrandom::u64();
    let drawn =
        drawn.map_err(|error| Refusal::broken(format!("the system draws no number: {error}")))?;
    Ok(drawn % MADE_UP_SEEDS)
}

async fn model(State(painter): State<Painter>) -> Response {
    painter.model()
}

pub(crate) async fn health() -> Response {
    json_bytes(&json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

async fn no_translator() -> Refusal {
    Refusal::new(
        StatusCode::NOT_IMPLEMENTED,
        "this model makes pictures from seeds and translates none: ask GET /image",
    )
}

async fn no_painter() -> Refusal {
    Refusal::new(
        StatusCode::NOT_IMPLEMENTED,
        "this model turns pictures into others and makes none from seeds: ask POST /translate",
    )
}
