//! Checkpoints: everything that is needed to go on as if nothing had happened.
//!
//! That is both players' weights, statistics and moments, the average, and the
//! counters of the random streams and of the data's order; there is no other
//! state. Times are kept but promise nothing.

use super::auto::Act;
use super::game::Game;
use super::player::Player;
use super::tick::Meters;
use crate::augment::{AdaController, AdaState};
use crate::layers::{Parameter, Parameters, Stored, numbers, tensor};
use crate::ship::container::{Card, Container, ContainerError};
use serde::{Deserialize, Serialize};

/// What every checkpoint says, of whatever game.
#[derive(Serialize, Deserialize)]
struct Seen {
    images_seen: u64,
}

impl Card for Seen {
    const KIND: &'static str = "checkpoint";
}

/// What a checkpoint holds beside tensors.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct State {
    steps: u64,
    pub(crate) images_seen: u64,
    images_generated: u64,
    optimizer_steps: [u64; 2],
    /// How far adaptive augmentation is.
    augment: AdaState,
    pub(crate) elapsed_seconds: f64,
    pub(crate) meters: Meters,
    /// What `--auto` did so far.
    #[serde(default)]
    acts: Vec<Act>,
}

impl Card for State {
    const KIND: &'static str = "checkpoint";
}

/// Reads a checkpoint's bytes, all of them checked, and says how many images
/// its run had seen.
///
/// # Errors
/// If they are damaged, or of another file or version.
pub fn checkpoint_images_seen(bytes: &[u8]) -> Result<u64, ContainerError> {
    Container::<Seen>::decode(bytes).map(|file| file.card.images_seen)
}

/// The game as a file's bytes.
pub(crate) fn encode(game: &Game, elapsed_seconds: f64, meters: &Meters) -> Vec<u8> {
    let mut tensors = Stored::new();
    for player in [&game.generator, &game.discriminator] {
        put(&mut tensors, player.name, &player.parameters);
        put_moments(&mut tensors, player);
    }
    put(&mut tensors, "average", &game.average);
    for (player, slow) in [&game.generator, &game.discriminator]
        .into_iter()
        .zip(&game.slow)
    {
        for (parameter, value) in trained(&player.parameters).zip(slow) {
            let name = format!("{}.slow/{}", player.name, parameter.name);
            tensors.insert(name, (parameter.shape.clone(), numbers(value.clone())));
        }
    }
    let card = State {
        steps: game.steps,
        images_seen: game.images_seen,
        images_generated: game.images_generated,
        optimizer_steps: [
            game.generator.optimizer.steps,
            game.discriminator.optimizer.steps,
        ],
        augment: game.ada.state().clone(),
        elapsed_seconds,
        meters: meters.clone(),
        acts: game.acts.clone(),
    };
    Container { card, tensors }.encode()
}

/// Puts a file's contents into a game of the same recipe.
///
/// # Errors
/// If the file is damaged, or of another game; the game is then half filled
/// and must not be used.
pub(crate) fn restore(game: &mut Game, bytes: &[u8]) -> Result<State, ContainerError> {
    let mut file = Container::<State>::decode(bytes)?;
    game.repeat(file.card.acts.clone());
    for player in [&mut game.generator, &mut game.discriminator] {
        take(&mut file, player.name, &mut player.parameters)?;
        take_moments(&mut file, player)?;
    }
    take(&mut file, "average", &mut game.average)?;
    let players = [&game.generator, &game.discriminator];
    for (player, slow) in players.into_iter().zip(&mut game.slow) {
        // Lookahead that a resumed run begins with starts from where it is.
        let now = player.parameters.trained();
        for ((parameter, value), now) in trained(&player.parameters).zip(slow).zip(now) {
            let name = format!("{}.slow/{}", player.name, parameter.name);
            *value = match file.tensors.contains_key(&name) {
                true => {
                    let numbers = file.take(&name, &parameter.shape)?;
                    tensor(numbers, player.parameters.device())
                }
                false => now,
            };
        }
    }
    let state = file.card;
    game.ada = AdaController::resumed(&game.recipe.augment, state.augment.clone());
    game.steps = state.steps;
    game.images_seen = state.images_seen;
    game.images_generated = state.images_generated;
    [
        game.generator.optimizer.steps,
        game.discriminator.optimizer.steps,
    ] = state.optimizer_steps;
    Ok(state)
}

fn trained(parameters: &Parameters) -> impl Iterator<Item = &Parameter> {
    let list = parameters.list().iter();
    list.filter(|parameter| parameter.trained)
}

/// Puts a player's moments into a file.
pub(super) fn put_moments(tensors: &mut Stored, player: &Player) {
    for (index, parameter) in trained(&player.parameters).enumerate() {
        for (moment, list) in [
            ("first", &player.optimizer.first),
            ("second", &player.optimizer.second),
        ] {
            if let Some(value) = list.get(index) {
                let name = format!("{}.{moment}/{}", player.name, parameter.name);
                tensors.insert(name, (parameter.shape.clone(), numbers(value.clone())));
            }
        }
    }
}

/// Puts all of a player's tensors into a file.
pub(super) fn put(tensors: &mut Stored, owner: &str, parameters: &Parameters) {
    for (index, parameter) in parameters.list().iter().enumerate() {
        let name = format!("{owner}/{}", parameter.name);
        tensors.insert(name, (parameter.shape.clone(), parameters.read(index)));
    }
}

/// Takes all of a player's tensors out of a file.
pub(super) fn take<C: Card>(
    file: &mut Container<C>,
    owner: &str,
    parameters: &mut Parameters,
) -> Result<(), ContainerError> {
    for index in 0..parameters.list().len() {
        let parameter = &parameters.list()[index];
        let numbers = file.take(&format!("{owner}/{}", parameter.name), &parameter.shape)?;
        parameters.write(index, numbers);
    }
    Ok(())
}

/// Takes a player's moments out of a file.
pub(super) fn take_moments<C: Card>(
    file: &mut Container<C>,
    player: &mut Player,
) -> Result<(), ContainerError> {
    for (index, parameter) in trained(&player.parameters).enumerate() {
        for (moment, list) in [
            ("first", &mut player.optimizer.first),
            ("second", &mut player.optimizer.second),
        ] {
            if let Some(value) = list.get_mut(index) {
                let name = format!("{}.{moment}/{}", player.name, parameter.name);
                *value = tensor(
                    file.take(&name, &parameter.shape)?,
                    player.parameters.device(),
                );
            }
        }
    }
    Ok(())
}
