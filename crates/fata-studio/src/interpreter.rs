//! One thread that holds a translator and turns pictures into others, one after
//! the other: each may be of another size.
//!
//! What is sent is not believed. Its length is known before its pixels are read
//! and its pixels before it is decoded; what goes over is 413, what is no picture
//! 415, and a damaged one 422.

use crate::limits::Limits;
use crate::meters::Meters;
use crate::painter::Format;
use crate::query::Query;
use crate::reply::{Refusal, content, json_bytes};
use axum::body::{Body, to_bytes};
use axum::http::StatusCode;
use axum::response::Response;
use fata::Translator;
use fata::data::{Drawing, gallery, picture};
use fata::draw::Picture;
use fata::ship::{Direction, Extent, Provenance, Translating};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use tokio::sync::oneshot;

/// What a request may say.
const NAMES: [&str; 4] = ["direction", "large", "draw", "format"];

/// A translator at work.
#[derive(Clone)]
pub(crate) struct Interpreter {
    translator: Arc<Translator>,
    name: Arc<str>,
    queue: SyncSender<Job>,
    limits: Limits,
    meters: Arc<Meters>,
}

struct Job {
    wish: Wish,
    picture: Picture,
    reply: oneshot::Sender<Result<Picture, Refusal>>,
}

/// How a picture is to be translated.
#[derive(Clone, Copy)]
struct Wish {
    direction: Direction,
    extent: Extent,
    draw: bool,
}

impl Interpreter {
    /// Starts the thread; it ends when the last handle is dropped.
    pub(crate) fn new(
        translator: Translator,
        name: &str,
        limits: Limits,
        meters: Arc<Meters>,
    ) -> Self {
        let translator = Arc::new(translator);
        let (queue, jobs) = sync_channel(limits.queue.max(1));
        let (artist, counted) = (Arc::clone(&translator), Arc::clone(&meters));
        std::thread::spawn(move || work(&artist, &jobs, &counted));
        Self {
            translator,
            name: name.into(),
            queue,
            limits,
            meters,
        }
    }

    /// What a page must know of the model.
    pub(crate) fn model(&self) -> Response {
        let model = &self.translator;
        json_bytes(&json!({
            "name": &*self.name,
            "data": model.name(),
            "recipe": model.recipe().name,
            "images_seen": model.images_seen,
            "parameters_generator": model.parameter_count(),
            "translates": true,
            "side": model.side(),
            "channels": model.channels(Direction::Ab),
            "goes_back": model.goes_back(),
            "drawing": model.drawing().map(Drawing::name),
        }))
    }

    /// Translates the picture in a request's body.
    pub(crate) async fn translate(
        &self,
        query: Option<&str>,
        body: Body,
    ) -> Result<Response, Refusal> {
        let query = Query::parse(query, &NAMES)?;
        let wish = Wish::read(&query)?;
        let format = Format::read(&query)?.unwrap_or(Format::Png);
        if wish.direction == Direction::Ba && !self.translator.goes_back() {
            let why = "this model was trained on pairs and goes one way only: direction=ab";
            return Err(Refusal::bad(why));
        }
        if wish.draw && self.translator.drawing().is_none() {
            return Err(Refusal::bad(
                "this model was not trained on drawings of pictures: leave draw out",
            ));
        }
        let bytes = to_bytes(body, self.limits.body_bytes).await;
        let bytes = bytes.map_err(|_| {
            Refusal::too_large(format!(
                "the body is larger than {} bytes",
                self.limits.body_bytes
            ))
        })?;
        let most = self.limits.picture_pixels / self.enlarging(wish);
        let read = tokio::task::spawn_blocking(move || read(&bytes, most)).await;
        let picture = read.map_err(|_| Refusal::broken("the picture could not be read"))??;
        let answer = self.ask(wish, picture)?.await;
        let made = answer.map_err(|_| Refusal::broken("the translator has stopped"))??;
        let bytes = format.encode(made, Provenance::new(&*self.name)).await?;
        Ok(content(format.media_type(), bytes))
    }

