//! What the answers say together: how often people were fooled, how sure of
//! that one may be, and by which pictures.
//!
//! The interval is a bootstrap over players, since the answers of one person
//! hang together and those of another are another sample of people: players are
//! drawn with repetition, each with all answers, and the share is taken of all
//! that were drawn. Of one player alone only the answers can be drawn, and the
//! report says so.
//!
//! # Source
//! Zhou et al. 2019, arXiv 1904.01121, section 3: bootstrap over evaluators.

use super::{Judgement, Judgements};
use crate::judge::measured::{Measured, spread};
use crate::rng::{Draws, Random, Stream};
use serde::Serialize;
use std::collections::BTreeMap;

/// Replicates of the bootstrap.
const REPLICATES: u64 = 2000;
/// Below so many players the interval is narrower than the truth.
const FEW_PLAYERS: usize = 5;
/// Pictures at either end of a list.
const LISTED: usize = 8;

/// What 50 % means.
const MEANING: &str = "the share of rounds in which the generated picture was taken for the real one: at 50 % people cannot tell them apart, at 0 % they always can, and above 50 % the generated ones look more real than the real ones";

/// How people judged a run.
#[derive(Clone, Debug, Serialize)]
pub struct HumanReport {
    /// What was judged.
    pub name: String,
    /// Answers.
    pub rounds: usize,
    /// People who gave them.
    pub players: usize,
    /// `share_fooled`, with its bootstrap interval; its reference is 1/2.
    pub metrics: BTreeMap<&'static str, Measured>,
    /// What the share means.
    pub meaning: &'static str,
    /// Each player.
    pub by_player: Vec<PlayerTally>,
    /// Each time that pictures were shown for.
    pub by_time: Vec<TimeTally>,
    /// Generated pictures that were most often taken for real.
    pub most_convincing: Vec<PictureTally>,
    /// Generated pictures that were found out most often.
    pub least_convincing: Vec<PictureTally>,
    /// Real pictures that were most often taken for generated.
    pub real_doubted: Vec<PictureTally>,
    /// Lines of the file that are no answer.
    pub passed_over: usize,
    /// What a reader of the numbers should know.
    pub warnings: Vec<String>,
}

/// A player's answers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlayerTally {
    /// The player.
    pub player: String,
    /// Answers.
    pub rounds: usize,
    /// Of them wrong.
    pub fooled: usize,
    /// The middle time to an answer.
    pub median_seconds: f64,
}

/// The answers to pictures that were shown for one time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TimeTally {
    /// The time; none where pictures stayed until the answer.
    pub shown_milliseconds: Option<u64>,
    /// Answers.
    pub rounds: usize,
    /// Of them wrong.
    pub fooled: usize,
}

/// The answers to one picture.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PictureTally {
    /// A seed, or the number of a real picture.
    pub number: u64,
    /// How often it was shown.
    pub rounds: usize,
    /// How often the answer was wrong.
    pub fooled: usize,
}

impl HumanReport {
    /// What the answers say; `seed` is that of the bootstrap. Nothing, if there
    /// are none.
    pub fn new(name: impl Into<String>, judgements: &Judgements, seed: u64) -> Option<Self> {
        let answers = &judgements.list[..];
        if answers.is_empty() {
            return None;
        }
        let mut groups: BTreeMap<&str, Vec<&Judgement>> = BTreeMap::new();
        for answer in answers {
            groups.entry(&answer.player).or_default().push(answer);
        }
        let by_player: Vec<_> = groups.iter().map(|(name, all)| player(name, all)).collect();
        let tallies: Vec<_> = by_player
            .iter()
            .map(|one| [one.rounds, one.fooled])
            .collect();
        let (generated, real) = (
            pictures(answers, |answer| answer.seed),
            pictures(answers, |answer| answer.item),
        );
        Some(Self {
            name: name.into(),
            rounds: answers.len(),
            players: by_player.len(),
            metrics: BTreeMap::from([("share_fooled", share_fooled(&tallies, seed))]),
            meaning: MEANING,
            warnings: warnings(answers, by_player.len()),
            by_player,
            by_time: by_time(answers),
            least_convincing: listed(generated.iter().rev().filter(|one| !one.mostly_fooled())),
            most_convincing: listed(generated.iter().filter(|one| one.fooled > 0)),
            real_doubted: listed(real.iter().filter(|one| one.fooled > 0)),
            passed_over: judgements.passed_over,
        })
    }

