//! Two domains of pictures: those that are translated, and those that they
//! become. They come as two folders or zips, as one folder of `trainA` and
//! `trainB`, as pictures that hold both halves of a pair, or as one set from
//! whose pictures the others are drawn.
//!
//! Pictures are a pair if their names are the same but for the ending. What is
//! held out is decided by the name alone, so it is the same in both domains, in
//! every run, whatever its seed; `testA` and `testB` are held out if they are
//! there.

mod matching;
mod side;

use super::drawing::Drawing;
use super::error::Skipped;
use super::open::short_name;
use super::{DataError, DataOptions, Dataset, Fit, Kind};
use crate::rng::Draws;
use matching::matched;
pub(super) use side::Cut;
use side::{Side, own_resolution, shorter_side};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The share of pictures that is held out unless it is said otherwise,
const HELD_OUT: f64 = 0.1;
/// where each domain has as many as this.
const ENOUGH: usize = 20;

/// Where two domains are and how they are prepared.
#[derive(Clone, Debug)]
pub struct DomainOptions {
    /// What pictures become: a folder or zip, or what [`DomainOptions::from`]
    /// says that it holds.
    pub to: PathBuf,
    /// `folders`, `halves`, `edges`, `grey`, `small`, `masked`, or a folder or
    /// zip of the pictures that are translated; empty for `folders` if they are
    /// there and else `edges`.
    pub from: String,
    /// Whether equal names are pairs; by default, if all names are equal.
    pub paired: Option<bool>,
    /// Side of the pictures that networks see.
    pub resolution: Option<usize>,
    /// Channels of both domains, where they are not the pictures' own.
    pub channels: [Option<usize>; 2],
    /// What happens to pictures that are not square.
    pub fit: Fit,
    /// The share of pictures that is held out; without it a tenth, where there
    /// are enough of them.
    pub held_out: Option<f64>,
    /// How much `edges` draws, from 0 to 1.
    pub detail: f64,
    /// How many times smaller `small` makes a picture.
    pub factor: usize,
}

/// Pictures of both domains: for training, or held out of it.
#[derive(Clone)]
pub struct Part {
    sides: [Side; 2],
    channels: [usize; 2],
    /// Whether the lists go together, item by item.
    pub paired: bool,
    /// Which pictures of each domain.
    pub items: [Vec<u32>; 2],
}

/// Two domains.
pub struct Domains {
    /// What is trained on.
    pub training: Part,
    /// What is not.
    pub held_out: Part,
    /// The share of the pictures that was held out of them.
    pub held_out_share: f64,
    /// Side of the pictures that networks see.
    pub resolution: usize,
    /// The shorter side of most pictures as their files have them, of the domain
    /// with the larger ones; 0 where files do not say.
    pub shorter_side: usize,
    /// Channels of both.
    pub channels: [usize; 2],
    /// What should be said aloud: pairs and how many there are.
    pub notices: Vec<String>,
    name: String,
    from: String,
}

