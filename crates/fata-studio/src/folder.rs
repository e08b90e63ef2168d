//! The folder that the studio shows: its runs, and nothing outside it.

use crate::log::last_tick;
use crate::reply::Refusal;
use fata::Recipe;
use fata::recipe::ModelKind;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// Recipes that are kept read.
const RECIPES: usize = 1000;

/// A folder of runs.
pub(crate) struct Folder {
    path: PathBuf,
    /// What recipes say, by their run's name, and when they were written.
    recipes: Mutex<BTreeMap<String, (Option<SystemTime>, Value)>>,
}

impl Folder {
    /// The folder, which is made if it is not there.
    pub(crate) fn open(path: &Path) -> std::io::Result<Self> {
        fs::create_dir_all(path)?;
        Ok(Self {
            path: fs::canonicalize(path)?,
            recipes: Mutex::default(),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A run of this folder. Only a plain name of a folder in it is one: no
    /// separators, no `..`, no link that leads elsewhere.
    pub(crate) fn run(&self, name: &str) -> Result<PathBuf, Refusal> {
        let missing = || Refusal::missing(format!("there is no run `{name}` in this folder"));
        let plain = !name.starts_with('.') && !name.contains(['/', '\\', ':', '\0']);
        let path = self.path.join(name);
        let inside = plain && fs::canonicalize(&path).is_ok_and(|found| found == path);
        match inside && path.join("recipe.toml").is_file() {
            true => Ok(path),
            false => Err(missing()),
        }
    }

    /// The names of all runs, the newest number first.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<_> = names.filter(|name| self.run(name).is_ok()).collect();
        names.sort_unstable_by(|a, b| b.cmp(a));
        names
    }

    /// A run in a line of the table; from its recipe and its last tick alone, so
    /// that long logs cost nothing.
    pub(crate) fn summary(&self, path: &Path, name: &str) -> Value {
        let mut row = self.recipe(path, name);
        row["name"] = name.into();
        row["training"] = is_training(path).into();
        row["tick"] = last_tick(&path.join("log.jsonl")).into();
        row
    }

    /// What a run's recipe says that the table shows; read when it is written.
    fn recipe(&self, path: &Path, name: &str) -> Value {
        let file = path.join("recipe.toml");
        let written = fs::metadata(&file).and_then(|found| found.modified()).ok();
        let mut recipes = self.recipes.lock().unwrap_or_else(PoisonError::into_inner);
        match recipes.get(name) {
            Some((known, said)) if *known == written => return said.clone(),
            // Runs that are gone are forgotten with all others.
            _ if recipes.len() >= RECIPES => recipes.clear(),
            _ => {}
        }
        let recipe = Recipe::from_file(&file).ok();
        let kind = recipe.as_ref().map(|recipe| recipe.model.kind);
        let said = json!({
            "recipe": recipe.as_ref().map(|recipe| recipe.name.clone()),
            "data": recipe.as_ref().map(|recipe| recipe.data.source.clone()),
            "images": recipe.as_ref().map(|recipe| recipe.train.images),
            // Points have no resolution.
            "pictures": recipe.as_ref().is_some_and(|recipe| {
                recipe.train.resolution.is_some() && kind != Some(ModelKind::Translation)
            }),
            "translates": kind == Some(ModelKind::Translation),
        });
        recipes.insert(name.into(), (written, said.clone()));
        said
    }

    /// The name of a new run, under the next free number.
    pub(crate) fn next_name(&self, data: &str, recipe: &str) -> String {
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        let numbers = entries.filter_map(|entry| {
            let name = entry.file_name();
            name.to_str()?.split('-').next()?.parse::<u32>().ok()
        });
        let next = numbers.max().map_or(0, |number| number.saturating_add(1));
        let stem = Path::new(data)
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or("data");
        let plain = |text: &str| text.replace(|c: char| !c.is_alphanumeric() && c != '_', "-");
        format!("{next:05}-{}-{}", plain(stem), plain(recipe))
    }
}

/// Whether a process trains the run: it holds the folder's lock. Looking takes
/// a shared lock for a moment; a training that begins just then waits for it.
pub(crate) fn is_training(path: &Path) -> bool {
    let Ok(lock) = File::open(path.join(".lock")) else {
        return false;
    };
    matches!(lock.try_lock_shared(), Err(fs::TryLockError::WouldBlock))
}

/// The images seen at each sample grid, in order.
pub(crate) fn samples(path: &Path) -> Vec<u64> {
    let entries = fs::read_dir(path.join("samples"))
        .into_iter()
        .flatten()
        .flatten();
    let mut seen: Vec<u64> = entries
        .filter_map(|entry| {
            entry
                .file_name()
                .to_str()?
                .strip_suffix(".png")?
                .parse()
                .ok()
        })
        .collect();
    seen.sort_unstable();
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_runs_inside_the_folder_are_found() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("runs");
        let folder = Folder::open(&root).unwrap();
        for run in ["runs/00003-digits-dcgan", "outside", "runs/.hidden"] {
            fs::create_dir_all(place.path().join(run)).unwrap();
            fs::write(place.path().join(run).join("recipe.toml"), "").unwrap();
        }
        fs::create_dir_all(root.join("no-run")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(place.path().join("outside"), root.join("link")).unwrap();
        assert_eq!(folder.names(), ["00003-digits-dcgan"]);
        for name in [
            "..",
            "../outside",
            ".hidden",
            "no-run",
            "link",
            "",
            ".",
            "a\\b",
            "/etc",
        ] {
            assert!(folder.run(name).is_err(), "{name}");
        }
        assert_eq!(
            folder.next_name("/a/b/pho tos.zip", "dcgan"),
            "00004-pho-tos-dcgan"
        );
        assert!(!is_training(&root.join("00003-digits-dcgan")));
    }
}
