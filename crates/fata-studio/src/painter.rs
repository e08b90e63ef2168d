//! One thread that holds a generator and makes what is asked of it, requests
//! that wait together in one pass.
//!
//! A pass of the generator is always a full batch, so a lone request costs as
//! much as sixteen. While one pass runs, others wait; the next takes as many of
//! them as fit. Nobody waits for company.

use crate::meters::Meters;
use crate::query::Query;
use crate::reply::{Refusal, json_bytes};
use axum::response::Response;
use fata::Generator;
use fata::data::Kind;
use fata::draw::Picture;
use fata::latent::{Direction, Directions, Method, Place};
use fata::ship::Provenance;
use serde_json::json;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use tokio::sync::oneshot;

/// Directions that pictures can be moved along.
const DIRECTIONS: usize = 6;

/// A generator at work.
#[derive(Clone)]
pub(crate) struct Painter {
    generator: Arc<Generator>,
    /// Found when they are asked for, and as long as this generator is.
    directions: Arc<OnceLock<Directions>>,
    name: Arc<str>,
    queue: SyncSender<Job>,
    meters: Arc<Meters>,
    longest: usize,
}

struct Job {
    place: Place,
    reply: oneshot::Sender<Vec<f32>>,
}

/// How a picture is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Png,
    Webp,
}

impl Format {
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Webp => "image/webp",
        }
    }

    /// As `format=` says, if it does.
    pub(crate) fn read(query: &Query) -> Result<Option<Self>, Refusal> {
        match query.text("format") {
            None => Ok(None),
            Some("png") => Ok(Some(Self::Png)),
            Some("webp") => Ok(Some(Self::Webp)),
            Some(other) => Err(Refusal::bad(format!(
                "format={other}: it must be png or webp"
            ))),
        }
    }

    /// A picture's bytes, with a note.
    pub(crate) async fn encode(
        self,
        picture: Picture,
        notes: Provenance,
    ) -> Result<Vec<u8>, Refusal> {
        let encode = move || match self {
            Self::Png => picture.encode_png(&notes),
            Self::Webp => picture.encode_webp(&notes),
        };
        let encoded = tokio::task::spawn_blocking(encode).await;
        let encoded = encoded.map_err(|_| Refusal::broken("the picture could not be written"))?;
        encoded.map_err(|error| Refusal::broken(error.to_string()))
    }
}

impl Painter {
    /// Starts the thread; it ends when the last handle is dropped.
    pub(crate) fn new(
        generator: Generator,
        name: &str,
        longest: usize,
        meters: Arc<Meters>,
    ) -> Self {
        let generator = Arc::new(generator);
        let (queue, jobs) = sync_channel(longest.max(1));
        let (artist, counted) = (Arc::clone(&generator), Arc::clone(&meters));
        std::thread::spawn(move || work(&artist, &jobs, &counted));
        Self {
            generator,
            directions: Arc::default(),
            name: name.into(),
            queue,
            meters,
            longest,
        }
    }

    /// What a page must know of the model.
    pub(crate) fn model(&self) -> Response {
        let generator = &self.generator;
        json_bytes(&json!({
            "name": &*self.name,
            "data": generator.data().name,
            "recipe": generator.recipe().name,
            "images_seen": generator.images_seen,
            "parameters_generator": generator.parameter_count(),
            "classes": generator.classes(),
        }))
    }

    /// The generator itself.
    pub(crate) fn generator(&self) -> &Arc<Generator> {
        &self.generator
    }

    /// The run's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The directions along which pictures change most: by the weights of the
    /// first layer, which costs next to nothing, or by its outputs where those say
    /// nothing; none where the latent has no numbers to go along.
    pub(crate) fn directions(&self) -> &Directions {
        self.directions.get_or_init(|| {
            let generator = &self.generator;
            let most = generator.latent_length() - generator.latent_binary();
            let count = DIRECTIONS.min(most);
            Directions::find(generator, &Method::Sefa, count)
                .or_else(|_| Directions::find(generator, &Method::Components, count))
                .unwrap_or_else(|_| Directions::new(Vec::<Direction>::new(), "none"))
        })
    }

