//! `fata directions`: ways to go in the latent space along which one thing changes.

use crate::failure::Usage;
use crate::space::{Space, must_end, of_class};
use clap::{Args, ValueEnum};
use fata::data::{DataOptions, Dataset, Kind};
use fata::files::write_whole;
use fata::judge::Features;
use fata::judge::features::Extractor;
use fata::latent::{Direction, Directions, LatentError, Method, Place, Sides, directions_figure};
use fata::ship::Provenance;
use fata::{Generator, Seeds};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Latents whose pictures are compared with the two sides.
const SAMPLES: u64 = 1024;

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    /// Principal components of the generator's first layer (GANSpace)
    Components,
    /// Eigenvectors of the first layer's weight (SeFa): by the model alone
    Sefa,
    /// Principal components of the pictures' features
    Features,
}

#[derive(Args)]
pub(crate) struct DirectionsArgs {
    #[command(flatten)]
    space: Space,
    /// The directions, for `fata walk --direction FILE:NAME` and the studio
    #[arg(
        short,
        long,
        value_name = "FILE.safetensors",
        default_value = "directions.safetensors"
    )]
    out: PathBuf,
    /// The figure: a row for each direction, from -3 to +3 standard deviations
    /// [default: the name of --out, with .png]
    #[arg(long, value_name = "FILE.png")]
    figure: Option<PathBuf>,
    /// How they are found
    #[arg(long, value_name = "HOW", default_value = "components", conflicts_with_all = ["from", "with"])]
    by: By,
    /// How many
    #[arg(long, value_name = "N", default_value_t = 8)]
    count: usize,
    /// By the features of pictures: digits, vgg16, pixels, or inception:FILE
    #[arg(long, value_name = "NAME", default_value = "vgg16")]
    features: Features,
    /// One direction, to these seeds' mean and away from that of --minus
    #[arg(
        long,
        value_name = "SEEDS",
        requires = "minus",
        conflicts_with = "with"
    )]
    from: Option<Seeds>,
    /// Seeds that lack what those of --from have
    #[arg(long, value_name = "SEEDS", requires = "from")]
    minus: Option<Seeds>,
    /// One direction, to what these pictures have and those of --without lack: a
    /// folder or other data, or DATA:CLASS for one class of it
    #[arg(long, value_name = "DATA", requires = "without")]
    with: Option<String>,
    /// Pictures that lack what those of --with have
    #[arg(long, value_name = "DATA", requires = "with")]
    without: Option<String>,
    /// What the one direction of two sides is called
    #[arg(long, value_name = "NAME", default_value = "difference")]
    name: String,
    /// Whose picture is moved in the figure
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// All of one class: its name, or its number from 0
    #[arg(long, value_name = "NAME|INDEX")]
    class: Option<String>,
}

pub(crate) fn run(arguments: DirectionsArgs) -> anyhow::Result<ExitCode> {
    must_end(&arguments.out, "safetensors", "a set of directions")?;
    let figure = (arguments.figure.clone()).unwrap_or_else(|| arguments.out.with_extension("png"));
    must_end(&figure, "png", "the figure")?;
    if arguments.count == 0 {
        return Err(Usage("--count must be at least 1".into()).into());
    }
    let generator = arguments.space.open("a figure of directions")?;
    let generator = of_class(generator, arguments.class.as_deref())?;
    let directions = find(&arguments, &generator)?;
    let drawn = directions_figure(&generator, &directions, &generator.place(arguments.seed))?;
    let notes = Provenance::new(arguments.space.name()).with_seed(arguments.seed);
    write_whole(&arguments.out, &directions.encode())?;
    write_whole(&figure, &drawn.encode_png(&notes)?)?;
    let list: Vec<_> = (directions.list().iter())
        .map(|direction| json!({ "name": direction.name, "share": direction.share }))
        .collect();
    let said = json!({
        "out": arguments.out,
        "figure": figure,
        "method": directions.method,
        "directions": list,
    });
    let count = directions.list().len();
    let sentence = format!(
        "{count} direction{} ({}) in {}, shown in {}",
        if count == 1 { "" } else { "s" },
        directions.method,
        arguments.out.display(),
        figure.display()
    );
    arguments.space.report(&said, &sentence);
    Ok(ExitCode::SUCCESS)
}

fn find(arguments: &DirectionsArgs, generator: &Generator) -> anyhow::Result<Directions> {
    let name = &arguments.name;
    let alone = |direction, method: String| Directions::new(vec![direction], method);
    if let (Some(from), Some(minus)) = (&arguments.from, &arguments.minus) {
        let places = |seeds: &Seeds| -> Vec<Place> {
            seeds
                .list()
                .iter()
                .map(|&seed| generator.place(seed))
                .collect()
        };
        let direction = Direction::between_places(name, &places(from), &places(minus))?;
        return Ok(alone(direction, format!("seeds {from} minus {minus}")));
    }
    let needs_features = arguments.with.is_some() || arguments.by == By::Features;
    let extractor = match needs_features {
        true => Some(Extractor::open(
            &arguments.features,
            &fata::DeviceName::Cpu.open()?,
        )?),
        false => None,
    };
    if let (Some(with), Some(without), Some(extractor)) =
        (&arguments.with, &arguments.without, &extractor)
    {
        let sides = [side(with, generator)?, side(without, generator)?];
        let [(with_data, with_items), (without_data, without_items)] = sides;
        let sides = Sides {
            with: (&with_data, with_items),
            without: (&without_data, without_items),
        };
        let samples: Vec<_> = (0..SAMPLES).map(|seed| generator.place(seed)).collect();
        let direction = Direction::between_pictures(name, generator, &sides, extractor, &samples)?;
        let method = format!("{with} minus {without}, by {} features", extractor.name());
        return Ok(alone(direction, method));
    }
    let method = match (arguments.by, &extractor) {
        (By::Sefa, _) => Method::Sefa,
        (By::Features, Some(extractor)) => Method::Features(extractor),
        _ => Method::Components,
    };
    Ok(Directions::find(generator, &method, arguments.count)?)
}

/// The data of a side, at the model's own size, and which of its items belong.
fn side(text: &str, generator: &Generator) -> anyhow::Result<(Dataset, Vec<usize>)> {
    let Kind::Images {
        channels,
        height,
        width,
    } = generator.data().kind
    else {
        return Err(LatentError::Points("a comparison of pictures").into());
    };
    let options = DataOptions {
        resolution: Some(height.max(width)),
        channels: Some(channels),
        ..DataOptions::default()
    };
    let open = |path: &str| Dataset::open(Path::new(path), &options).map_err(LatentError::Data);
    let (path, class) = match text.rsplit_once(':') {
        // A path with a colon in it is a path.
        Some((path, class)) if !Path::new(text).exists() => (path, Some(class)),
        _ => (text, None),
    };
    let dataset = open(path)?;
    let Some(class) = class else {
        let all = (0..dataset.len()).collect();
        return Ok((dataset, all));
    };
    let names = dataset.classes();
    let by_name = names.iter().position(|name| name == class);
    let number = by_name.or_else(|| {
        class
            .parse()
            .ok()
            .filter(|&index: &usize| index < names.len())
    });
    let Some(number) = number else {
        let shown: Vec<_> = names.iter().take(20).map(String::as_str).collect();
        return Err(Usage(format!(
            "{path} has no class `{class}`; it has {}: {}",
            names.len(),
            shown.join(", ")
        ))
        .into());
    };
    let items = (0..dataset.len()).filter(|&item| dataset.label(item) == Some(number as u32));
    let items = items.collect();
    Ok((dataset, items))
}
