//! `fata recipes`: the recipes that are shipped.

use clap::Args;
use fata::recipe::{self, Recipe};
use std::io::Write;
use std::process::ExitCode;

#[derive(Args)]
pub(crate) struct RecipesArgs {
    /// Print this one, ready to be changed and given to `--recipe`
    name: Option<String>,
    /// One JSON object on stdout
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: RecipesArgs) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    match (arguments.name, arguments.json) {
        (Some(name), false) => write!(out, "{}", recipe::text(&name)?)?,
        (Some(name), true) => writeln!(out, "{}", serde_json::to_string(&Recipe::named(&name)?)?)?,
        (None, json) => {
            let mut list = serde_json::Map::new();
            for name in recipe::names() {
                let description = Recipe::named(name)?.description;
                if !json {
                    writeln!(out, "{name:<10} {description}")?;
                }
                list.insert(name.into(), description.into());
            }
            if json {
                writeln!(out, "{}", serde_json::json!({ "recipes": list }))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
