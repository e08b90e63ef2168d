//! Which of several is best, and whether that could be chance.

use super::metric::Metric;
use super::report::Report;
use serde::Serialize;

/// Standard errors that a difference must exceed to be more than noise: 95 %.
const NOISE: f64 = 1.96;

/// Reports in the order of one metric.
#[derive(Clone, Debug, Serialize)]
pub struct Ranking {
    /// The metric.
    pub metric: Metric,
    /// The best first.
    pub places: Vec<Place>,
}

/// One report's place.
#[derive(Clone, Debug, Serialize)]
pub struct Place {
    /// What was judged.
    pub name: String,
    /// Which of the reports it is.
    pub report: usize,
    /// The metric's value.
    pub value: f64,
    /// Its standard error, where it has one.
    pub standard_error: Option<f64>,
    /// Whether the difference to the best is no more than chance would give;
    /// nothing where errors are not known, and for the best itself.
    pub noise: Option<bool>,
}

impl Ranking {
    /// Ranks reports by a metric; those that lack it are left out.
    pub fn by(metric: Metric, reports: &[Report]) -> Self {
        let mut places: Vec<(f64, Place)> = reports
            .iter()
            .enumerate()
            .filter_map(|(index, report)| {
                let measured = report.metrics.get(&metric)?;
                let place = Place {
                    name: report.name.clone(),
                    report: index,
                    value: measured.value,
                    standard_error: measured.standard_error,
                    noise: None,
                };
                Some((metric.badness(measured.value, measured.reference), place))
            })
            .collect();
        places.sort_by(|a, b| a.0.total_cmp(&b.0));
        let best = places
            .first()
            .map(|(badness, place)| (*badness, place.standard_error));
        for (badness, place) in places.iter_mut().skip(1) {
            if let (Some((least, Some(a))), Some(b)) = (best, place.standard_error) {
                place.noise = Some(*badness - least <= NOISE * a.hypot(b));
            }
        }
        Self {
            metric,
            places: places.into_iter().map(|(_, place)| place).collect(),
        }
    }

    /// What the order is worth, in a sentence.
    pub fn verdict(&self) -> String {
        let [best, second, ..] = &self.places[..] else {
            return format!("{}: nothing to compare", self.metric);
        };
        let (metric, a, b) = (self.metric, &best.name, &second.name);
        match second.noise {
            Some(true) => format!(
                "{metric}: {a} comes out before {b}, but the difference is noise: either could be the better one"
            ),
            Some(false) => format!("{metric}: {a} is better than {b} by more than chance gives"),
            None => format!(
                "{metric}: {a} comes out before {b}; how much of that is chance is not known at this size"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Measured;

    fn report(name: &str, fid: Measured) -> Report {
        Report {
            name: name.into(),
            against: "digits".into(),
            features: "digits".into(),
            samples: 100,
            against_samples: 100,
            metrics: [(Metric::Fid, fid)].into(),
            missing_modes: Vec::new(),
            warnings: Vec::new(),
            closest: Vec::new(),
            items: Vec::new(),
            against_items: Vec::new(),
        }
    }

    #[test]
    fn the_lower_fid_comes_first_and_close_ones_are_called_noise() {
        let reports = [
            report("worst", Measured::with_error(9.0, 0.5)),
            report("second", Measured::with_error(5.2, 0.5)),
            report("best", Measured::with_error(5.0, 0.5)),
        ];
        let ranking = Ranking::by(Metric::Fid, &reports);
        let found: Vec<_> = ranking.places.iter().map(|p| (p.report, p.noise)).collect();
        assert_eq!(found, [(2, None), (1, Some(true)), (0, Some(false))]);
        assert!(ranking.verdict().contains("noise"));
        let blind = [
            report("a", Measured::exact(1.0)),
            report("b", Measured::exact(2.0)),
        ];
        assert!(
            Ranking::by(Metric::Fid, &blind)
                .verdict()
                .contains("not known")
        );
    }
}