impl Domains {
    /// Opens two domains.
    ///
    /// # Errors
    /// If one cannot be opened or holds no pictures, or pairs are asked for and
    /// there are none.
    pub fn open(options: &DomainOptions) -> Result<Self, DataError> {
        if options.from.is_empty() {
            let folders = options.to.join("trainA").is_dir();
            let from = if folders { "folders" } else { "edges" };
            let mut domains = Self::open(&DomainOptions {
                from: from.into(),
                ..options.clone()
            })?;
            if !folders {
                let said = "no second domain is named: the pictures' edges are drawn and translated back to them (--from A --to B names two domains)";
                domains.notices.push(said.into());
            }
            return Ok(domains);
        }
        let drawing = Drawing::named(&options.from, options.detail, options.factor);
        let open = |path: &Path, channels: Option<usize>| {
            let data = DataOptions {
                resolution: None,
                channels,
                fit: options.fit,
                ..DataOptions::default()
            };
            pictures(path, &data)
        };
        let [channels_from, channels_to] = options.channels;
        let (sides, test) = if let Some(drawing) = drawing {
            let to = open(&options.to, channels_to)?;
            ([Side::Drawn(drawing), Side::Pictures(to, Cut::Whole)], None)
        } else if options.from == "halves" {
            let halves = open(&options.to, channels_to.or(channels_from))?;
            let sides = [Cut::Left, Cut::Right].map(|cut| Side::Pictures(halves.clone(), cut));
            (sides, None)
        } else if options.from == "folders" {
            let part = |name: &str, channels| {
                let path = options.to.join(name);
                open(&path, channels).map(|data| Side::Pictures(data, Cut::Whole))
            };
            if !options.to.join("trainA").is_dir() || !options.to.join("trainB").is_dir() {
                return Err(DataError::malformed(
                    &options.to,
                    "it does not hold the folders trainA and trainB: name two folders or zips with --from A --to B, or side-by-side pairs with --pairs DIR",
                ));
            }
            let sides = [part("trainA", channels_from)?, part("trainB", channels_to)?];
            let kept = |side: &Side| side.channels([None; 2]);
            let test = options.to.join("testA").is_dir() && options.to.join("testB").is_dir();
            let test = match test {
                true => Some([
                    part("testA", Some(kept(&sides[0])))?,
                    part("testB", Some(kept(&sides[1])))?,
                ]),
                false => None,
            };
            (sides, test)
        } else {
            let from = open(Path::new(&options.from), channels_from)?;
            let to = open(&options.to, channels_to)?;
            (
                [from, to].map(|data| Side::Pictures(data, Cut::Whole)),
                None,
            )
        };
        Self::assemble(options, sides, test)
    }

    fn assemble(
        options: &DomainOptions,
        sides: [Side; 2],
        test: Option<[Side; 2]>,
    ) -> Result<Self, DataError> {
        let shorter_side = shorter_side(&sides);
        let resolution = match options.resolution {
            Some(side) => side,
            None => own_resolution(&sides),
        };
        let to = sides[1].channels([None, None]);
        let channels = [sides[0].channels([options.channels[0], Some(to)]), to];
        let mut notices = Vec::new();
        let all = matched(&sides, options, &mut notices)?;
        let part = |sides: [Side; 2], items: [Vec<u32>; 2]| Part {
            sides,
            channels,
            paired: all.paired,
            items,
        };
        let mut held_out_share = None;
        let (training, held_out) = match test {
            Some(test) => {
                let mut unsaid = Vec::new();
                let wanted = DomainOptions {
                    paired: Some(all.paired),
                    ..options.clone()
                };
                let tested = matched(&test, &wanted, &mut unsaid)?;
                (part(sides, all.items.clone()), part(test, tested.items))
            }
            None => {
                let enough = all.items.iter().all(|items| items.len() >= ENOUGH);
                let share = if enough { HELD_OUT } else { 0.0 };
                let share = *held_out_share.insert(options.held_out.unwrap_or(share));
                let [training, held_out] = all.cut(&sides, share);
                (part(sides.clone(), training), part(sides, held_out))
            }
        };
        if training.items.iter().any(Vec::is_empty) {
            return Err(DataError::malformed(
                &options.to,
                "everything is held out and nothing is left to train on: lower data.held_out",
            ));
        }
        for (items, which) in training.items.iter().zip(["first", "second"]) {
            if items.len() == 1 {
                notices.push(format!(
                    "the {which} domain has one picture: it will be learnt by heart"
                ));
            }
        }
        let name = match &training.sides {
            [Side::Pictures(from, Cut::Whole), Side::Pictures(to, _)]
                if options.from != "folders" =>
            {
                format!("{}-{}", from.name(), to.name())
            }
            [Side::Drawn(drawing), Side::Pictures(to, _)] => {
                format!("{}-{}", drawing.name(), to.name())
            }
            _ => short_name(&options.to),
        };
        Ok(Self {
            training,
            held_out,
            held_out_share: held_out_share.unwrap_or(0.0),
            resolution,
            shorter_side,
            channels,
            notices,
            name,
            from: options.from.clone(),
        })
    }

    /// What the first domain is: as [`DomainOptions::from`], and never empty.
    pub fn from(&self) -> &str {
        &self.from
    }

    /// A short name for run folders.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The pictures that the others become.
    pub fn target(&self) -> &Arc<Dataset> {
        match &self.training.sides[1] {
            Side::Pictures(data, _) => data,
            Side::Drawn(_) => unreachable!("only the first domain is drawn"),
        }
    }

