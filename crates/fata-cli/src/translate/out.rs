//! Where translated pictures go: one file, a folder or a zip.

use super::{make_folder, usage};
use fata::files::{write_whole, write_zip};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A name, an ending and the bytes of a file.
type Made = (String, &'static str, Vec<u8>);

pub(super) enum Out {
    File(PathBuf),
    Folder(PathBuf),
    Zip(PathBuf),
}

impl Out {
    /// Where the flag points, for one picture or for many.
    pub(super) fn new(path: &Path, single: bool) -> anyhow::Result<Self> {
        let folder = path.is_dir() || path.as_os_str().to_string_lossy().ends_with(['/', '\\']);
        if folder {
            return Ok(Self::Folder(path.into()));
        }
        if has_ending(path, "zip") {
            return Ok(Self::Zip(path.into()));
        }
        if !single {
            // A name without an ending is a folder that is not there yet.
            return match path.extension() {
                None => Ok(Self::Folder(path.into())),
                Some(_) => Err(usage(format!(
                    "many pictures go to a folder (DIR/) or a .zip, not to {}",
                    path.display()
                ))),
            };
        }
        if has_ending(path, "png") || has_ending(path, "gif") {
            return Ok(Self::File(path.into()));
        }
        Err(usage(format!(
            "pictures are written as .png, animations as .png or .gif: {} is neither (nor a folder, which ends with /)",
            path.display()
        )))
    }

    /// Writes what `next` makes until it makes no more.
    pub(super) fn write_all(
        &self,
        mut next: impl FnMut() -> anyhow::Result<Option<Made>>,
    ) -> anyhow::Result<()> {
        let mut taken = BTreeSet::new();
        match self {
            Self::File(path) => {
                while let Some((_, _, bytes)) = next()? {
                    write_whole(path, &bytes)?;
                }
                Ok(())
            }
            Self::Folder(folder) => {
                make_folder(folder)?;
                while let Some((name, ending, bytes)) = next()? {
                    let path = folder.join(unused(&mut taken, &name, ending));
                    if let Some(parent) = path.parent() {
                        make_folder(parent)?;
                    }
                    write_whole(&path, &bytes)?;
                }
                Ok(())
            }
            Self::Zip(path) => {
                let mut failed = None;
                let written = write_zip(path, || match next() {
                    Ok(made) => Ok(made
                        .map(|(name, ending, bytes)| (unused(&mut taken, &name, ending), bytes))),
                    Err(error) => {
                        failed = Some(error);
                        Err(std::io::Error::other("stopped"))
                    }
                });
                match failed {
                    Some(error) => Err(error),
                    None => Ok(written?),
                }
            }
        }
    }
}

/// The name with its new ending; where that is taken, after the old one.
fn unused(taken: &mut BTreeSet<String>, name: &str, ending: &str) -> String {
    let start = name.rfind('/').map_or(0, |slash| slash + 1);
    let stem = match name.rfind('.') {
        Some(dot) if dot > start => &name[..dot],
        _ => name,
    };
    let mut wanted = format!("{stem}.{ending}");
    let mut number = 2;
    while !taken.insert(wanted.clone()) {
        wanted = format!("{stem}-{number}.{ending}");
        number += 1;
    }
    wanted
}

pub(super) fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension()
        .is_some_and(|found| found.eq_ignore_ascii_case(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_is_counted_on() {
        let mut taken = BTreeSet::new();
        assert_eq!(unused(&mut taken, "a/b.jpg", "png"), "a/b.png");
        assert_eq!(unused(&mut taken, "a/b.gif", "png"), "a/b-2.png");
        assert_eq!(unused(&mut taken, "a.b/.c", "png"), "a.b/.c.png");
    }
}
