//! A way through the latent space, cut into frames.

use super::interpolation::{Interpolation, between};
use super::{Direction, LatentError};
use crate::ship::Place;

/// A way from place to place. What it shows is asked for frame by frame, so no
/// more of it is in memory than somebody wants.
#[derive(Clone, Debug)]
pub struct Walk {
    way: Way,
    frames: usize,
}

#[derive(Clone, Debug)]
enum Way {
    /// From stop to stop, and back to the first if closed.
    Stops {
        stops: Vec<Place>,
        closed: bool,
        by: Interpolation,
    },
    /// To both sides of one place.
    Swing {
        middle: Place,
        direction: Direction,
        strength: f32,
        closed: bool,
    },
}

impl Walk {
    /// A way from stop to stop, in `frames` frames in all, as many for each leg. A
    /// closed one goes on from the last stop to the first, and its last frame is
    /// the one before the first again, so that it can be shown round and round. An
    /// open one begins at the first stop and ends at the last.
    ///
    /// # Errors
    /// If there are fewer than two stops.
    pub fn through(
        stops: Vec<Place>,
        frames: usize,
        closed: bool,
        by: Interpolation,
    ) -> Result<Self, LatentError> {
        if stops.len() < 2 {
            return Err(LatentError::TooFewStops);
        }
        let way = Way::Stops { stops, closed, by };
        Ok(Self { way, frames })
    }

    /// A way along a direction: from `strength` standard deviations before
    /// `middle` to as many behind it. A closed one begins in the middle and swings
    /// to both sides and back.
    pub fn along(
        middle: Place,
        direction: Direction,
        strength: f32,
        frames: usize,
        closed: bool,
    ) -> Self {
        let way = Way::Swing {
            middle,
            direction,
            strength,
            closed,
        };
        Self { way, frames }
    }

    /// Frames in all.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// The place that a frame, counted from 0, shows.
    pub fn place(&self, frame: usize) -> Place {
        let closed = match &self.way {
            Way::Stops { closed, .. } | Way::Swing { closed, .. } => *closed,
        };
        let steps = if closed { self.frames } else { self.frames - 1 };
        let share = frame as f64 / steps.max(1) as f64;
        match &self.way {
            Way::Stops { stops, closed, by } => {
                let legs = if *closed {
                    stops.len()
                } else {
                    stops.len() - 1
                };
                // Exact at the stops: whole numbers are divided, not shares multiplied.
                let at = (frame * legs) as f64 / steps.max(1) as f64;
                let leg = (at as usize).min(legs - 1);
                let [from, to] = [leg, leg + 1].map(|stop| &stops[stop % stops.len()]);
                between(from, to, at - leg as f64, *by)
            }
            Way::Swing {
                middle,
                direction,
                strength,
                closed,
            } => {
                let side = match closed {
                    true => libm::sin(std::f64::consts::TAU * share),
                    false => 2.0 * share - 1.0,
                };
                Place {
                    z: direction.along(&middle.z, strength * side as f32),
                    classes: middle.classes.clone(),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(x: f32, y: f32) -> Place {
        Place {
            z: vec![x, y],
            classes: Vec::new(),
        }
    }

    fn shown(walk: &Walk) -> Vec<Vec<f32>> {
        let places = (0..walk.frames()).map(|frame| walk.place(frame).z);
        places.collect()
    }

    #[test]
    fn a_loop_ends_a_frame_before_its_beginning_and_an_open_way_at_its_last_stop() {
        let stops = || vec![place(0.0, 0.0), place(2.0, 0.0), place(2.0, 2.0)];
        let walk = Walk::through(stops(), 6, true, Interpolation::Linear).unwrap();
        let expected = [
            [0.0, 0.0],
            [1.0, 0.0],
            [2.0, 0.0],
            [2.0, 1.0],
            [2.0, 2.0],
            [1.0, 1.0],
        ];
        assert_eq!(shown(&walk), expected);
        let walk = Walk::through(stops(), 5, false, Interpolation::Linear).unwrap();
        assert_eq!(shown(&walk), &expected[..5]);
        let one = Walk::through(stops(), 1, false, Interpolation::Linear).unwrap();
        assert_eq!(shown(&one), [[0.0, 0.0]]);
        let alone = Walk::through(vec![place(0.0, 1.0)], 9, true, Interpolation::Linear);
        assert!(matches!(alone, Err(LatentError::TooFewStops)));
    }

    #[test]
    fn every_stop_is_a_frame_where_the_frames_divide_among_the_legs() {
        let stops: Vec<_> = (0..7).map(|i| place(i as f32, 1.0)).collect();
        let walk = Walk::through(stops.clone(), 21, true, Interpolation::Spherical).unwrap();
        for (number, stop) in stops.iter().enumerate() {
            assert_eq!(&walk.place(3 * number), stop);
        }
    }

    #[test]
    fn a_walk_along_a_direction_swings_to_both_sides() {
        let direction = Direction {
            name: "up".into(),
            vector: vec![0.0, 1.0],
            share: None,
        };
        let walk = Walk::along(place(5.0, 0.0), direction.clone(), 3.0, 3, false);
        assert_eq!(shown(&walk), [[5.0, -3.0], [5.0, 0.0], [5.0, 3.0]]);
        let walk = Walk::along(place(5.0, 0.0), direction, 3.0, 4, true);
        let heights: Vec<f32> = shown(&walk).iter().map(|z| z[1]).collect();
        assert!((heights[1] - 3.0).abs() < 1e-6 && (heights[3] + 3.0).abs() < 1e-6);
    }
}
