//! What networks are made for: the architecture, the data's form, the labels.

use super::NetError;
use crate::data::Kind;
use crate::recipe::{Condition, Model, ModelKind};

/// What the networks are made for.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// The recipe's `[model]`.
    pub model: Model,
    /// The data's form, as samples have it.
    pub kind: Kind,
    /// Classes of the data's labels; 0 where the players are told none.
    pub classes: usize,
}

impl Form {
    /// The form of a recipe's model on data with so many classes.
    pub fn new(model: &Model, kind: Kind, classes: usize) -> Self {
        let conditioned = model.condition != Condition::None;
        Self {
            model: model.clone(),
            kind,
            classes: if conditioned { classes } else { 0 },
        }
    }

    /// The side of the square on which networks work, if the data are pictures
    /// and the architecture cannot take them as they are: convolutional ones work
    /// on powers of two, and smaller data are padded to the next one.
    pub fn padded_side(&self) -> Option<usize> {
        match (self.model.kind, self.kind) {
            (ModelKind::Mlp, _) | (_, Kind::Points { .. }) => None,
            (_, Kind::Images { height, width, .. }) => {
                Some(height.max(width).next_power_of_two().max(16))
            }
        }
    }

    /// The shape of what runs through the networks, without the batch.
    pub fn network_shape(&self) -> Vec<usize> {
        match self.kind {
            Kind::Images {
                channels,
                height,
                width,
            } => match self.padded_side() {
                Some(side) => vec![side, side, channels],
                None => vec![height, width, channels],
            },
            Kind::Points { dimensions } => vec![dimensions],
        }
    }

    /// Whether labels join the generator's latent vector.
    pub fn labels_join_latent(&self) -> bool {
        match self.model.condition {
            Condition::None | Condition::SemiSupervised => false,
            Condition::Concatenation | Condition::Auxiliary => true,
            Condition::Projection => self.conditional_norm_classes() == 0,
        }
    }

    /// Whether the generator makes samples of a class.
    pub fn generator_is_conditioned(&self) -> bool {
        !matches!(
            self.model.condition,
            Condition::None | Condition::SemiSupervised
        )
    }

    pub(super) fn generator_inputs(&self) -> usize {
        let joined = if self.labels_join_latent() {
            self.classes
        } else {
            0
        };
        self.model.latent + joined
    }

    /// Classes of the generator's conditional batch normalisation; 0 where it
    /// is the same for all.
    pub(super) fn conditional_norm_classes(&self) -> usize {
        let normed = matches!(self.model.kind, ModelKind::Dcgan | ModelKind::Resnet);
        if normed && self.model.condition == Condition::Projection {
            self.classes
        } else {
            0
        }
    }

    /// Whether labels join the discriminator's input as planes.
    pub(super) fn labels_join_samples(&self) -> bool {
        self.model.condition == Condition::Concatenation
    }

    /// Numbers of a sample beside each other in its last dimension, for the
    /// discriminator: channels, label planes, packed samples.
    fn discriminator_channels(&self, channels: usize) -> usize {
        let joined = if self.labels_join_samples() {
            self.classes
        } else {
            0
        };
        (channels + joined) * self.model.packing
    }

    /// Numbers that go into the discriminator.
    pub(super) fn discriminator_inputs(&self) -> usize {
        let shape = self.network_shape();
        let [outer @ .., last] = &shape[..] else {
            return 0;
        };
        outer.iter().product::<usize>() * self.discriminator_channels(*last)
    }

    /// `[side, side, channels]` of a picture.
    ///
    /// # Panics
    /// If the data are points.
    pub(super) fn picture(&self) -> [usize; 3] {
        self.network_shape()
            .try_into()
            .expect("the form was checked to be a picture's")
    }

    /// The picture as the discriminator sees it.
    ///
    /// # Panics
    /// If the data are points.
    pub(super) fn discriminator_picture(&self) -> [usize; 3] {
        let [height, width, channels] = self.picture();
        [height, width, self.discriminator_channels(channels)]
    }

    pub(super) fn discriminator_width(&self) -> usize {
        self.model.discriminator_width.unwrap_or(self.model.width)
    }

    pub(super) fn check(&self) -> Result<(), NetError> {
        let kind = self.model.kind.name();
        let condition = match self.model.condition {
            Condition::None => None,
            Condition::Concatenation => Some("concatenation"),
            Condition::Auxiliary => Some("auxiliary"),
            Condition::Projection => Some("projection"),
            Condition::SemiSupervised => Some("semi-supervised"),
        };
        if let (Some(condition), 0) = (condition, self.classes) {
            return Err(NetError::NoLabels { condition });
        }
        match (self.model.kind, self.kind) {
            (ModelKind::Translation, _) => Err(NetError::Translates),
            (ModelKind::Mlp, _) => Ok(()),
            (_, Kind::Points { dimensions }) => {
                Err(NetError::PointsNotPictures { kind, dimensions })
            }
            (_, Kind::Images { height, width, .. }) => {
                let side = height.max(width);
                if (1..=256).contains(&side) {
                    Ok(())
                } else {
                    Err(NetError::Resolution { kind, side })
                }
            }
        }
    }
}
