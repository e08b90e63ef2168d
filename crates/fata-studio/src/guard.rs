//! Who may ask, and what every answer carries.
//!
//! On loopback anybody on the machine may ask, but not a page of another site
//! in their browser: the Host must be this machine's own (a name that somebody
//! else's server points here would pass for same-origin otherwise), the Origin
//! must be ours, and a browser that says the request comes from another site is
//! believed. Elsewhere a token is needed besides, in an `Authorization: Bearer`
//! header, in a cookie, or once as `?token=`, which sets the cookie.

use crate::limits::Limits;
use crate::meters::Meters;
use crate::reply::Refusal;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use std::time::Instant;

/// The cookie that a browser keeps the token in.
const COOKIE: &str = "fata_token";

/// Pages load from here alone, and nothing embeds them.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// What is asked of a request before it is answered.
pub(crate) struct Guard {
    /// Whether the server listens on this machine's own address alone.
    pub(crate) loopback: bool,
    pub(crate) token: Option<String>,
    pub(crate) limits: Limits,
    pub(crate) meters: Arc<Meters>,
}

enum Admission {
    Welcome,
    /// The token came in the address: it moves to a cookie.
    SignedIn {
        location: String,
        cookie: String,
    },
}

/// The layer around every route.
pub(crate) async fn guard(
    State(guard): State<Arc<Guard>>,
    request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let path = guard.meters.known(request.uri().path());
    let mut response = match guard.admit(&request) {
        Err(refusal) => refusal.into_response(),
        Ok(Admission::SignedIn { location, cookie }) => {
            let headers = [(header::LOCATION, location), (header::SET_COOKIE, cookie)];
            (StatusCode::SEE_OTHER, headers).into_response()
        }
        Ok(Admission::Welcome) => {
            match tokio::time::timeout(guard.limits.time, next.run(request)).await {
                Ok(response) => response,
                Err(_) => Refusal::new(
                    StatusCode::GATEWAY_TIMEOUT,
                    format!(
                        "this took longer than {} seconds",
                        guard.limits.time.as_secs_f32()
                    ),
                )
                .into_response(),
            }
        }
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    guard
        .meters
        .answered(path, response.status().as_u16(), began.elapsed());
    response
}

impl Guard {
    fn admit(&self, request: &Request) -> Result<Admission, Refusal> {
        let (headers, uri) = (request.headers(), request.uri());
        let host = text(headers, header::HOST)
            .ok_or_else(|| Refusal::bad("the request has no Host header"))?;
        if self.loopback && !is_this_machine(host) {
            return Err(Refusal::forbidden(format!(
                "the Host `{host}` is not this machine: ask for localhost or 127.0.0.1"
            )));
        }
        self.same_site(request.method(), headers, host)?;
        let length =
            text(headers, header::CONTENT_LENGTH).and_then(|text| text.parse::<u64>().ok());
        if length.is_some_and(|length| length > self.limits.body_bytes as u64) {
            return Err(Refusal::too_large(format!(
                "the body is larger than {} bytes",
                self.limits.body_bytes
            )));
        }
        match &self.token {
            // A watcher that asks whether the server is up learns nothing else.
            Some(token) if uri.path() != "/health" => signed_in(token, headers, uri),
            _ => Ok(Admission::Welcome),
        }
    }

    /// Refuses what a page of another site makes a browser ask. A link from
    /// there that a person follows only opens a page, so it may.
    fn same_site(&self, method: &Method, headers: &HeaderMap, host: &str) -> Result<(), Refusal> {
        let refuse = |from: &str| {
            Err(Refusal::forbidden(format!(
                "requests from another site ({from}) are refused"
            )))
        };
        if let Some(origin) = text(headers, header::ORIGIN) {
            let ours = origin
                .strip_prefix("http://")
                .or_else(|| origin.strip_prefix("https://"));
            if ours != Some(host) {
                return refuse(origin);
            }
        }
        let header = |name: &'static str| text(headers, HeaderName::from_static(name));
        let followed = *method == Method::GET && header("sec-fetch-mode") == Some("navigate");
        match header("sec-fetch-site") {
            Some(site @ ("cross-site" | "same-site")) if !followed => refuse(site),
            _ => Ok(()),
        }
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Whether a Host header names this machine, on any port: a tunnel may have
/// another one.
fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn signed_in(token: &str, headers: &HeaderMap, uri: &Uri) -> Result<Admission, Refusal> {
    let bearer = text(headers, header::AUTHORIZATION).and_then(|text| text.strip_prefix("Bearer "));
    let cookies = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let cookie = cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
        .any(|given| same(given, token));
    if cookie || bearer.is_some_and(|given| same(given, token)) {
        return Ok(Admission::Welcome);
    }
    let query = uri.query().unwrap_or_default().as_bytes();
    let mut given = form_urlencoded::parse(query).filter(|(name, _)| name == "token");
    if !given.any(|(_, given)| same(&given, token)) {
        return Err(Refusal::new(
            StatusCode::UNAUTHORIZED,
            "a token is needed: open the address that fata printed, or send `Authorization: Bearer TOKEN`",
        ));
    }
    let others = form_urlencoded::parse(query).filter(|(name, _)| name != "token");
    let others = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(others)
        .finish();
    let path = uri.path().trim_start_matches('/');
    Ok(Admission::SignedIn {
        location: match others.is_empty() {
            true => format!("/{path}"),
            false => format!("/{path}?{others}"),
        },
        cookie: format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict"),
    })
}

/// Whether two texts are the same, in a time that does not tell where they differ.
fn same(given: &str, token: &str) -> bool {
    let differ = given
        .bytes()
        .zip(token.bytes())
        .fold(0, |differ, (a, b)| differ | (a ^ b));
    given.len() == token.len() && differ == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn ask(guard: &Guard, headers: &[(&str, &str)], uri: &str) -> Result<Admission, u16> {
        let mut request = Request::get(uri);
        for &(name, value) in headers {
            request = request.header(name, value);
        }
        let admitted = guard.admit(&request.body(Body::empty()).unwrap());
        admitted.map_err(|refusal| refusal.into_response().status().as_u16())
    }

    fn on(loopback: bool, token: Option<&str>) -> Guard {
        Guard {
            loopback,
            token: token.map(String::from),
            limits: Limits::default(),
            meters: Arc::new(Meters::new(&[])),
        }
    }

    #[test]
    fn only_this_machine_is_answered_on_loopback() {
        let guard = on(true, None);
        for host in [
            "localhost",
            "LOCALHOST:8000",
            "127.0.0.1:8000",
            "127.9.9.9",
            "[::1]:80",
            "[::1]",
        ] {
            assert!(ask(&guard, &[("host", host)], "/").is_ok(), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:80",
            "10.0.0.1",
            "",
        ] {
            assert_eq!(
                ask(&guard, &[("host", host)], "/").err(),
                Some(403),
                "{host}"
            );
        }
        assert_eq!(ask(&guard, &[], "/").err(), Some(400));
    }

    #[test]
    fn another_sites_page_may_link_here_and_nothing_more() {
        let guard = on(true, None);
        let with = |more: &[(&str, &str)]| {
            ask(&guard, &[&[("host", "localhost:1")], more].concat(), "/").err()
        };
        assert_eq!(with(&[("origin", "http://localhost:1")]), None);
        assert_eq!(with(&[("origin", "http://localhost:2")]), Some(403));
        assert_eq!(with(&[("origin", "null")]), Some(403));
        assert_eq!(with(&[("sec-fetch-site", "same-origin")]), None);
        assert_eq!(with(&[("sec-fetch-site", "none")]), None);
        assert_eq!(with(&[("sec-fetch-site", "cross-site")]), Some(403));
        let link = [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "navigate"),
        ];
        assert_eq!(with(&link), None);
        assert_eq!(with(&[("content-length", "99999999999")]), Some(413));
    }

    #[test]
    fn a_token_is_taken_from_header_cookie_or_address() {
        let guard = on(false, Some("secret"));
        let host = ("host", "example.org");
        assert_eq!(ask(&guard, &[host], "/").err(), Some(401));
        assert!(ask(&guard, &[host], "/health").is_ok());
        assert!(ask(&guard, &[host, ("authorization", "Bearer secret")], "/").is_ok());
        assert!(ask(&guard, &[host, ("cookie", "a=b; fata_token=secret")], "/").is_ok());
        for wrong in ["secre", "secretx", "Secret", ""] {
            let cookie = format!("fata_token={wrong}");
            assert_eq!(
                ask(&guard, &[host, ("cookie", &cookie)], "/").err(),
                Some(401)
            );
        }
        match ask(&guard, &[host], "//evil.example/?seed=3&token=secret") {
            Ok(Admission::SignedIn { location, cookie }) => {
                assert_eq!(location, "/evil.example/?seed=3");
                assert!(cookie.contains("HttpOnly; SameSite=Strict"));
            }
            _ => panic!("the token is right"),
        }
    }
}
