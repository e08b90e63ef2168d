//! `fata walk`: a way through the latent space, as an animation.

mod out;

use crate::failure::Usage;
use crate::space::{Space, direction, has_ending, kept};
use clap::Args;
use fata::Generator;
use fata::Picture;
use fata::data::Kind;
use fata::draw::grid;
use fata::latent::{Interpolation, Place, Stop, Stops, Walk};
use fata::ship::Provenance;
use indicatif::{ProgressBar, ProgressStyle};
use out::Out;
use serde_json::json;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::ExitCode;

/// Frames of a leg, and stops of a walk, where nobody says.
const FRAMES_A_LEG: usize = 20;
const STOPS: u64 = 4;
const MOST_FRAMES: usize = 100_000;
const MOST_CELLS: usize = 400;
/// Pixels between the walks of a grid.
const GAP: usize = 2;
/// Pictures that are made at once.
const AT_ONCE: usize = 128;

#[derive(Args)]
pub(crate) struct WalkArgs {
    #[command(flatten)]
    space: Space,
    /// FILE.gif, FILE.png or .apng (an animated PNG), FILE.mp4 or another video
    /// (with ffmpeg), DIR/ for single frames; FILE.csv of a points model
    /// [default: walk.gif, or walk.csv of a points model]
    #[arg(short, long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Where to go by, as 3,17,40-42; @FILE is a latent that `fata invert` or
    /// `fata blend` kept. With --grid they are shared out among the walks
    /// [default: four seeds a walk, from --seed on]
    #[arg(long, value_name = "SEEDS")]
    seeds: Option<Stops>,
    /// The first seed where --seeds is not given
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with = "seeds")]
    seed: u64,
    /// spherical (around the origin at constant speed, as far from it as normal
    /// latents lie) or linear (straight through the middle, where pictures are dull)
    #[arg(long, value_name = "WAY", default_value = "spherical")]
    by: Interpolation,
    /// End at the last stop, instead of going back to the first in a loop
    #[arg(long)]
    open: bool,
    /// Frames in all, shared evenly among the legs [default: 20 a leg]
    #[arg(long, value_name = "N")]
    frames: Option<usize>,
    /// Frames a second
    #[arg(long, value_name = "F", default_value_t = 20.0)]
    fps: f64,
    /// Several walks side by side, COLUMNSxROWS, each with stops of its own
    #[arg(long, value_name = "CxR", default_value = "1x1", value_parser = cells)]
    grid: [usize; 2],
    /// Each pixel as a square of N by N
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=64))]
    scale: u64,
    /// One class, by name or number, or several to go between, as 3,7
    #[arg(long, value_name = "NAME|INDEX")]
    class: Option<String>,
    /// To both sides along a direction of `fata directions`, instead of from stop
    /// to stop: FILE:NAME or FILE:INDEX
    #[arg(long, value_name = "FILE:NAME")]
    direction: Option<String>,
    /// How far, in standard deviations of latents
    #[arg(
        long,
        value_name = "S",
        default_value_t = 3.0,
        requires = "direction",
        allow_hyphen_values = true
    )]
    strength: f32,
}

pub(crate) fn run(mut arguments: WalkArgs) -> anyhow::Result<ExitCode> {
    check(&arguments)?;
    let generator = arguments.space.open_any()?;
    let points = matches!(generator.data().kind, Kind::Points { .. });
    let name = if points { "walk.csv" } else { "walk.gif" };
    let path = arguments.out.take().unwrap_or_else(|| name.into());
    let out = Out::new(&path, arguments.fps, points)?;
    let cells = arguments.grid[0] * arguments.grid[1];
    let least = if arguments.direction.is_some() {
        1
    } else {
        STOPS
    };
    let stops = arguments.seeds.take().unwrap_or_else(|| {
        Stops::range(arguments.seed..arguments.seed.saturating_add(least * cells as u64))
    });
    let places = places(&generator, &stops, arguments.class.as_deref())?;
    let walks = walks(&arguments, &generator, places)?;
    let count = walks[0].frames();
    let notes = Provenance::new(arguments.space.name()).with_seed(&stops);
    let bar = progress_bar(count as u64, arguments.space.quiet);
    let frames = Frames {
        generator: &generator,
        walks,
        columns: arguments.grid[0],
        scale: arguments.scale as usize,
        ready: VecDeque::new(),
        next: 0,
    };
    let files = out.write(frames, count, &notes, &bar)?;
    bar.finish_and_clear();
    let said = json!({ "out": path, "frames": count, "files": files, "fps": arguments.fps });
    let sentence = format!("{count} frames in {}", path.display());
    arguments.space.report(&said, &sentence);
    Ok(ExitCode::SUCCESS)
}

fn usage<T>(message: String) -> anyhow::Result<T> {
    Err(Usage(message).into())
}

/// Refuses what no walk can be, before anything is loaded.
fn check(arguments: &WalkArgs) -> anyhow::Result<()> {
    if !(0.01..=1000.0).contains(&arguments.fps) {
        return usage("--fps is a number from 0.01 to 1000".into());
    }
    if !arguments.strength.is_finite() || arguments.strength.abs() > 100.0 {
        return usage("--strength is a number from -100 to 100".into());
    }
    match arguments.frames {
        Some(frames) if !(1..=MOST_FRAMES).contains(&frames) => {
            usage(format!("--frames is a number from 1 to {MOST_FRAMES}"))
        }
        _ => Ok(()),
    }
}

