//! The recipe of a new run: what the flags say, and what fits the data.

use super::TrainArgs;
use crate::failure::Usage;
use fata::data::{DataOptions, Dataset, Domains};
use fata::recipe::{Domains as RecipeDomains, Recipe, RecipeError};
use fata::train::domain_options;
use std::path::Path;

/// A path as a recipe names it.
fn as_text(path: &Path) -> Result<&str, Usage> {
    path.to_str().ok_or_else(|| {
        Usage(format!(
            "the path {} is not text (UTF-8), and a recipe names its data in text: rename it, or make a link to it",
            path.display()
        ))
    })
}

/// The recipe that a command line asks for.
pub(super) fn new(arguments: &TrainArgs) -> anyhow::Result<Recipe> {
    if let Some((source, from)) = two_domains(arguments)? {
        return translation(arguments, source, from);
    }
    let source = match &arguments.data {
        None => "digits",
        Some(path) => as_text(path)?,
    };
    let recipe = match &arguments.recipe {
        Some(name) => Recipe::named_or_file(name)?,
        None => fitting(source, arguments.quiet),
    };
    Ok(change(arguments, recipe.with_data(source)?)?)
}

/// Where pictures of two domains are, if there are two: `data.source` and
/// `domains.from` of a recipe.
fn two_domains(arguments: &TrainArgs) -> Result<Option<(&str, &str)>, Usage> {
    if let (Some(from), Some(to)) = (&arguments.from, &arguments.to) {
        return Ok(Some((as_text(to)?, from)));
    }
    if let Some(pairs) = &arguments.pairs {
        return Ok(Some((as_text(pairs)?, "halves")));
    }
    match &arguments.data {
        Some(path) if path.join("trainA").is_dir() && path.join("trainB").is_dir() => {
            Ok(Some((as_text(path)?, "")))
        }
        _ => Ok(None),
    }
}

/// A recipe that translates: pix2pix where there are pairs, else cyclegan.
fn translation(arguments: &TrainArgs, source: &str, from: &str) -> anyhow::Result<Recipe> {
    let domains = RecipeDomains {
        from: from.into(),
        paired: arguments.paired,
        ..RecipeDomains::default()
    };
    let place = |mut recipe: Recipe| {
        recipe.domains = Some(domains.clone());
        recipe.with_data(source)
    };
    if let Some(name) = &arguments.recipe {
        let recipe = place(Recipe::named_or_file(name)?)?;
        recipe.check_together()?;
        return Ok(change(arguments, recipe)?);
    }
    let recipe = change(arguments, place(Recipe::named("pix2pix")?)?)?;
    let paired = Domains::open(&domain_options(&recipe))?.training.paired;
    let (name, why) = match paired {
        true => ("pix2pix", "which learns from pairs"),
        false => ("cyclegan", "which needs no pairs"),
    };
    if !arguments.quiet {
        eprintln!("recipe `{name}`, {why}; `fata recipes` lists the others");
    }
    Ok(change(arguments, place(Recipe::named(name)?)?)?)
}

/// The recipe that works best for the data; why is said aloud.
fn fitting(source: &str, quiet: bool) -> Recipe {
    let has_classes = || {
        let data = Dataset::open(Path::new(source), &DataOptions::default());
        // Data that cannot be opened are refused where they are opened in earnest.
        data.is_ok_and(|data| data.classes().len() > 1)
    };
    let (recipe, why) = Recipe::fitting(source, has_classes);
    if !quiet {
        eprintln!(
            "recipe `{}`, {why}; `fata recipes` lists the others",
            recipe.name
        );
    }
    recipe
}

/// The recipe with the flags' values in place of its own.
pub(super) fn change(arguments: &TrainArgs, mut recipe: Recipe) -> Result<Recipe, RecipeError> {
    let train = &mut recipe.train;
    train.images = arguments.images.unwrap_or(train.images);
    train.minutes = arguments.minutes.or(train.minutes);
    train.resolution = arguments.resolution.or(train.resolution);
    train.batch = arguments.batch.unwrap_or(train.batch);
    train.seed = arguments.seed.unwrap_or(train.seed);
    train.every = arguments.every.unwrap_or(train.every);
    train.auto |= arguments.auto;
    if arguments.resolution.is_some() {
        recipe.origin = None; // to be resolved anew
    }
    if let Some(fit) = &arguments.fit {
        recipe = recipe.with_set(&format!("data.fit={fit}"))?;
    }
    for assignment in &arguments.set {
        recipe = recipe.with_set(assignment)?;
    }
    recipe.check()?;
    Ok(recipe)
}
