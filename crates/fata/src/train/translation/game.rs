//! The game of translation: one generator and what judges it where there are
//! pairs; two of each, and the way there and back, where there are none.

use super::pool::Pool;
use super::supply::Batch;
use crate::layers::{Mode, Parameters, Weights};
use crate::loss;
use crate::nets::translation::{Noise, Patches, TranslationForm, Translator};
use crate::recipe::{Distance, LossKind, Recipe, Task, Translation};
use crate::rng::Random;
use crate::train::TrainError;
use crate::train::average::follow;
use crate::train::optimizer::OptimizerState;
use crate::train::player::{Player, Turn};
use crate::train::report::{StepReport, probabilities};
use crate::train::schedule::Moment;
use burn::tensor::{Device, Tensor};

/// Gradient norms are measured on every so many steps.
const NORMS_EVERY: u64 = 8;

/// A generator, its average and, where there is a game, its discriminator.
#[derive(Debug)]
pub(super) struct Direction {
    pub(super) layers: Translator,
    pub(super) generator: Player,
    pub(super) average: Parameters,
    pub(super) judge: Option<Judge>,
    pub(super) pool: Pool,
}

/// A discriminator of what a direction makes.
#[derive(Debug)]
pub(super) struct Judge {
    pub(super) layers: Patches,
    pub(super) player: Player,
}

/// The players, and how far they are.
#[derive(Debug)]
pub(crate) struct Game {
    pub(super) recipe: Recipe,
    pub(super) settings: Translation,
    pub(crate) form: TranslationForm,
    /// There, and back where there are no pairs.
    pub(super) directions: Vec<Direction>,
    pub(super) steps: u64,
    pub(super) images_seen: u64,
}

impl Game {
    /// The game at its beginning.
    pub(crate) fn new(
        recipe: &Recipe,
        settings: &Translation,
        form: &TranslationForm,
        device: &Device,
    ) -> Self {
        let random = Random::new(recipe.train.seed);
        let players = &recipe.optimizer;
        let direction = |number: u64, names: [&'static str; 2], form: &TranslationForm| {
            let (layers, parameters) = Translator::build(form, random, 2 * number, device);
            let judge = (settings.adversarial > 0.0).then(|| {
                // A pair is judged together: whether one is the other's.
                let channels = match settings.task {
                    Task::Paired => form.channels_in + form.channels_out,
                    Task::Unpaired => form.channels_out,
                };
                let (layers, parameters) =
                    Patches::build(form, channels, random, 2 * number + 1, device);
                Judge {
                    layers,
                    player: Player {
                        name: names[1],
                        optimizer: OptimizerState::new(&players.discriminator, &parameters),
                        parameters,
                    },
                }
            });
            Direction {
                layers,
                average: parameters.clone(),
                generator: Player {
                    name: names[0],
                    optimizer: OptimizerState::new(&players.generator, &parameters),
                    parameters,
                },
                judge,
                pool: Pool::new(settings.pool),
            }
        };
        let directions = match settings.task {
            Task::Paired => vec![direction(0, ["generator", "discriminator"], form)],
            Task::Unpaired => vec![
                direction(0, ["generator_ab", "discriminator_b"], form),
                direction(1, ["generator_ba", "discriminator_a"], &form.reversed()),
            ],
        };
        Self {
            recipe: recipe.clone(),
            settings: settings.clone(),
            form: form.clone(),
            directions,
            steps: 0,
            images_seen: 0,
        }
    }

    /// One step: all players learn from one batch.
    pub(crate) fn step(&mut self, batch: &Batch) -> Result<StepReport, TrainError> {
        let turn = Turn {
            step: self.steps + 1,
            measured: self.steps.is_multiple_of(NORMS_EVERY),
            moment: Moment::at(&self.recipe, self.images_seen),
        };
        let mut report = StepReport::default();
        match self.settings.task {
            Task::Paired => self.paired(batch, turn, &mut report)?,
            Task::Unpaired => self.unpaired(batch, turn, &mut report)?,
        }
        let shown = batch.domains[0].dims()[0] as u64;
        self.images_seen += shown;
        self.steps += 1;
        let (settings, seen) = (&self.recipe.average, self.images_seen);
        for direction in &mut self.directions {
            let generator = &direction.generator.parameters;
            follow(&mut direction.average, generator, settings, shown, seen);
            share_statistics(&mut direction.average, generator);
        }
        Ok(report)
    }

