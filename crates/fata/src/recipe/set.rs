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

/// Keys whose values differ.
pub(super) fn differences(a: &Recipe, b: &Recipe) -> Vec<String> {
    let (a, b) = (values(a), values(b));
    let of = |values: &[(String, Value)], key: &str| {
        let found = values.iter().find(|(other, _)| other == key);
        found.map(|(_, value)| value.clone())
    };
    let mut keys: Vec<String> = a.iter().chain(&b).map(|(key, _)| key.clone()).collect();
    keys.sort();
    keys.dedup();
    keys.retain(|key| of(&a, key) != of(&b, key));
    keys
}

/// All values by their keys.
pub(super) fn values(recipe: &Recipe) -> Vec<(String, Value)> {
    let table: Table = toml::from_str(&recipe.to_toml()).expect("a written recipe reads back");
    let mut values = Vec::new();
    flatten("", &table, &mut values);
    values
}

fn flatten(path: &str, table: &Table, values: &mut Vec<(String, Value)>) {
    for (key, value) in table {
        let key = match path {
            "" => key.clone(),
            path => format!("{path}.{key}"),
        };
        match value {
            Value::Table(table) => flatten(&key, table, values),
            value => values.push((key, value.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_named_by_their_keys() {
        let one = Recipe::named("dcgan").unwrap();
        assert_eq!(differences(&one, &one), Vec::<String>::new());
        let other = one
            .clone()
            .with_set("optimizer.generator.rate=0.5")
            .unwrap();
        let other = other.with_set("stop.when=converged").unwrap();
        assert_eq!(
            differences(&one, &other),
            ["optimizer.generator.rate", "stop.when"]
        );
    }
}