    /// What tells these data from others.
    pub fn fingerprint(&self) -> String {
        let mut text = String::new();
        for part in [&self.training, &self.held_out] {
            for side in &part.sides {
                match side {
                    Side::Pictures(data, cut) => {
                        text += &format!("{} {cut:?} ", data.fingerprint());
                    }
                    Side::Drawn(drawing) => text += &format!("{drawing:?} "),
                }
            }
        }
        format!("{:032x}", xxhash_rust::xxh3::xxh3_128(text.as_bytes()))
    }

    /// The files of both domains that could not be used and that no call of
    /// this has returned.
    pub fn newly_skipped(&self) -> Vec<Skipped> {
        let mut all = Vec::new();
        for part in [&self.training, &self.held_out] {
            for side in &part.sides {
                if let Side::Pictures(data, _) = side {
                    all.extend(data.newly_skipped());
                }
            }
        }
        all
    }

    /// How the first domain is drawn from the second, if it is.
    pub fn drawing(&self) -> Option<Drawing> {
        match self.training.sides[0] {
            Side::Drawn(drawing) => Some(drawing),
            Side::Pictures(..) => None,
        }
    }
}

impl Part {
    /// How many pictures a pass shows: pairs, or those of the larger domain.
    pub fn len(&self) -> usize {
        self.items.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// How many there are: pairs, or pictures of both domains together.
    pub fn count(&self) -> usize {
        match self.paired {
            true => self.len(),
            false => self.items.iter().map(Vec::len).sum(),
        }
    }

    /// Whether there is none in one of the domains.
    pub fn is_empty(&self) -> bool {
        self.items.iter().any(Vec::is_empty)
    }

    /// Channels of both domains.
    pub fn channels(&self) -> [usize; 2] {
        self.channels
    }

    /// What an item is called: the name of its file.
    pub fn name(&self, domain: usize, item: u32) -> String {
        self.sides[domain].name(item)
    }

    /// Whether this domain's pictures are drawn from the other's.
    pub fn is_drawn(&self, domain: usize) -> bool {
        matches!(self.sides[domain], Side::Drawn(_))
    }

    /// A picture of a domain at this side, `[side, side, channels]`; none if it
    /// cannot be decoded, which is remembered. Of a drawn domain, the picture
    /// that it is drawn from.
    pub fn pixels(&self, domain: usize, item: u32, side: usize) -> Option<Vec<u8>> {
        match (&self.sides[domain], &self.sides[1]) {
            (Side::Pictures(data, cut), _) | (Side::Drawn(_), Side::Pictures(data, cut)) => {
                data.pixels_at(item as usize, side, *cut)
            }
            (Side::Drawn(_), Side::Drawn(_)) => None,
        }
    }

    /// Draws the first domain's picture from the second's.
    pub fn draw(&self, pixels: &[u8], side: usize, draws: Option<&mut Draws>) -> Option<Vec<u8>> {
        match self.sides[0] {
            Side::Drawn(drawing) => Some(drawing.draw(pixels, [side; 2], self.channels[1], draws)),
            Side::Pictures(..) => None,
        }
    }

    /// Both pictures of a pair at this side, as they are judged: nothing is cut
    /// at random. None if one of them cannot be decoded.
    pub fn pair(&self, at: usize, side: usize) -> Option<[Vec<u8>; 2]> {
        let [from, to] = [&self.items[0], &self.items[1]];
        let target = self.pixels(1, *to.get(at)?, side)?;
        let input = match self.is_drawn(0) {
            true => self.draw(&target, side, None)?,
            false => self.pixels(0, *from.get(at)?, side)?,
        };
        Some([input, target])
    }
}

/// A folder or zip of pictures; nothing else is translated.
fn pictures(path: &Path, options: &DataOptions) -> Result<Arc<Dataset>, DataError> {
    let data = Dataset::open(path, options)?;
    match data.kind() {
        Kind::Images { .. } => Ok(Arc::new(data)),
        Kind::Points { .. } => Err(DataError::malformed(
            path,
            "it holds points, and only pictures are translated",
        )),
    }
}
