//! Where a translation's pictures come from: both domains in the order that the
//! seed gives, loaded a little larger, cut and mirrored at random; both pictures
//! of a pair alike (Isola et al. 2017, section 6.2).

use crate::data::{DataError, Domains};
use crate::layers::tensor;
use crate::recipe::Recipe;
use crate::rng::{Random, Stream};
use crate::train::CACHE_BUDGET_BYTES;
use burn::tensor::{Device, Tensor};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What one step is given: as many pictures of each domain.
pub(crate) struct Batch {
    /// `[batch, side, side, channels]` of both, in [-1, 1].
    pub(crate) domains: [Tensor<4>; 2],
}

/// Pictures of both domains.
pub(super) struct Supply {
    data: Arc<Domains>,
    random: Random,
    batch: usize,
    side: usize,
    load: usize,
    mirror: bool,
    /// Pictures of the next step.
    next: u64,
    orders: [Option<(u64, Vec<u32>)>; 2],
    cache: BTreeMap<(usize, u32), Arc<[u8]>>,
    cached_bytes: u64,
}

/// How a picture is cut out of the loaded one.
#[derive(Clone, Copy)]
struct Jitter {
    left: usize,
    top: usize,
    mirrored: bool,
}

impl Supply {
    /// From where a run is: so many pictures were shown.
    pub(super) fn new(recipe: &Recipe, data: &Arc<Domains>, images_seen: u64) -> Self {
        let side = data.resolution;
        let load = (recipe.translation.as_ref())
            .map_or(side, |table| table.load_side(side, data.shorter_side));
        Self {
            data: data.clone(),
            random: Random::new(recipe.train.seed),
            batch: recipe.train.batch,
            side,
            load,
            mirror: recipe.augment.mirror,
            next: images_seen,
            orders: [None, None],
            cache: BTreeMap::new(),
            cached_bytes: 0,
        }
    }

    /// The next step's pictures.
    ///
    /// # Errors
    /// If no picture of a domain can be decoded.
    pub(super) fn next(&mut self, device: &Device) -> Result<Batch, DataError> {
        let numbers = self.next..self.next + self.batch as u64;
        self.next = numbers.end;
        let mut values = [Vec::new(), Vec::new()];
        for number in numbers {
            let [from, to] = match self.data.training.paired {
                true => self.pair(number)?,
                false => [self.single(0, number)?, self.single(1, number)?],
            };
            values[0].extend(signed(&from));
            values[1].extend(signed(&to));
        }
        let channels = self.data.channels;
        let mut domains = values.into_iter().zip(channels).map(|(values, channels)| {
            tensor(values, device).reshape([self.batch, self.side, self.side, channels])
        });
        let (Some(from), Some(to)) = (domains.next(), domains.next()) else {
            unreachable!("there are two domains");
        };
        Ok(Batch {
            domains: [from, to],
        })
    }

    /// A pair, cut alike; in place of one that cannot be decoded, the next.
    fn pair(&mut self, number: u64) -> Result<[Vec<u8>; 2], DataError> {
        let jitter = self.jitter(2 * number);
        let count = self.data.training.len() as u64;
        let place = self.place(0, number);
        let channels = self.data.channels;
        for ahead in 0..count {
            let at = ((place + ahead) % count) as usize;
            let data = Arc::clone(&self.data);
            let part = &data.training;
            let Some(target) = self.loaded(1, part.items[1][at]) else {
                continue;
            };
            let target = self.cut(&target, channels[1], jitter);
            if part.is_drawn(0) {
                let mut draws = self.random.at(Stream::Jitter, 2 * number + 1);
                let drawn = part.draw(&target, self.side, Some(&mut draws));
                return Ok([drawn.unwrap_or_default(), target]);
            }
            if let Some(input) = self.loaded(0, part.items[0][at]) {
                return Ok([self.cut(&input, channels[0], jitter), target]);
            }
        }
        Err(self.nothing_left())
    }

    /// A picture of one domain.
    fn single(&mut self, domain: usize, number: u64) -> Result<Vec<u8>, DataError> {
        let jitter = self.jitter(2 * number + domain as u64);
        let data = Arc::clone(&self.data);
        let part = &data.training;
        let items = &part.items[domain];
        let (count, place) = (items.len() as u64, self.place(domain, number));
        for ahead in 0..count {
            let at = ((place + ahead) % count) as usize;
            let Some(loaded) = self.loaded(domain, items[at]) else {
                continue;
            };
            let of = if part.is_drawn(domain) { 1 } else { domain };
            let cut = self.cut(&loaded, data.channels[of], jitter);
            if part.is_drawn(domain) {
                let mut draws = self.random.at(Stream::Jitter, u64::MAX / 2 + number);
                let drawn = part.draw(&cut, self.side, Some(&mut draws));
                return Ok(drawn.unwrap_or_default());
            }
            return Ok(cut);
        }
        Err(self.nothing_left())
    }

    fn nothing_left(&self) -> DataError {
        DataError::malformed(
            self.data.target().path(),
            "not one picture of a domain can be decoded any more: `fata data check` lists what is wrong with each",
        )
    }

    /// Which of a domain's pictures is shown under a number. Without pairs each
    /// domain has an order of its own.
    fn place(&mut self, domain: usize, number: u64) -> u64 {
        let part = &self.data.training;
        let count = part.items[domain].len() as u64;
        let (epoch, position) = (number / count, number % count);
        let stream = [Stream::Order, Stream::OtherOrder][domain];
        let order = &mut self.orders[domain];
        if order.as_ref().is_none_or(|(known, _)| *known != epoch) {
            let permutation = self.random.at(stream, epoch).permutation(count as u32);
            *order = Some((epoch, permutation));
        }
        let order = order.as_ref().map(|(_, order)| order[position as usize]);
        u64::from(order.unwrap_or_default())
    }

    fn jitter(&self, counter: u64) -> Jitter {
        let mut draws = self.random.at(Stream::Jitter, counter);
        let most = (self.load - self.side) as u32;
        Jitter {
            left: draws.below(most + 1) as usize,
            top: draws.below(most + 1) as usize,
            mirrored: draws.uniform() < 0.5 && self.mirror,
        }
    }

    /// A picture at the load size; kept while there is room.
    fn loaded(&mut self, domain: usize, item: u32) -> Option<Arc<[u8]>> {
        let domain = if self.data.training.is_drawn(domain) {
            1
        } else {
            domain
        };
        if let Some(known) = self.cache.get(&(domain, item)) {
            return Some(known.clone());
        }
        let pixels: Arc<[u8]> = self.data.training.pixels(domain, item, self.load)?.into();
        if self.cached_bytes + pixels.len() as u64 <= CACHE_BUDGET_BYTES {
            self.cached_bytes += pixels.len() as u64;
            self.cache.insert((domain, item), pixels.clone());
        }
        Some(pixels)
    }

    fn cut(&self, pixels: &[u8], channels: usize, jitter: Jitter) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.side * self.side * channels);
        for y in jitter.top..jitter.top + self.side {
            let start = (y * self.load + jitter.left) * channels;
            let row = &pixels[start..start + self.side * channels];
            match jitter.mirrored {
                true => out.extend(row.rchunks_exact(channels).flatten()),
                false => out.extend_from_slice(row),
            }
        }
        out
    }
}

/// Bytes as numbers in [-1, 1].
pub(crate) fn signed(pixels: &[u8]) -> impl Iterator<Item = f32> + '_ {
    pixels.iter().map(|&pixel| f32::from(pixel) / 127.5 - 1.0)
}
