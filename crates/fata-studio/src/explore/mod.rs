//! The latent spaces of the studio's runs, walked through in the browser.
//!
//! An address says everything about a picture: a seed or a sum of them, a place on
//! the way to another, amounts along directions. The same address gives the same
//! bytes for as long as the run has the same generator. What no address can say, a
//! latent that was searched for or put aside, has a name in memory ([`Finds`]).

mod finds;
mod models;
mod routes;
mod wish;

pub(crate) use finds::Finds;
pub(crate) use models::{Interpreters, Painters};
pub(crate) use routes::routes;
