//! One domain: its pictures, or what draws them from the other's.

use crate::data::drawing::Drawing;
use crate::data::{Dataset, Kind};
use image::DynamicImage;
use std::sync::Arc;

/// Which part of a file's picture is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::data) enum Cut {
    /// All of it.
    #[default]
    Whole,
    /// The left half of a pair.
    Left,
    /// Its right half.
    Right,
}

impl Cut {
    pub(in crate::data) fn of(self, picture: DynamicImage) -> Result<DynamicImage, String> {
        let (width, height) = (picture.width(), picture.height());
        if self != Self::Whole && width < 2 {
            return Err("it is one pixel wide and has no halves".to_owned());
        }
        Ok(match self {
            Self::Whole => picture,
            Self::Left => picture.crop_imm(0, 0, width / 2, height),
            Self::Right => picture.crop_imm(width - width / 2, 0, width / 2, height),
        })
    }
}

/// The pictures of one domain.
#[derive(Clone)]
pub(super) enum Side {
    Pictures(Arc<Dataset>, Cut),
    /// Drawn from the other domain's.
    Drawn(Drawing),
}

impl Side {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Pictures(data, _) => data.len(),
            Self::Drawn(_) => 0,
        }
    }

    pub(super) fn name(&self, item: u32) -> String {
        match self {
            Self::Pictures(data, _) => data.item_name(item as usize),
            Self::Drawn(drawing) => drawing.name().to_owned(),
        }
    }

    /// Channels: as wanted, or what the pictures hold; of a drawing, by the
    /// second domain's.
    pub(super) fn channels(&self, [wanted, of_other]: [Option<usize>; 2]) -> usize {
        match self {
            Self::Pictures(data, _) => match data.kind() {
                Kind::Images { channels, .. } => channels,
                Kind::Points { .. } => 1,
            },
            Self::Drawn(drawing) => drawing.channels(of_other.or(wanted).unwrap_or(3)),
        }
    }

    pub(super) fn stem(&self, item: u32) -> String {
        let name = self.name(item);
        let end = match name.rfind('.') {
            Some(dot) if dot > name.rfind('/').map_or(0, |slash| slash + 1) => dot,
            _ => name.len(),
        };
        name[..end].to_owned()
    }
}

/// The domains' own side, if both have one; a power of two that networks take.
pub(super) fn own_resolution(sides: &[Side; 2]) -> usize {
    let own = sides.iter().filter_map(|side| match side {
        Side::Pictures(data, Cut::Whole) => match data.kind() {
            Kind::Images { height, .. } => Some(height),
            Kind::Points { .. } => None,
        },
        Side::Pictures(data, _) => data.size_of(0).map(|[_, height]| height as usize),
        Side::Drawn(_) => None,
    });
    let side = own.max().unwrap_or(64).clamp(32, 256);
    1 << side.ilog2()
}

/// The shorter side of most pictures as their files have them: the median of the
/// domain with the larger ones, 0 where files do not say.
pub(super) fn shorter_side(sides: &[Side; 2]) -> usize {
    let median = |data: &Dataset, cut: Cut| {
        let parts = if cut == Cut::Whole { 1 } else { 2 };
        let sizes = (0..data.len()).filter_map(|item| data.size_of(item));
        let mut shorter: Vec<u32> = sizes.map(|[w, h]| h.min(w / parts)).collect();
        shorter.sort_unstable();
        shorter
            .get(shorter.len() / 2)
            .map_or(0, |&side| side as usize)
    };
    let medians = sides.iter().map(|side| match side {
        Side::Pictures(data, cut) => median(data, *cut),
        Side::Drawn(_) => 0,
    });
    medians.max().unwrap_or(0)
}
