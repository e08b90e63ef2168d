//! Which place of the latent space an address asks for.

use super::finds::Finds;
use crate::painter::Painter;
use crate::query::Query;
use crate::reply::Refusal;
use crate::service::{LARGEST_TRUNC, seed};
use fata::latent::{Blend, Evaluation, Expression, Interpolation, Place, Term, between};
use std::collections::BTreeMap;
use std::fmt::Write;

/// What an address may say.
pub(super) const NAMES: [&str; 7] = ["seed", "sum", "to", "at", "directions", "trunc", "class"];

/// Standard deviations along a direction, either way: beyond them is no picture.
const FARTHEST: f32 = 10.0;

/// A place that is asked for.
pub(super) struct Wish {
    start: Start,
    /// What to go towards, and how far.
    to: Option<(Expression, f32)>,
    /// Directions, by name or number, and how far along each.
    moves: Vec<(String, f32)>,
    trunc: f32,
    class: Option<String>,
}

enum Start {
    Seed(u64),
    /// Seeds and kept latents, as `fata blend` reads them: `mean(3,9) - 7 + @TOKEN`.
    Sum(Expression),
}

impl Wish {
    /// Reads an address.
    ///
    /// # Errors
    /// 400 where it cannot be meant.
    pub(super) fn read(query: &Query) -> Result<Self, Refusal> {
        let start = match query.text("sum") {
            None => Start::Seed(seed(query)?),
            Some(_) if query.text("seed").is_some() => {
                return Err(Refusal::bad("give a seed or a sum, not both"));
            }
            Some(text) => Start::Sum(sum("sum", text)?),
        };
        let to = query.text("to").map(|text| sum("to", text)).transpose()?;
        let at = query.number("at", 0.0, 1.0)?.unwrap_or(0.5);
        let moves = query.text("directions").map(moves).transpose()?;
        Ok(Self {
            start,
            to: to.map(|to| (to, at)),
            moves: moves.unwrap_or_default(),
            trunc: query.number("trunc", 0.0, LARGEST_TRUNC)?.unwrap_or(1.0),
            class: query.text("class").map(str::to_owned),
        })
    }

    /// The seed, where the place begins at one.
    pub(super) fn seed(&self) -> Option<u64> {
        match self.start {
            Start::Seed(seed) => Some(seed),
            Start::Sum(_) => None,
        }
    }

    /// What the place is called in a picture's note.
    pub(super) fn name(&self) -> String {
        let mut name = match &self.start {
            Start::Seed(seed) => seed.to_string(),
            Start::Sum(sum) => sum.to_string(),
        };
        // Writing to a string does not fail.
        if let Some((to, at)) = &self.to {
            let _ = write!(name, " to {to} at {at}");
        }
        for (direction, amount) in &self.moves {
            let _ = write!(name, ", {amount} along {direction}");
        }
        name
    }

    /// The place: seeds are truncated, added up or gone between, and what comes out
    /// is moved along the directions, as the commands do.
    ///
    /// # Errors
    /// 400 where the model has no such class or direction, or a sum cancels out;
    /// 404 where a latent is not kept.
    pub(super) fn place(&self, painter: &Painter, finds: &Finds) -> Result<Place, Refusal> {
        let class = self.class.as_deref();
        let mut place = match &self.start {
            Start::Seed(seed) => painter.place(*seed, self.trunc, class)?,
            Start::Sum(sum) => self.sum(sum, painter, finds)?,
        };
        if let Some((to, at)) = &self.to {
            let to = self.sum(to, painter, finds)?;
            place = between(&place, &to, f64::from(*at), Interpolation::Spherical);
        }
        for (wanted, amount) in &self.moves {
            let direction = painter.directions().named(wanted);
            let direction = direction.map_err(|error| Refusal::bad(error.to_string()))?;
            place.z = direction.along(&place.z, *amount);
        }
        Ok(place)
    }

    fn sum(&self, sum: &Expression, painter: &Painter, finds: &Finds) -> Result<Place, Refusal> {
        let generator = painter.narrowed(self.trunc, self.class.as_deref())?;
        let mut kept = BTreeMap::new();
        for term in sum.parts().iter().flat_map(|part| part.weights.keys()) {
            if let Term::File(token) = term {
                kept.insert(token.clone(), finds.place(token, painter)?);
            }
        }
        Blend::place(&generator, sum, &kept, Evaluation::Rescaled)
            .map_err(|error| Refusal::bad(error.to_string()))
    }
}

fn sum(name: &str, text: &str) -> Result<Expression, Refusal> {
    let read = text.parse();
    read.map_err(|error| Refusal::bad(format!("{name}: {error}")))
}

/// Reads `0:1.5,3:-2`.
fn moves(text: &str) -> Result<Vec<(String, f32)>, Refusal> {
    let mut moves: Vec<(String, f32)> = Vec::new();
    for part in text.split(',') {
        let read = part.rsplit_once(':').and_then(|(direction, amount)| {
            let amount = amount.trim().parse().ok();
            let amount = amount.filter(|amount: &f32| amount.abs() <= FARTHEST);
            Some((direction.trim().to_owned(), amount?))
        });
        let Some(one) = read else {
            return Err(Refusal::bad(format!(
                "directions={text}: write NUMBER:AMOUNT,NUMBER:AMOUNT, amounts from -{FARTHEST} to {FARTHEST}"
            )));
        };
        if moves.iter().any(|(known, _)| *known == one.0) {
            return Err(Refusal::bad(format!(
                "directions={text}: {} is given twice",
                one.0
            )));
        }
        moves.push(one);
    }
    Ok(moves)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Wish, Refusal> {
        Wish::read(&Query::parse(Some(text), &NAMES)?)
    }

    #[test]
    fn an_address_says_where_a_picture_lies_and_what_it_is_called() {
        let wish = read("seed=7&to=9&at=0.25&directions=0:1.5,sefa3:-2").unwrap();
        assert_eq!(wish.name(), "7 to 9 at 0.25, 1.5 along 0, -2 along sefa3");
        assert_eq!(wish.seed(), Some(7));
        let wish = read("sum=3+-+7+%2B+%40abc").unwrap();
        assert_eq!(wish.name(), "3 - 7 + @abc");
        assert_eq!(wish.seed(), None);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for bad in [
            "seed=1&sum=2",
            "sum=3+-",
            "seed=1&directions=0",
            "seed=1&directions=0:x",
            "seed=1&directions=0:NaN",
            "seed=1&directions=0:11",
            "seed=1&directions=0:1,0:2",
            "seed=1&to=2&at=1.5",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
