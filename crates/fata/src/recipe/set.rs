//! `--set table.key=value`: one value of a recipe replaced by name.

use super::{Recipe, RecipeError};
use toml::{Table, Value};

/// The recipe with the assignment carried out and checked.
pub(super) fn apply(recipe: &Recipe, assignment: &str) -> Result<Recipe, RecipeError> {
    let refuse = |message: String| RecipeError::Invalid {
        place: format!("--set {assignment}"),
        message,
    };
    let (key, text) = assignment
        .split_once('=')
        .ok_or_else(|| refuse("write it as table.key=value, as in model.width=32".into()))?;
    let (key, text) = (key.trim(), text.trim());
    let mut table: Table = toml::from_str(&recipe.to_toml()).expect("a written recipe reads back");
    let mut path: Vec<&str> = key.split('.').collect();
    let last = path.pop().unwrap_or_default();
    let mut place = &mut table;
    for step in path {
        place = place
            .entry(step)
            .or_insert_with(|| Value::Table(Table::new()))
            .as_table_mut()
            .ok_or_else(|| refuse(format!("`{step}` is a value, not a table")))?;
    }
    place.insert(last.into(), value(text));
    let text = toml::to_string(&table).expect("a table is TOML");
    toml::from_str::<Recipe>(&text)
        .map_err(|error| refuse(format!("{key}: {}", error.message())))
        .and_then(|recipe| recipe.check().map(|()| recipe))
}

/// A TOML value where the text is one, else the text itself, so that
/// `loss.kind=minimax` needs no quotes.
fn value(text: &str) -> Value {
    toml::from_str::<Table>(&format!("value = {text}"))
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(text.into()))
}
