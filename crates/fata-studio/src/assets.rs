//! The pages, embedded.

use crate::reply::content;
use axum::response::Response;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

pub(crate) async fn style() -> Response {
    content(CSS, include_str!("../pages/style.css"))
}

pub(crate) async fn endless() -> Response {
    content(HTML, include_str!("../pages/endless.html"))
}

pub(crate) async fn endless_script() -> Response {
    content(JAVASCRIPT, include_str!("../pages/endless.js"))
}

pub(crate) async fn runs() -> Response {
    content(HTML, include_str!("../pages/runs.html"))
}

pub(crate) async fn runs_script() -> Response {
    content(JAVASCRIPT, include_str!("../pages/runs.js"))
}

pub(crate) async fn explore() -> Response {
    content(HTML, include_str!("../pages/explore.html"))
}

pub(crate) async fn explore_script() -> Response {
    content(JAVASCRIPT, include_str!("../pages/explore.js"))
}

pub(crate) async fn steer_script() -> Response {
    content(JAVASCRIPT, include_str!("../pages/steer.js"))
}

pub(crate) async fn sum_script() -> Response {
    content(JAVASCRIPT, include_str!("../pages/sum.js"))
}

pub(crate) async fn game() -> Response {
    content(HTML, include_str!("../pages/game.html"))
}

pub(crate) async fn game_script() -> Response {
    content(JAVASCRIPT, include_str!("../pages/game.js"))
}

pub(crate) async fn nav() -> Response {
    content(JAVASCRIPT, include_str!("../pages/nav.js"))
}

/// Where one model is served there are no other pages.
pub(crate) async fn no_nav() -> Response {
    content(JAVASCRIPT, "")
}

pub(crate) async fn translate() -> Response {
    content(HTML, include_str!("../pages/translate.html"))
}

pub(crate) async fn translate_script() -> Response {
    content(JAVASCRIPT, include_str!("../pages/translate.js"))
}
