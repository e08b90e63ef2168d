//! Recipes: everything that makes a training run what it is, as TOML.
//!
//! A recipe that is shipped lives in `recipes/` and is embedded here; a person's
//! own is a file of the same form; a run's `recipe.toml` is one with every value
//! resolved. Unknown keys and bad values are errors that name the key, the line
//! and what is allowed. What a recipe does, the other modules decide: this one
//! only reads, checks and writes.

mod bounds;
mod schema;
mod set;

use std::path::{Path, PathBuf};

pub use schema::{
    Average, Condition, Data, Distance, Domains, Hidden, Judging, Loss, LossKind, Minibatch, Model,
    ModelKind, Norm, Optimizer, OptimizerKind, Optimizers, Origin, Penalty, RateDecay, Recipe,
    Schedule, Shape, SpectralNorm, Start, Stop, StopWhen, Task, Train, Translation, TranslationNet,
    TranslationNorm,
};

/// What can be wrong with a recipe.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    /// No shipped recipe and no file has this name.
    #[error("there is no recipe `{name}`; shipped are {}, or name a .toml file", names().join(", "))]
    Unknown {
        /// The name that was asked for.
        name: String,
    },
    /// The file cannot be read.
    #[error("cannot read the recipe {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The text is not a recipe: the message names line, key and what is allowed.
    #[error("in {place}: {message}")]
    Invalid {
        /// The file, or the flag.
        place: String,
        /// Line, key and what is allowed.
        message: String,
    },
    /// A value is out of range.
    #[error("{key} = {value}: {allowed}")]
    Value {
        /// The key, with its table.
        key: &'static str,
        /// The value that was given.
        value: String,
        /// What would do.
        allowed: String,
    },
}

/// The recipes embedded in the library: name and text.
const SHIPPED: &[(&str, &str)] = &[
    ("acgan", include_str!("../../../../recipes/acgan.toml")),
    ("cgan", include_str!("../../../../recipes/cgan.toml")),
    ("classes", include_str!("../../../../recipes/classes.toml")),
    (
        "collapse",
        include_str!("../../../../recipes/collapse.toml"),
    ),
    (
        "cyclegan",
        include_str!("../../../../recipes/cyclegan.toml"),
    ),
    ("dcgan", include_str!("../../../../recipes/dcgan.toml")),
    ("digits", include_str!("../../../../recipes/digits.toml")),
    ("figure1", include_str!("../../../../recipes/figure1.toml")),
    ("lsgan", include_str!("../../../../recipes/lsgan.toml")),
    ("mlp", include_str!("../../../../recipes/mlp.toml")),
    (
        "oscillation",
        include_str!("../../../../recipes/oscillation.toml"),
    ),
    ("pacgan", include_str!("../../../../recipes/pacgan.toml")),
    (
        "pictures",
        include_str!("../../../../recipes/pictures.toml"),
    ),
    ("pix2pix", include_str!("../../../../recipes/pix2pix.toml")),
    ("points", include_str!("../../../../recipes/points.toml")),
    (
        "projection",
        include_str!("../../../../recipes/projection.toml"),
    ),
    ("r3gan", include_str!("../../../../recipes/r3gan.toml")),
    (
        "regression",
        include_str!("../../../../recipes/regression.toml"),
    ),
    ("sagan", include_str!("../../../../recipes/sagan.toml")),
    ("sgan", include_str!("../../../../recipes/sgan.toml")),
    ("sngan", include_str!("../../../../recipes/sngan.toml")),
    (
        "too-strong",
        include_str!("../../../../recipes/too-strong.toml"),
    ),
    (
        "too-weak",
        include_str!("../../../../recipes/too-weak.toml"),
    ),
    (
        "unrolled",
        include_str!("../../../../recipes/unrolled.toml"),
    ),
    ("wgan", include_str!("../../../../recipes/wgan.toml")),
    ("wgan-gp", include_str!("../../../../recipes/wgan-gp.toml")),
];

/// The names of the shipped recipes, in alphabetical order.
pub fn names() -> Vec<&'static str> {
    SHIPPED.iter().map(|(name, _)| *name).collect()
}

