//! `fata blend`: sums of latents, shown with their parts.

use crate::space::{Space, keep, kept, must_end, of_class};
use clap::Args;
use fata::files::write_whole;
use fata::latent::{Blend, Evaluation, Expression, Term, blend_figure};
use fata::ship::Provenance;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Args)]
pub(crate) struct BlendArgs {
    #[command(flatten)]
    space: Space,
    /// A sum of seeds: "mean(12,40,7) - mean(3,9) + 0.5*21". Whole numbers are
    /// seeds, @FILE a latent that was kept; + - ( ) mean(...) NUMBER* and /NUMBER
    #[arg(value_name = "EXPRESSION", allow_hyphen_values = true)]
    expression: Expression,
    /// The figure: each part with what it is made of, and the result
    #[arg(short, long, value_name = "FILE.png", default_value = "blend.png")]
    out: PathBuf,
    /// Only the result's picture, in its own size
    #[arg(long)]
    alone: bool,
    /// Leave sums as long as they come out, instead of dividing them by the root of
    /// their weights' squares, which makes them as long as the latents of seeds
    #[arg(long)]
    as_written: bool,
    /// All of one class: its name, or its number from 0
    #[arg(long, value_name = "NAME|INDEX")]
    class: Option<String>,
    /// Keep the result's latent, for @FILE here and in `fata walk`
    #[arg(long, value_name = "FILE.safetensors")]
    out_latent: Option<PathBuf>,
}

pub(crate) fn run(arguments: BlendArgs) -> anyhow::Result<ExitCode> {
    must_end(&arguments.out, "png", "the figure")?;
    if let Some(path) = &arguments.out_latent {
        must_end(path, "safetensors", "a latent")?;
    }
    let generator = arguments.space.open("a sum of pictures")?;
    let generator = of_class(generator, arguments.class.as_deref())?;
    let expression = &arguments.expression;
    let mut files = BTreeMap::new();
    for part in expression.parts() {
        for term in part.weights.keys() {
            if let Term::File(name) = term {
                files.insert(name.clone(), kept(name, &generator)?);
            }
        }
    }
    let evaluation = match arguments.as_written {
        true => Evaluation::AsWritten,
        false => Evaluation::Rescaled,
    };
    let blend = Blend::new(&generator, expression, &files, evaluation)?;
    let picture = match arguments.alone {
        true => blend.picture.clone(),
        false => blend_figure(&blend),
    };
    let notes = Provenance::new(arguments.space.name()).with_seed(expression);
    write_whole(&arguments.out, &picture.encode_png(&notes)?)?;
    if let Some(path) = &arguments.out_latent {
        keep(path, &blend.place, expression.to_string())?;
    }
    let parts: Vec<_> = (blend.parts.iter())
        .map(|part| json!({ "text": part.text, "sign": if part.negative { "-" } else { "+" } }))
        .collect();
    let said = json!({
        "out": arguments.out,
        "expression": expression.to_string(),
        "parts": parts,
        "latent": blend.place.z,
        "classes": blend.place.classes,
        "out_latent": arguments.out_latent,
    });
    let sentence = format!("{expression} is in {}", arguments.out.display());
    arguments.space.report(&said, &sentence);
    Ok(ExitCode::SUCCESS)
}
