//! Files that are whole or not there.
//!
//! Everything a run writes goes through here: the bytes go to a new file
//! beside the wanted one, are flushed to the disk, and only then take its
//! name. Whoever kills the program or fills the disk finds the previous file
//! as it was. Reading, and what is in the files, are not here.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Why a file was not written. Whatever had the name before is untouched.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The disk, or the person's share of it, is full.
    #[error(
        "cannot write {path}: no space left; the previous file is untouched. Free some space and try again, or write to another disk"
    )]
    NoSpace {
        /// The file that was to be written.
        path: PathBuf,
    },
    /// The folder that should hold the file does not exist.
    #[error("cannot write {path}: there is no folder {folder}. Create it, or name another path")]
    NoFolder {
        /// The file that was to be written.
        path: PathBuf,
        /// The folder that is missing.
        folder: PathBuf,
    },
    /// The system refuses to let this user write there.
    #[error(
        "cannot write {path}: permission denied in {folder}. Choose a folder you may write to, or change its permissions"
    )]
    Denied {
        /// The file that was to be written.
        path: PathBuf,
        /// The folder that refuses.
        folder: PathBuf,
    },
    /// The name belongs to a folder.
    #[error("cannot write {path}: it is a folder. Name a file inside it, or another path")]
    IsFolder {
        /// The path that was to be written.
        path: PathBuf,
    },
    /// Anything else that the system reports.
    #[error(
        "cannot write {path}: {cause}; the previous file is untouched. Check that the disk is there and writable, or write to another folder"
    )]
    Other {
        /// The file that was to be written.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
}

/// Writes `bytes` to `path`, whole or not at all.
///
/// A symbolic link keeps pointing where it did: the file behind it is the one
/// replaced. What is not a regular file (a pipe, a device) is written to as it
/// stands, since nothing can take its place.
///
/// # Errors
///
/// [`FileError`] where the folder is missing or refuses, the disk is full, or
/// the path is a folder. The temporary file is removed.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write_whole_with(path, |file| file.write_all(bytes))
}

/// Writes files to a zip at `path`, whole or not at all: what `next` gives until
/// it gives none, each stored as it is (pictures are compressed already).
///
/// # Errors
/// Those of [`write_whole`], and what `next` returns.
pub fn write_zip(
    path: &Path,
    mut next: impl FnMut() -> io::Result<Option<(String, Vec<u8>)>>,
) -> Result<(), FileError> {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    write_whole_with(path, |file| {
        let mut zip = ZipWriter::new(io::BufWriter::new(file));
        while let Some((name, bytes)) = next()? {
            zip.start_file(name, options).map_err(io::Error::other)?;
            zip.write_all(&bytes)?;
        }
        zip.finish().map_err(io::Error::other)?.flush()
    })
}

/// Writes what `fill` puts into the file to `path`, whole or not at all; for
/// what should not be held in memory at once. As [`write_whole`] otherwise.
///
/// # Errors
///
/// Those of [`write_whole`], and what `fill` returns.
pub fn write_whole_with(
    path: &Path,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<(), FileError> {
    let explain = |cause| FileError::from_io(path, cause);
    let target = match fs::metadata(path) {
        Ok(found) if found.is_dir() => {
            return Err(FileError::IsFolder { path: path.into() });
        }
        Ok(found) if !found.is_file() => {
            let mut device = OpenOptions::new().write(true).open(path).map_err(explain)?;
            return fill(&mut device).map_err(explain);
        }
        Ok(_) => fs::canonicalize(path).map_err(explain)?,
        Err(_) => path.to_path_buf(),
    };
    let (beside, mut file) = create_beside(&target).map_err(explain)?;
    let written = fill(&mut file).and_then(|()| file.sync_all());
    // Windows renames no file that is still open.
    drop(file);
    if let Err(cause) = written.and_then(|()| fs::rename(&beside, &target)) {
        // The first error is the one to report; a file that cannot be removed
        // either is told from the wanted one by its `.tmp` name.
        let _ = fs::remove_file(&beside);
        return Err(explain(cause));
    }
    sync_folder(folder_of(&target));
    Ok(())
}

impl FileError {
    /// The error that says what `cause` means for writing `path`.
    fn from_io(path: &Path, cause: io::Error) -> Self {
        let (path, folder) = (path.to_path_buf(), folder_of(path).to_path_buf());
        match cause.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace { path },
            io::ErrorKind::NotFound if !folder.exists() => Self::NoFolder { path, folder },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::Denied { path, folder }
            }
            io::ErrorKind::IsADirectory => Self::IsFolder { path },
            _ => Self::Other { path, cause },
        }
    }
}

