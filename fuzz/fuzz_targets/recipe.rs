//! Whatever a recipe holds, it is read or refused, and what is read survives
//! being written and read again.
#![no_main]

use fata::Recipe;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(recipe) = Recipe::parse(text, "fuzz") {
        let again = Recipe::parse(&recipe.to_toml(), "fuzz").expect("a written recipe reads back");
        assert_eq!(recipe, again);
    }
    if let Some((first, second)) = text.split_once('\n') {
        let recipe = Recipe::named("dcgan").expect("it is shipped");
        let _ = recipe
            .with_set(first)
            .and_then(|recipe| recipe.with_set(second));
    }
});