    /// Isola et al. 2017: the discriminator first, which sees input and output
    /// together; then the generator, which should fool it and be near the
    /// counterpart.
    fn paired(
        &mut self,
        batch: &Batch,
        turn: Turn,
        report: &mut StepReport,
    ) -> Result<(), TrainError> {
        let [input, target] = batch.domains.clone();
        let noise = self.noise();
        let direction = &mut self.directions[0];
        let g = direction.generator.parameters.tracked(Mode::Train);
        let x = input.clone().autodiff();
        let fake = direction.layers.forward(&g, x.clone(), noise);
        let beside = |y: Tensor<4>, x: Tensor<4>| Tensor::cat(vec![x, y], 3);

        let mut norm_discriminator = Some(0.0);
        if let Some(judge) = &mut direction.judge {
            let real = beside(target.clone(), input.clone());
            let made = fake.clone().detach().without_autodiff();
            let made = beside(made, input.clone());
            norm_discriminator = teach(&self.recipe, judge, [real, made], turn, (report, 1.0))?;
        }
        let away = distance(self.settings.distance, fake.clone(), target.autodiff());
        let name = match self.settings.distance {
            Distance::L1 => "l1",
            Distance::L2 => "l2",
        };
        report.note(name, number(&away), 1.0);
        let mut objective = away * self.settings.reconstruction;
        if let Some(judge) = &direction.judge {
            let fooling = fool(&self.recipe, judge, beside(fake, x));
            report.note("loss_adversarial", number(&fooling), 1.0);
            objective = objective + fooling * self.settings.adversarial;
        }
        report.loss_generator = finite(&objective, turn, &self.directions)?;
        let norm_generator = learn(&mut self.directions, vec![g], &objective, turn)?;
        report.gradient_norms = norm_discriminator.zip(norm_generator).map(|(d, g)| [d, g]);
        Ok(())
    }

    /// Zhu et al. 2017: both generators first, each of which should fool the
    /// other domain's discriminator and be undone by the other; then both
    /// discriminators, shown older pictures too.
    fn unpaired(
        &mut self,
        batch: &Batch,
        turn: Turn,
        report: &mut StepReport,
    ) -> Result<(), TrainError> {
        let settings = &self.settings;
        let real = batch.domains.clone().map(|x| x.autodiff());
        let lent: Vec<Weights> = (self.directions.iter())
            .map(|direction| direction.generator.parameters.tracked(Mode::Train))
            .collect();
        let run = |direction: usize, x: Tensor<4>| {
            self.directions[direction]
                .layers
                .forward(&lent[direction], x, None)
        };
        let mut objective: Option<Tensor<1>> = None;
        let mut add = |loss: Tensor<1>| {
            objective = Some(match objective.take() {
                Some(sum) => sum + loss,
                None => loss,
            });
        };
        let mut fakes = Vec::with_capacity(2);
        for (there, direction) in self.directions.iter().enumerate() {
            let back = 1 - there;
            let fake = run(there, real[there].clone());
            if let Some(judge) = &direction.judge {
                let fooling = fool(&self.recipe, judge, fake.clone());
                report.note("loss_adversarial", number(&fooling), 0.5);
                add(fooling * settings.adversarial);
            }
            if settings.cycle > 0.0 {
                let again = run(back, fake.clone());
                let error = distance(Distance::L1, again, real[there].clone());
                report.note("cycle_error", number(&error), 0.5);
                add(error * settings.cycle);
            }
            let alike = self.form.channels_in == self.form.channels_out;
            if settings.identity > 0.0 && alike {
                let same = run(there, real[back].clone());
                let error = distance(Distance::L1, same, real[back].clone());
                report.note("identity_error", number(&error), 0.5);
                add(error * (settings.identity * settings.cycle));
            }
            fakes.push(fake.detach().without_autodiff());
        }
        let objective = objective.expect("a recipe was checked to have a goal");
        report.loss_generator = finite(&objective, turn, &self.directions)?;
        let norm_generator = learn(&mut self.directions, lent, &objective, turn)?;

        let random = Random::new(self.recipe.train.seed);
        let mut squares = Some(0.0);
        for (there, (direction, fake)) in self.directions.iter_mut().zip(fakes).enumerate() {
            let counter = 2 * self.images_seen + there as u64;
            let shown = direction.pool.exchange(fake, random, counter);
            let Some(judge) = &mut direction.judge else {
                continue;
            };
            let pair = [batch.domains[1 - there].clone(), shown];
            let norm = teach(&self.recipe, judge, pair, turn, (report, 0.5))?;
            squares = squares.zip(norm).map(|(sum, norm)| sum + norm * norm);
        }
        let norm_discriminator = squares.map(f64::sqrt);
        report.gradient_norms = norm_discriminator.zip(norm_generator).map(|(d, g)| [d, g]);
        Ok(())
    }