/// The folder that holds `path`; the current one is spelt `.`.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Creates a file that nobody else has in the folder of `target`. The process
/// number and a counter keep two writers of one path apart.
fn create_beside(target: &Path) -> io::Result<(PathBuf, File)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = target.file_name().ok_or(io::ErrorKind::IsADirectory)?;
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}-{number}.tmp", std::process::id()));
        let beside = folder_of(target).join(hidden);
        match OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&beside)
        {
            Ok(file) => return Ok((beside, file)),
            // Left behind by a killed process that had the same number.
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
            Err(cause) => return Err(cause),
        }
    }
}

/// Makes the new name itself survive a power cut, where the system can. The
/// file is whole either way, so a refusal is no error.
fn sync_folder(folder: &Path) {
    if cfg!(unix)
        && let Ok(folder) = File::open(folder)
    {
        let _ = folder.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<OsString> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_created_and_replaced_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("grid.png");
        write_whole(&path, b"first").unwrap();
        write_whole(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(names(folder.path()), ["grid.png"]);
    }

    #[test]
    fn a_full_disk_leaves_the_previous_file_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        write_whole(&path, b"good").unwrap();
        let error = write_whole_with(&path, |file| {
            file.write_all(b"ha")?;
            Err(io::ErrorKind::StorageFull.into())
        })
        .unwrap_err();
        let said = error.to_string();
        assert!(said.contains("no space left; the previous file is untouched"));
        assert!(said.contains(&path.display().to_string()));
        assert_eq!(fs::read(&path).unwrap(), b"good");
        assert_eq!(names(folder.path()), ["checkpoint"]);
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nowhere").join("grid.png");
        let error = write_whole(&path, b"bytes").unwrap_err();
        assert!(matches!(error, FileError::NoFolder { .. }));
        assert!(error.to_string().contains("Create it"));
    }

    #[test]
    fn a_folder_that_is_a_file_cannot_be_written_into() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("notes.txt");
        write_whole(&file, b"notes").unwrap();
        let error = write_whole(&file.join("grid.png"), b"bytes").unwrap_err();
        assert!(error.to_string().contains("cannot write"));
        assert_eq!(fs::read(&file).unwrap(), b"notes");
    }

    #[test]
    fn a_folder_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let error = write_whole(folder.path(), b"bytes").unwrap_err();
        assert!(matches!(error, FileError::IsFolder { .. }));
    }

    #[test]
    fn a_refusal_becomes_advice() {
        let error = FileError::from_io(
            Path::new("out/a.png"),
            io::ErrorKind::PermissionDenied.into(),
        );
        assert_eq!(
            error.to_string(),
            "cannot write out/a.png: permission denied in out. \
             Choose a folder you may write to, or change its permissions"
        );
    }

    #[cfg(unix)]
    #[test]
    fn an_unwritable_folder_is_an_error_and_gains_no_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("grid.png");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
        // The superuser may write anywhere, and then the file must be whole.
        match write_whole(&path, b"bytes") {
            Ok(()) => assert_eq!(fs::read(&path).unwrap(), b"bytes"),
            Err(error) => {
                assert!(matches!(error, FileError::Denied { .. }));
                assert!(names(folder.path()).is_empty());
            }
        }
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_link_keeps_pointing_at_the_file_behind_it() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        write_whole(&real, b"old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        write_whole(&link, b"new").unwrap();
        assert_eq!(fs::read(&real).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
}