    /// The share of rounds in which people were fooled.
    pub fn share_fooled(&self) -> Measured {
        self.metrics["share_fooled"]
    }
}

impl PictureTally {
    /// A share that believes the more, the more often the picture was shown:
    /// `(fooled + 1) / (rounds + 2)`, Laplace's rule of succession.
    fn expected(&self) -> f64 {
        (self.fooled + 1) as f64 / (self.rounds + 2) as f64
    }

    fn mostly_fooled(&self) -> bool {
        2 * self.fooled > self.rounds
    }
}

fn player(name: &str, answers: &[&Judgement]) -> PlayerTally {
    let mut seconds: Vec<f64> = answers.iter().map(|answer| answer.seconds).collect();
    seconds.sort_unstable_by(f64::total_cmp);
    PlayerTally {
        player: name.into(),
        rounds: answers.len(),
        fooled: answers.iter().filter(|answer| answer.fooled).count(),
        median_seconds: seconds[seconds.len() / 2],
    }
}

fn by_time(answers: &[Judgement]) -> Vec<TimeTally> {
    let mut tallies: BTreeMap<Option<u64>, [usize; 2]> = BTreeMap::new();
    for answer in answers {
        let tally = tallies.entry(answer.shown_milliseconds).or_default();
        tally[0] += 1;
        tally[1] += usize::from(answer.fooled);
    }
    let tallies = tallies.into_iter();
    tallies
        .map(|(shown_milliseconds, [rounds, fooled])| TimeTally {
            shown_milliseconds,
            rounds,
            fooled,
        })
        .collect()
}

/// The pictures that were shown, those that fooled most first.
fn pictures(answers: &[Judgement], number: impl Fn(&Judgement) -> u64) -> Vec<PictureTally> {
    let mut tallies: BTreeMap<u64, [usize; 2]> = BTreeMap::new();
    for answer in answers {
        let tally = tallies.entry(number(answer)).or_default();
        tally[0] += 1;
        tally[1] += usize::from(answer.fooled);
    }
    let mut pictures: Vec<_> = tallies
        .into_iter()
        .map(|(number, [rounds, fooled])| PictureTally {
            number,
            rounds,
            fooled,
        })
        .collect();
    // Stable: equals stay in the order of their numbers.
    pictures.sort_by(|a, b| b.expected().total_cmp(&a.expected()));
    pictures
}

fn listed<'a>(pictures: impl Iterator<Item = &'a PictureTally>) -> Vec<PictureTally> {
    pictures.take(LISTED).copied().collect()
}

/// The share of wrong answers, with the spread and the middle 95 % of bootstrap
/// replicates; `tallies` are each player's rounds and wrong answers.
fn share_fooled(tallies: &[[usize; 2]], seed: u64) -> Measured {
    let [rounds, fooled] = sum(tallies.iter());
    let value = fooled as f64 / rounds as f64;
    // Of one player, the answers are drawn instead.
    let alone: Vec<[usize; 2]>;
    let drawn_from = match tallies {
        [[rounds, fooled]] => {
            alone = (0..*rounds)
                .map(|at| [1, usize::from(at < *fooled)])
                .collect();
            &alone[..]
        }
        several => several,
    };
    let exact = Measured::exact(value).against(0.5);
    if drawn_from.len() < 2 {
        return exact;
    }
    let mut replicates: Vec<f64> = (0..REPLICATES)
        .map(|replicate| {
            let mut draws = Random::new(seed).at(Stream::Bootstrap, replicate);
            replicate_share(drawn_from, &mut draws)
        })
        .collect();
    let standard_error = spread(&replicates);
    replicates.sort_unstable_by(f64::total_cmp);
    let quantile =
        |share: f64| replicates[(share * (replicates.len() - 1) as f64).round() as usize];
    Measured {
        standard_error: Some(standard_error),
        interval: Some([quantile(0.025), quantile(0.975)]),
        ..exact
    }
}

fn replicate_share(tallies: &[[usize; 2]], draws: &mut Draws) -> f64 {
    let count = tallies.len() as u32;
    let [rounds, fooled] = sum((0..count).map(|_| &tallies[draws.below(count) as usize]));
    fooled as f64 / rounds as f64
}