/// The text of a shipped recipe.
///
/// # Errors
/// If there is none of this name.
pub fn text(name: &str) -> Result<&'static str, RecipeError> {
    SHIPPED
        .iter()
        .find(|(shipped, _)| *shipped == name)
        .map(|(_, text)| *text)
        .ok_or_else(|| RecipeError::Unknown { name: name.into() })
}

impl Recipe {
    /// A shipped recipe.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn named(name: &str) -> Result<Self, RecipeError> {
        let mut recipe = Self::parse(text(name)?, name)?;
        recipe.name = name.into();
        Ok(recipe)
    }

    /// The shipped recipe that works best for some data, and why: by the data's
    /// name, and for pictures by whether they have classes.
    pub fn fitting(source: &str, has_classes: impl FnOnce() -> bool) -> (Self, &'static str) {
        let ending = Path::new(source)
            .extension()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let table = ["csv", "tsv", "txt"].iter().any(|table| ending == *table);
        let (name, why) = match source {
            "digits" => ("digits", "made for these digits"),
            "gaussian" => ("figure1", "draws figure 1 of Goodfellow et al. 2014"),
            "line" | "ring" | "grid" | "spiral" => {
                ("points", "made for points of a few dimensions")
            }
            // Its thousand classes are what a test for missing modes counts.
            "stacked-digits" => ("pictures", "made for pictures, told no classes"),
            _ if table => ("points", "made for points of a few dimensions"),
            _ if has_classes() => ("classes", "made for pictures, and these are in classes"),
            _ => ("pictures", "made for pictures without classes"),
        };
        let recipe = Self::named(name).expect("the shipped recipes read, as a test shows");
        (recipe, why)
    }

    /// A recipe from a file.
    ///
    /// # Errors
    /// If the file cannot be read, or is not a recipe.
    pub fn from_file(path: &Path) -> Result<Self, RecipeError> {
        let text = std::fs::read_to_string(path).map_err(|source| RecipeError::Unreadable {
            path: path.into(),
            source,
        })?;
        let mut recipe = Self::parse(&text, &path.display().to_string())?;
        if recipe.name.is_empty() {
            recipe.name = path.file_stem().map_or_else(
                || "recipe".into(),
                |stem| stem.to_string_lossy().into_owned(),
            );
        }
        Ok(recipe)
    }

    /// A shipped recipe's name, or else the path of a file.
    ///
    /// # Errors
    /// As [`Recipe::named`] and [`Recipe::from_file`].
    pub fn named_or_file(name: &str) -> Result<Self, RecipeError> {
        if names().contains(&name) {
            return Self::named(name);
        }
        let path = Path::new(name);
        if path.extension().is_some() || path.exists() {
            return Self::from_file(path);
        }
        Err(RecipeError::Unknown { name: name.into() })
    }

    /// Reads a recipe from text; `place` is named in errors.
    ///
    /// # Errors
    /// If the text is not TOML, holds an unknown key or a bad value.
    pub fn parse(text: &str, place: &str) -> Result<Self, RecipeError> {
        let recipe: Self = toml::from_str(text).map_err(|error| RecipeError::Invalid {
            place: place.into(),
            message: error.to_string().trim_end().into(),
        })?;
        recipe.check()?;
        Ok(recipe)
    }

    /// The recipe with one value replaced, as `table.key=value` gives it.
    ///
    /// # Errors
    /// If the key does not exist or the value does not fit it.
    pub fn with_set(self, assignment: &str) -> Result<Self, RecipeError> {
        set::apply(&self, assignment)
    }

    /// Every value, by its key `table.key`, as `--set` takes it.
    pub fn values(&self) -> Vec<(String, String)> {
        let values = set::values(self).into_iter();
        values
            .map(|(key, value)| (key, value.to_string()))
            .collect()
    }

    /// The keys, as `table.key`, whose values another recipe has otherwise.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        set::differences(self, other)
    }

    /// The recipe for this data: a path or the name of a built-in.
    ///
    /// # Errors
    /// None today; data are opened by the trainer.
    pub fn with_data(mut self, source: impl Into<String>) -> Result<Self, RecipeError> {
        self.data.source = source.into();
        Ok(self)
    }

    /// The recipe as TOML.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a recipe holds nothing that TOML cannot say")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop_assert_eq};
    use proptest::sample::Index;

    #[test]
    fn every_shipped_recipe_reads_and_survives_a_round_trip() {
        for name in names() {
            let recipe = Recipe::named(name).unwrap();
            assert_eq!(recipe.name, name);
            assert!(!recipe.description.is_empty(), "{name} says what it is");
            let again = Recipe::parse(&recipe.to_toml(), name).unwrap();
            assert_eq!(recipe, again);
        }
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_what_is_allowed() {
        let error = Recipe::parse("[model]\nkind = \"dcgan\"\nwidht = 3\n", "mine.toml")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("mine.toml") && error.contains("line 3"),
            "{error}"
        );
        assert!(
            error.contains("widht") && error.contains("width"),
            "{error}"
        );
    }

    #[test]
    fn a_value_out_of_range_is_named() {
        let recipe = Recipe::named("dcgan").unwrap();
        let error = recipe.with_set("train.batch=0").unwrap_err().to_string();
        assert!(
            error.contains("train.batch") && error.contains('0'),
            "{error}"
        );
    }

    #[test]
    fn set_replaces_one_value_and_refuses_what_does_not_exist() {
        let recipe = Recipe::named("dcgan").unwrap();
        let wide = recipe.clone().with_set("model.width=32").unwrap();
        assert_eq!(wide.model.width, 32);
        let loss = recipe.clone().with_set("loss.kind=minimax").unwrap();
        assert_eq!(loss.loss.kind, LossKind::Minimax);
        let slow = recipe
            .clone()
            .with_set("optimizer.generator.rate=1e-5")
            .unwrap();
        assert_eq!(slow.optimizer.generator.rate, 1e-5);
        for bad in [
            "model.widht=32",
            "model.width",
            "model.width=x",
            "wide=3",
            "loss.kind=best",
        ] {
            let error = recipe.clone().with_set(bad).unwrap_err().to_string();
            assert!(
                error.contains(bad.split('=').next().unwrap()),
                "{bad}: {error}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,200}") {
            let _ = Recipe::parse(&text, "random");
        }

        /// A shipped recipe with some of its characters changed, and cut off.
        #[test]
        fn a_damaged_recipe_is_refused_or_reads_back(
            name in proptest::sample::select(names()),
            changes in proptest::collection::vec((any::<Index>(), "[ -~\n]"), 0..6),
            cut in proptest::option::of(any::<Index>()),
        ) {
            let mut text: Vec<char> = super::text(name).unwrap().chars().collect();
            for (place, new) in changes {
                let place = place.index(text.len());
                text[place] = new.chars().next().unwrap();
            }
            if let Some(cut) = cut {
                text.truncate(cut.index(text.len()));
            }
            let text: String = text.into_iter().collect();
            if let Ok(recipe) = Recipe::parse(&text, "damaged") {
                let again = Recipe::parse(&recipe.to_toml(), "written").unwrap();
                prop_assert_eq!(recipe, again);
            }
        }

        #[test]
        fn whatever_is_set_is_refused_or_in_bounds(
            key in "(model|loss|train|optimizer\\.generator|average|data|x)\\.(latent|width|kind|batch|rate|images|seed|ramp|hidden_generator|channels)|[ -~]{0,12}",
            value in "-?[0-9]{1,20}|[0-9]{1,3}e-?[0-9]{1,3}|nan|-inf|true|\\[[0-9, ]{0,20}\\]|[ -~\n]{0,20}",
        ) {
            let recipe = Recipe::named("mlp").unwrap();
            if let Ok(recipe) = recipe.with_set(&format!("{key}={value}")) {
                recipe.check().unwrap();
                let again = Recipe::parse(&recipe.to_toml(), "written").unwrap();
                prop_assert_eq!(recipe, again);
            }
        }

        #[test]
        fn no_assignment_makes_the_reader_panic(text in ".{0,60}") {
            let _ = Recipe::named("mlp").unwrap().with_set(&text);
        }
    }
}
