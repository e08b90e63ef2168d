//! The binary, driven as a person drives it: commands typed in a folder, and
//! what they print, write and return.

mod bad_data;
mod bad_runs;
mod doctor;
mod explore;
mod help;
mod json;
mod judge;
mod latent;
mod recipes;
mod resume;
mod sample;
mod serve;
mod server;
mod studio;
mod translate;
mod workplace;