    /// What a seed's picture is made from.
    ///
    /// # Errors
    /// If there is no such class.
    pub(crate) fn place(
        &self,
        seed: u64,
        trunc: f32,
        class: Option<&str>,
    ) -> Result<Place, Refusal> {
        let mut latent = self.generator.latent(seed);
        if let Some(class) = class {
            latent.label = Some(self.class(class)?);
        }
        self.generator.truncate(&mut latent.z, trunc);
        Ok(self.generator.place_of(&latent))
    }

    /// The generator whose seeds are truncated and of one class.
    ///
    /// # Errors
    /// If there is no such class.
    pub(crate) fn narrowed(&self, trunc: f32, class: Option<&str>) -> Result<Generator, Refusal> {
        let generator = Generator::clone(&self.generator).truncated(trunc);
        match class {
            None => Ok(generator),
            Some(class) => generator
                .of_class(class)
                .map_err(|error| Refusal::bad(error.to_string())),
        }
    }

    fn class(&self, class: &str) -> Result<u32, Refusal> {
        let by_name = self
            .generator
            .classes()
            .iter()
            .position(|name| name == class);
        if let Some(index) = by_name {
            return Ok(index as u32);
        }
        let chosen = Generator::clone(&self.generator).of_class(class);
        let label = chosen.map(|generator| generator.latent(0).label);
        match label.map_err(|error| Refusal::bad(error.to_string()))? {
            Some(label) => Ok(label),
            None => Err(Refusal::bad("this model makes no class on demand")),
        }
    }

    /// The picture of a place.
    ///
    /// # Errors
    /// 503 where too many wait already.
    pub(crate) async fn picture(&self, place: Place) -> Result<Picture, Refusal> {
        let values = self.ask(place)?.await;
        let values = values.map_err(|_| Refusal::broken("the generator has stopped"))?;
        let Kind::Images {
            channels,
            height,
            width,
        } = self.generator.data().kind
        else {
            return Err(Refusal::bad("this model makes points, not pictures"));
        };
        Picture::from_signed(&values, height, width, channels)
            .map_err(|error| Refusal::broken(error.to_string()))
    }

    /// Lines a place up for its picture.
    fn ask(&self, place: Place) -> Result<oneshot::Receiver<Vec<f32>>, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.meters.waiting.fetch_add(1, Ordering::Relaxed);
        self.queue.try_send(Job { place, reply }).map_err(|error| {
            self.meters.waiting.fetch_sub(1, Ordering::Relaxed);
            match error {
                TrySendError::Full(_) => Refusal::busy(self.longest),
                TrySendError::Disconnected(_) => Refusal::broken("the generator has stopped"),
            }
        })?;
        Ok(answer)
    }

    /// A picture's bytes, with the note of where it is from.
    pub(crate) async fn encode(
        &self,
        picture: Picture,
        seed: impl std::fmt::Display,
        format: Format,
    ) -> Result<Vec<u8>, Refusal> {
        let notes = Provenance::new(&*self.name).with_seed(seed);
        format.encode(picture, notes).await
    }
}

fn work(generator: &Generator, jobs: &Receiver<Job>, meters: &Meters) {
    while let Ok(first) = jobs.recv() {
        let others = jobs.try_iter().take(Generator::BATCH - 1);
        let (mut places, mut replies) = (Vec::new(), Vec::new());
        for job in std::iter::once(first).chain(others) {
            meters.waiting.fetch_sub(1, Ordering::Relaxed);
            // Who asked may have gone away.
            if !job.reply.is_closed() {
                places.push(job.place);
                replies.push(job.reply);
            }
        }
        if places.is_empty() {
            continue;
        }
        meters.batches.fetch_add(1, Ordering::Relaxed);
        meters
            .images
            .fetch_add(places.len() as u64, Ordering::Relaxed);
        for (values, reply) in generator.values_at(&places).into_iter().zip(replies) {
            // As above.
            let _ = reply.send(values);
        }
    }
}