    /// How many pixels come out for one that goes in: a model that makes small
    /// pictures sharp makes them larger.
    fn enlarging(&self, wish: Wish) -> u64 {
        match self.translator.drawing() {
            Some(Drawing::Small { factor }) if !wish.draw && wish.direction == Direction::Ab => {
                (factor * factor).max(1) as u64
            }
            _ => 1,
        }
    }

    fn ask(
        &self,
        wish: Wish,
        picture: Picture,
    ) -> Result<oneshot::Receiver<Result<Picture, Refusal>>, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.meters.waiting.fetch_add(1, Ordering::Relaxed);
        let job = Job {
            wish,
            picture,
            reply,
        };
        self.queue.try_send(job).map_err(|error| {
            self.meters.waiting.fetch_sub(1, Ordering::Relaxed);
            match error {
                TrySendError::Full(_) => Refusal::busy(self.limits.queue),
                TrySendError::Disconnected(_) => Refusal::broken("the translator has stopped"),
            }
        })?;
        Ok(answer)
    }
}

impl Wish {
    fn read(query: &Query) -> Result<Self, Refusal> {
        let told = |name: &str, why: String| Refusal::bad(format!("{name}: {why}"));
        let direction = query.text("direction").unwrap_or("ab").parse();
        let extent = query.text("large").unwrap_or("tiles").parse();
        Ok(Self {
            direction: direction.map_err(|why| told("direction", why))?,
            extent: extent.map_err(|why| told("large", why))?,
            draw: match query.text("draw") {
                None | Some("no") => false,
                Some("yes") => true,
                Some(_) => return Err(Refusal::bad("draw: use yes or no")),
            },
        })
    }
}

/// The picture in a body, if it is one and not too large.
pub(crate) fn read(bytes: &[u8], most_pixels: u64) -> Result<Picture, Refusal> {
    if !picture::looks_like_a_picture(bytes) {
        return Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the body is no picture: send a PNG, JPEG, WebP, GIF, BMP or TIFF",
        ));
    }
    let damaged = |why: String| {
        let why = format!("the picture cannot be read: {why}");
        Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, why)
    };
    let [width, height] = picture::claimed_size(bytes).map_err(damaged)?;
    if u64::from(width) * u64::from(height) > most_pixels {
        return Err(Refusal::too_large(format!(
            "the picture has {width}x{height} pixels; at most {most_pixels} are taken"
        )));
    }
    gallery::picture(bytes).map_err(damaged)
}

fn work(translator: &Translator, jobs: &Receiver<Job>, meters: &Meters) {
    while let Ok(job) = jobs.recv() {
        meters.waiting.fetch_sub(1, Ordering::Relaxed);
        // Who asked may have gone away.
        if job.reply.is_closed() {
            continue;
        }
        let Wish {
            direction,
            extent,
            draw,
        } = job.wish;
        let made =
            Translating::new(translator.clone(), direction, extent, draw).and_then(|translating| {
                // A large one that nobody waits for would keep others waiting.
                translating.picture_unless(&job.picture, &|| job.reply.is_closed())
            });
        meters.batches.fetch_add(1, Ordering::Relaxed);
        meters.images.fetch_add(1, Ordering::Relaxed);
        // As above.
        let _ = job
            .reply
            .send(made.map_err(|error| Refusal::broken(error.to_string())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse;

    fn status(bytes: &[u8], most: u64) -> u16 {
        match read(bytes, most) {
            Ok(_) => 200,
            Err(refusal) => refusal.into_response().status().as_u16(),
        }
    }

    #[test]
    fn what_is_sent_is_measured_before_it_is_read() {
        let picture = Picture::filled(20, 10, &[1, 2, 3]);
        let png = picture.encode_png_without_notes().unwrap();
        assert_eq!(status(&png, 200), 200);
        assert_eq!(status(&png, 199), 413);
        assert_eq!(status(b"hello", 200), 415);
        assert_eq!(status(b"", 200), 415);
        assert_eq!(status(&png[..png.len() / 2], 200), 422);
        assert_eq!(status(&png[..20], 200), 422);
        // A header that claims 2^31 - 1 pixels a side: a bomb.
        let mut bomb = png.clone();
        bomb[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
        assert!([413, 422].contains(&status(&bomb, 1 << 24)));
    }
}