    fn noise(&self) -> Option<Noise> {
        Some(Noise {
            random: Random::new(self.recipe.train.seed),
            first: self.images_seen,
        })
    }

    /// Says which tensor is not finite, if one is.
    pub(super) fn check(&self) -> Result<(), TrainError> {
        check(&self.directions, self.steps)
    }
}

/// Each player once.
fn check(directions: &[Direction], step: u64) -> Result<(), TrainError> {
    for direction in directions {
        direction.generator.check(step)?;
        if let Some(judge) = &direction.judge {
            judge.player.check(step)?;
        }
    }
    Ok(())
}

/// All generators learn from one objective. The norm of all their gradients.
fn learn(
    directions: &mut [Direction],
    lent: Vec<Weights>,
    objective: &Tensor<1>,
    turn: Turn,
) -> Result<Option<f64>, TrainError> {
    let mut gradients = objective.backward();
    let mut square = Some(0.0);
    for (direction, weights) in directions.iter_mut().zip(lent) {
        let statistics = weights.take_statistics();
        let gradients = weights.gradients(&mut gradients);
        let norm = direction.generator.follow(gradients, turn)?;
        direction.generator.parameters.absorb(statistics);
        square = square.zip(norm).map(|(sum, norm)| sum + norm * norm);
    }
    Ok(square.map(f64::sqrt))
}

/// One update of a discriminator on real pictures and generated ones; a share
/// of the report is its own. Its loss counts half, so that it learns no faster
/// than the generator (Isola et al. 2017, section 3.3); least squares has the
/// half already.
fn teach(
    recipe: &Recipe,
    judge: &mut Judge,
    shown: [Tensor<4>; 2],
    turn: Turn,
    (report, share): (&mut StepReport, f64),
) -> Result<Option<f64>, TrainError> {
    let d = judge.player.parameters.tracked(Mode::Train);
    let answers = judge.layers.judge_both(&d, shown.map(|x| x.autodiff()));
    let [told, fooled] = probabilities(recipe.loss.kind, &answers[0], &answers[1]);
    report.probability_real += told * share;
    report.probability_fake += fooled * share;
    let [on_real, on_fake] = answers;
    let mut loss = loss::discriminator(&recipe.loss, on_real, on_fake);
    if recipe.loss.kind != LossKind::LeastSquares {
        loss = loss * 0.5;
    }
    let value = number(&loss);
    if !value.is_finite() {
        judge.player.check(turn.step)?;
        return Err(not_finite(turn, judge.player.name));
    }
    report.loss_discriminator += value * share;
    let statistics = d.take_statistics();
    let norm = judge.player.learn(d, &loss, turn)?;
    judge.player.parameters.absorb(statistics);
    Ok(norm)
}

/// The generator's goal, through a discriminator whose weights are constants.
fn fool(recipe: &Recipe, judge: &Judge, fake: Tensor<4>) -> Tensor<1> {
    let d = judge.player.parameters.frozen(Mode::Train);
    let on_fake = judge.layers.judge(&d, fake);
    let loss = loss::generator(&recipe.loss, on_fake.clone(), on_fake);
    match recipe.loss.kind {
        // The papers' weights are beside a whole square, not half of one.
        LossKind::LeastSquares => loss * 2.0,
        _ => loss,
    }
}

fn distance(kind: Distance, a: Tensor<4>, b: Tensor<4>) -> Tensor<1> {
    match kind {
        Distance::L1 => (a - b).abs().mean(),
        Distance::L2 => (a - b).powi_scalar(2).mean(),
    }
}

fn number(loss: &Tensor<1>) -> f64 {
    f64::from(crate::layers::numbers(loss.clone().without_autodiff())[0])
}

fn finite(loss: &Tensor<1>, turn: Turn, directions: &[Direction]) -> Result<f64, TrainError> {
    let value = number(loss);
    if value.is_finite() {
        return Ok(value);
    }
    check(directions, turn.step)?;
    Err(not_finite(turn, "generator"))
}

fn not_finite(turn: Turn, player: &'static str) -> TrainError {
    TrainError::NotFinite {
        step: turn.step,
        player,
        tensor: "the loss".into(),
    }
}

/// Running statistics are the generator's own: there is nothing to measure
/// those of the average on but the data.
fn share_statistics(average: &mut Parameters, generator: &Parameters) {
    for index in 0..generator.list().len() {
        if !generator.list()[index].trained {
            average.write(index, generator.read(index));
        }
    }
}
