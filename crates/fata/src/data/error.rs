//! What can be wrong with data, said so that a person knows what to do next.
//!
//! A single bad picture is never one of these errors: it is a [`Skipped`] entry
//! and the run goes on. These errors mean that there is nothing that can be used.

use std::path::PathBuf;

use serde::Serialize;

/// A file that could not be used, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Skipped {
    /// The path relative to the data set, made printable.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Why data could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// No such file, folder or built-in data set.
    #[error(
        "there is no file, folder or built-in data set called `{}`; the built-in ones are {builtins}",
        path.display()
    )]
    NotFound {
        /// What was asked for.
        path: PathBuf,
        /// The names that would have worked.
        builtins: String,
    },

    /// The system refused to read.
    #[error("cannot read {}: {source}; check that it exists and that you may read it", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },

    /// The file is damaged, or not what its name says.
    #[error("{}: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, where, and what to do.
        reason: String,
    },

    /// Neither pictures nor points.
    #[error(
        "{} is neither a folder, a zip, an IDX file nor a CSV; give a folder or zip of pictures (PNG, JPEG, \
         WebP, GIF, BMP, TIFF), `*-images-idx3-ubyte[.gz]`, or a CSV of numbers",
        path.display()
    )]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },

    /// Something was found, but nothing that can be trained on.
    #[error("{} holds nothing that can be used: {found}", path.display())]
    NothingUsable {
        /// The data.
        path: PathBuf,
        /// What was found instead, and what to do.
        found: String,
    },

    /// The packed data could not be written.
    #[error(transparent)]
    Write(#[from] crate::files::FileError),

    /// An option that this data cannot honour.
    #[error("{option} = {value} cannot be used: {reason}")]
    BadOption {
        /// The option's name.
        option: &'static str,
        /// The value given.
        value: String,
        /// Why not, and what is allowed.
        reason: String,
    },
}

impl DataError {
    pub(crate) fn read(path: &std::path::Path, source: std::io::Error) -> Self {
        Self::Read {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn malformed(path: &std::path::Path, reason: impl Into<String>) -> Self {
        Self::Malformed {
            path: path.to_owned(),
            reason: reason.into(),
        }
    }
}