/// The place of each stop. Several classes are gone through in turn, and there are
/// as many stops as seeds or classes, whichever are more.
fn places(
    generator: &Generator,
    stops: &Stops,
    classes: Option<&str>,
) -> anyhow::Result<Vec<Place>> {
    if stops.list().len() > MOST_FRAMES {
        return usage(format!("a walk goes by at most {MOST_FRAMES} stops"));
    }
    let mut shares = Vec::new();
    if let Some(classes) = classes {
        let whole = generator.classes().iter().any(|name| name == classes);
        let names = if whole {
            vec![classes]
        } else {
            classes.split(',').collect()
        };
        for name in names {
            shares.push(generator.clone().of_class(name.trim())?.place(0).classes);
        }
    }
    let mut known = Vec::new();
    for stop in stops.list() {
        known.push(match stop {
            Stop::Seed(seed) => generator.place(*seed),
            Stop::File(name) => kept(name, generator)?,
        });
    }
    let count = known.len().max(shares.len());
    let place = |stop: usize| {
        let mut place = known[stop % known.len()].clone();
        if !shares.is_empty() {
            place.classes.clone_from(&shares[stop % shares.len()]);
        }
        place
    };
    Ok((0..count).map(place).collect())
}

/// The walks of the grid's cells, the stops shared out among them.
fn walks(
    arguments: &WalkArgs,
    generator: &Generator,
    places: Vec<Place>,
) -> anyhow::Result<Vec<Walk>> {
    let [columns, rows] = arguments.grid;
    let cells = columns * rows;
    let each = places.len() / cells;
    if !places.len().is_multiple_of(cells) || each == 0 {
        return usage(format!(
            "{} stops cannot be shared out evenly among the {cells} walks of a {columns}x{rows} grid: give a multiple of {cells}",
            places.len()
        ));
    }
    let closed = !arguments.open;
    let Some(direction_text) = &arguments.direction else {
        let legs = if closed { each } else { each.saturating_sub(1) };
        let own = FRAMES_A_LEG * legs + usize::from(!closed);
        let frames = arguments.frames.unwrap_or(own.min(MOST_FRAMES));
        let walks = places.chunks_exact(each);
        return walks
            .map(|stops| Ok(Walk::through(stops.to_vec(), frames, closed, arguments.by)?))
            .collect();
    };
    if each != 1 {
        return usage(format!(
            "a walk along a direction begins at one seed: give {cells}, one for each walk, as --seeds 7"
        ));
    }
    let direction = direction(direction_text, generator)?;
    let frames = arguments.frames.unwrap_or(3 * FRAMES_A_LEG);
    let walks = places.into_iter();
    Ok(walks
        .map(|place| Walk::along(place, direction.clone(), arguments.strength, frames, closed))
        .collect())
}

/// The frames, made a few at a time.
struct Frames<'a> {
    generator: &'a Generator,
    walks: Vec<Walk>,
    columns: usize,
    scale: usize,
    ready: VecDeque<Vec<Vec<f32>>>,
    next: usize,
}

impl Frames<'_> {
    /// The samples of the next frame, one for each walk; none at the end.
    fn samples(&mut self) -> Option<Vec<Vec<f32>>> {
        if self.ready.is_empty() {
            let cells = self.walks.len();
            let end = (self.next + (AT_ONCE / cells).max(1)).min(self.walks[0].frames());
            let frames = self.next..end;
            let places = frames.flat_map(|frame| self.walks.iter().map(move |w| w.place(frame)));
            let places: Vec<_> = places.collect();
            let mut samples = self.generator.values_at(&places).into_iter();
            for _ in self.next..end {
                self.ready.push_back(samples.by_ref().take(cells).collect());
            }
            self.next = end;
        }
        self.ready.pop_front()
    }

    /// The picture of the next frame; none at the end.
    fn picture(&mut self) -> anyhow::Result<Option<Picture>> {
        let Kind::Images {
            channels,
            height,
            width,
        } = self.generator.data().kind
        else {
            return usage("this model makes points: write the walk to a .csv file".into());
        };
        let Some(samples) = self.samples() else {
            return Ok(None);
        };
        let pictures = samples
            .iter()
            .map(|values| Picture::from_signed(values, height, width, channels));
        let pictures = pictures.collect::<Result<Vec<_>, _>>()?;
        let sheet = match &pictures[..] {
            [one] => one.clone(),
            many => grid(many, self.columns, GAP),
        };
        Ok(Some(sheet.enlarged(self.scale)))
    }
}

/// Reads `3x2`: columns, then rows.
fn cells(text: &str) -> Result<[usize; 2], String> {
    let sides = text.split_once('x').and_then(|(columns, rows)| {
        let sides: [usize; 2] = [columns.parse().ok()?, rows.parse().ok()?];
        let count = sides[0].checked_mul(sides[1])?;
        (1..=MOST_CELLS).contains(&count).then_some(sides)
    });
    sides.ok_or_else(|| format!("write it as 3x2, columns then rows, at most {MOST_CELLS} in all"))
}

fn progress_bar(count: u64, hidden: bool) -> ProgressBar {
    if hidden {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{bar:30} frame {pos} of {len}  {per_sec}, {eta} left")
            .expect("the template is well formed");
    let bar = ProgressBar::new(count);
    bar.set_style(style);
    bar
}

/// Whether a path is that of a folder.
fn is_folder(path: &std::path::Path) -> bool {
    path.is_dir() || path.as_os_str().to_string_lossy().ends_with(['/', '\\'])
}

fn is_apng(path: &std::path::Path) -> bool {
    has_ending(path, "png") || has_ending(path, "apng")
}