fn sum<'a>(tallies: impl Iterator<Item = &'a [usize; 2]>) -> [usize; 2] {
    tallies.fold([0, 0], |sum, one| [sum[0] + one[0], sum[1] + one[1]])
}

fn warnings(answers: &[Judgement], players: usize) -> Vec<String> {
    let mut warnings = Vec::new();
    match players {
        1 => warnings.push(
            "one player: the interval is over that person's answers and says nothing of other people"
                .into(),
        ),
        2..FEW_PLAYERS => warnings.push(format!(
            "{players} players: an interval over so few people is narrower than the truth"
        )),
        _ => {}
    }
    let first = answers[0].images_seen;
    if answers.iter().any(|answer| answer.images_seen != first) {
        warnings.push(
            "the run was trained on between rounds: the answers are about several generators"
                .into(),
        );
    }
    if answers.iter().any(|answer| answer.feedback) && answers.iter().any(|answer| !answer.feedback)
    {
        warnings.push(
            "some players were told the truth after each answer, and learn from it; others were not"
                .into(),
        );
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::super::tests::answer;
    use super::*;

    fn of(list: Vec<Judgement>) -> HumanReport {
        let judgements = Judgements {
            list,
            passed_over: 0,
        };
        HumanReport::new("run", &judgements, 0).unwrap()
    }

    #[test]
    fn nobody_has_said_anything() {
        assert!(HumanReport::new("run", &Judgements::default(), 0).is_none());
    }

    #[test]
    fn the_interval_is_over_players_and_not_over_their_answers() {
        // Half the people always fooled, half never: 100 answers each say no
        // more than one would.
        let mut list = Vec::new();
        for number in 0..2000 {
            let player = number % 20;
            list.push(answer(
                number,
                &player.to_string(),
                number % 50,
                player % 2 == 0,
            ));
        }
        let share = of(list.clone()).share_fooled();
        assert_eq!((share.value, share.reference), (0.5, Some(0.5)));
        // The standard error of a share of 20: sqrt(0.25 / 20).
        assert!((share.standard_error.unwrap() - 0.1118).abs() < 0.008);
        let [low, high] = share.interval.unwrap();
        assert!((low - 0.3).abs() < 0.051 && (high - 0.7).abs() < 0.051);
        assert_eq!(of(list).share_fooled(), share, "the same again");
    }

    #[test]
    fn one_player_has_an_interval_over_answers_and_is_told_so() {
        let list = (0..100)
            .map(|number| answer(number, "ann", number, number < 25))
            .collect();
        let report = of(list);
        let share = report.share_fooled();
        assert_eq!(share.value, 0.25);
        // sqrt(0.25 * 0.75 / 100).
        assert!((share.standard_error.unwrap() - 0.0433).abs() < 0.004);
        assert!(report.warnings[0].contains("one player"));
        let single = of(vec![answer(0, "ann", 3, true)]);
        assert_eq!(single.share_fooled().interval, None);
    }

    #[test]
    fn pictures_are_ranked_by_how_often_they_fooled_and_were_shown() {
        let mut list = vec![answer(0, "ann", 1, true)];
        list.extend((1..6).map(|round| answer(round, "ann", 2, true)));
        list.extend((6..11).map(|round| answer(round, "bob", 3, false)));
        list.push(answer(11, "bob", 4, false));
        let report = of(list);
        let numbers = |some: &[PictureTally]| some.iter().map(|one| one.number).collect::<Vec<_>>();
        assert_eq!(numbers(&report.most_convincing), [2, 1]);
        assert_eq!(numbers(&report.least_convincing), [3, 4]);
        assert_eq!(report.real_doubted[0].number, 7);
        assert_eq!(
            (report.by_player[0].fooled, report.by_player[1].fooled),
            (6, 0)
        );
    }

    #[test]
    fn mixed_conditions_are_said() {
        let mut list = vec![answer(0, "ann", 1, true), answer(1, "bob", 1, true)];
        list[1].images_seen += 1;
        list[1].feedback = false;
        list[1].shown_milliseconds = Some(500);
        let report = of(list);
        assert_eq!(report.warnings.len(), 3);
        assert_eq!(report.by_time.len(), 2);
        assert_eq!(report.by_time[1].shown_milliseconds, Some(500));
    }
}
