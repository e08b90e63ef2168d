//! Checkpoints of a translation: as those of other games, with every player and
//! the pictures in the pools.

use super::game::Game;
use crate::layers::{Stored, numbers, tensor};
use crate::ship::container::{Card, Container, ContainerError};
use crate::train::checkpoint::{put, put_moments, take, take_moments};
use crate::train::player::Player;
use crate::train::tick::Meters;
use serde::{Deserialize, Serialize};

/// What a checkpoint holds beside tensors.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct State {
    steps: u64,
    images_seen: u64,
    /// Of each player, in the directions' order.
    optimizer_steps: Vec<u64>,
    /// Pictures in each direction's pool.
    pooled: Vec<usize>,
    pub(super) elapsed_seconds: f64,
    pub(super) meters: Meters,
}

impl Card for State {
    const KIND: &'static str = "checkpoint";
}

/// The game as a file's bytes.
pub(super) fn encode(game: &Game, elapsed_seconds: f64, meters: &Meters) -> Vec<u8> {
    let mut tensors = Stored::new();
    let mut optimizer_steps = Vec::new();
    for (number, direction) in game.directions.iter().enumerate() {
        let judge = direction.judge.as_ref().map(|judge| &judge.player);
        for player in std::iter::once(&direction.generator).chain(judge) {
            put(&mut tensors, player.name, &player.parameters);
            put_moments(&mut tensors, player);
            optimizer_steps.push(player.optimizer.steps);
        }
        put(
            &mut tensors,
            &format!("average{number}"),
            &direction.average,
        );
        for (place, picture) in direction.pool.pictures.iter().enumerate() {
            let values = (picture.dims().to_vec(), numbers(picture.clone()));
            tensors.insert(pooled(number, place), values);
        }
    }
    let card = State {
        steps: game.steps,
        images_seen: game.images_seen,
        optimizer_steps,
        pooled: (game.directions.iter())
            .map(|direction| direction.pool.pictures.len())
            .collect(),
        elapsed_seconds,
        meters: meters.clone(),
    };
    Container { card, tensors }.encode()
}

/// Puts a file's contents into a game of the same recipe.
///
/// # Errors
/// If the file is damaged, or of another game; the game is then half filled
/// and must not be used.
pub(super) fn restore(game: &mut Game, bytes: &[u8]) -> Result<State, ContainerError> {
    let mut file = Container::<State>::decode(bytes)?;
    let (side, most) = (game.form.side, game.settings.pool);
    let channels = [game.form.channels_out, game.form.channels_in];
    let mut steps = file.card.optimizer_steps.clone().into_iter();
    for (number, direction) in game.directions.iter_mut().enumerate() {
        let judge = direction.judge.as_mut().map(|judge| &mut judge.player);
        let players: Vec<&mut Player> = std::iter::once(&mut direction.generator)
            .chain(judge)
            .collect();
        for player in players {
            take(&mut file, player.name, &mut player.parameters)?;
            take_moments(&mut file, player)?;
            let missing = || ContainerError::Damaged("a player's steps are not there".into());
            player.optimizer.steps = steps.next().ok_or_else(missing)?;
        }
        take(
            &mut file,
            &format!("average{number}"),
            &mut direction.average,
        )?;
        let device = direction.average.device().clone();
        let count = file.card.pooled.get(number).copied().unwrap_or(0);
        direction.pool.pictures.clear();
        for place in 0..count {
            let shape = [1, side, side, channels[number]];
            let values = file.take(&pooled(number, place), &shape)?;
            // A pool that was made smaller keeps the first.
            if place < most {
                let picture = tensor(values, &device).reshape(shape);
                direction.pool.pictures.push(picture);
            }
        }
    }
    game.steps = file.card.steps;
    game.images_seen = file.card.images_seen;
    Ok(file.card)
}

fn pooled(direction: usize, place: usize) -> String {
    format!("pool{direction}/{place:05}")
}
