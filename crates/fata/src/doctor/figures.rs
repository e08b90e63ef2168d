//! What every figure means that Fata shows anywhere, in a sentence each: one
//! table, from which `fata doctor --explain` and `docs/figures.md` are made.

/// A figure: where it is seen, and what is to be seen by it.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// The name in logs and reports; in the progress line it may be shorter.
    pub name: &'static str,
    /// Where it is shown.
    pub shown: Shown,
    /// What it is, what is good, and what it looks like when things go wrong.
    pub says: &'static str,
}

/// Where a figure is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// In every tick.
    Tick,
    /// In ticks, for the doctor.
    Checkup,
    /// In ticks, where a recipe has it.
    Recipe,
    /// By `fata judge`, and in ticks where `judge.every` is set.
    Judge,
    /// By `fata bench` and dry runs.
    Speed,
}

const fn figure(shown: Shown, name: &'static str, says: &'static str) -> Figure {
    Figure { name, shown, says }
}

use Shown::{Checkup, Judge, Recipe, Speed, Tick};

/// All figures, in the order of the page.
pub const FIGURES: &[Figure] = &[
    figure(
        Tick,
        "images_seen",
        "How many real images the discriminator has been shown, each as often as it was shown; everything is counted by it, and a run that went wrong did so at some value of it.",
    ),
    figure(
        Tick,
        "elapsed_seconds",
        "Seconds of training, those before a resumption included; good is what `--dry-run` promised, and much more means that something else is using the machine.",
    ),
    figure(
        Tick,
        "images_per_second",
        "Real images a second since the last tick; it should stay where it began, and falls when the machine is shared, too hot, or out of memory.",
    ),
    figure(
        Tick,
        "memory_bytes",
        "What the process holds in memory; it should be level after the first ticks, and a steady rise is worth a report.",
    ),
    figure(
        Tick,
        "loss_discriminator",
        "The discriminator's mean loss in nats (`loss D`); 1.386 is guessing in the classical games and 0.693 in the relativistic ones, near 0 it is sure of everything (too strong), and growing without end is divergence.",
    ),
    figure(
        Tick,
        "loss_generator",
        "The generator's mean loss (`loss G`); 0.693 is an even game in most, several nats mean that the discriminator is sure of its samples, near 0 that it is fooled, and it alone never says how good samples are.",
    ),
    figure(
        Tick,
        "probability_real",
        "Mean D(x), what the discriminator thinks of the data it is shown; 1/2 is the end of a perfect game, 0.6 to 0.9 is usual, and 0.99 beside a `probability_fake` of 0.01 leaves the generator little to learn by.",
    ),
    figure(
        Tick,
        "probability_fake",
        "Mean D(G(z)), what it thinks of samples; 1/2 is the end of a perfect game, 0.1 to 0.4 is usual, and more than `probability_real` means that it is too weak. A critic's answers go through the same curve, where 1/2 is 0.",
    ),
    figure(
        Tick,
        "gradient_norm_discriminator",
        "The length of the discriminator's gradient over all weights; it should neither grow by factors from tick to tick (divergence) nor fall to nothing while samples are bad (it has stopped learning).",
    ),
    figure(
        Tick,
        "gradient_norm_generator",
        "The length of the generator's gradient; it should stay within a factor of some, and falling to nothing while samples are bad is the vanishing gradient of a discriminator that is too strong.",
    ),
    figure(
        Checkup,
        "swing_discriminator",
        "Standard deviation of the discriminator's loss over the steps of a tick; good is small beside the loss, and swings as large as the loss itself go with oscillation.",
    ),
    figure(
        Checkup,
        "swing_generator",
        "The same of the generator's loss; good is well below 1 nat, and swings of several nats go with oscillation and with a discriminator that wins and loses by turns.",
    ),
    figure(
        Checkup,
        "probability_held_out",
        "Mean D(x) on data that were never shown; it should be near `probability_real`, and falls away from it when the discriminator knows its data by heart.",
    ),
    figure(
        Checkup,
        "separation",
        "The chance that the discriminator puts a real item (held out, where any is) before a sample, 1/2 being a guess and 1 certainty; between 0.6 and 0.98 both learn, 1 for long with samples that stay far is too strong, below 1/2 it is misled (too weak).",
    ),
    figure(
        Checkup,
        "separation_items",
        "How many items of each side `separation` was measured on; by chance it is off by about 0.4 over its square root, so 256 items leave 0.026.",
    ),
    figure(
        Checkup,
        "overfitting",
        "How far data never shown lie on the way from data shown to samples, in the discriminator's answers (r_v of Karras et al. 2020); 0 is good, and above 0.4 half of what it knows it knows by heart.",
    ),
    figure(
        Checkup,
        "epochs",
        "How often each training item has been shown; by itself neither good nor bad, but a set seen hundreds of times by a discriminator that is sure of it is known by heart.",
    ),
    figure(
        Checkup,
        "diversity",
        "Mean distance between two samples over that between two items of the data, as miniatures; 1 is good, 0 is one sample over and over (mode collapse), and far above 1 the samples have left the data.",
    ),
    figure(
        Checkup,
        "distance",
        "Energy distance of samples and data as miniatures, over the data's mean distance; 0 is as near as it gets (it may fall just below by chance), noise begins at 1 to 2, and it should fall until it is level: rising and falling by factors is oscillation.",
    ),
    figure(
        Checkup,
        "missing",
        "The share of the data in places (cells of k-means) where samples hardly ever are; 0 to 0.15 is good, a third or more that stays is partial mode collapse, and nearly 1 is a full one, or a generator that has not begun to learn.",
    ),
    figure(
        Checkup,
        "novelty",
        "How far samples are from the nearest training item, over how far those are from each other, on sets of 1024 items at most; 1 is as new as data are, and 0 is copies (memorisation).",
    ),
    figure(
        Checkup,
        "unrest",
        "How far samples are from those that the averaged generator makes of the same latents, over the data's mean distance; it falls to below 0.1 as a run comes to rest, and stays at 0.5 and more where the players circle.",
    ),
    figure(
        Recipe,
        "penalty",
        "The sum of the gradient penalties, weighted; good is below the loss it is added to, and a penalty far above it forbids the discriminator to learn (too weak).",
    ),
    figure(
        Recipe,
        "augment_probability",
        "How often adaptive augmentation changes what the discriminator sees; it finds its level by itself, and 1 means that the data are too few for the discriminator.",
    ),
    figure(
        Recipe,
        "loss_classes",
        "The discriminator's loss in naming classes, in nats; it should fall well below the logarithm of the number of classes, which is guessing.",
    ),
    figure(
        Recipe,
        "loss_classes_generator",
        "The same of the generator's samples; it falls when they become recognisable, and stays at the logarithm of the number of classes when they do not.",
    ),
    figure(
        Recipe,
        "test_accuracy",
        "The share of the held-out items whose class a semi-supervised discriminator names; more is better, and what guessing gives means that it has learnt nothing of them.",
    ),
    figure(
        Judge,
        "fid",
        "Fréchet distance between samples and data in a feature network; lower is better and only comparable in the same features with as many samples; it rises when quality or variety is lost.",
    ),
    figure(
        Judge,
        "kid",
        "The same question by a kernel, without bias; 0 within its standard error is as good as data, and it rises when quality or variety is lost.",
    ),
    figure(
        Judge,
        "inception_score",
        "How clear and how varied samples are to a classifier, the number of its classes at best; low is blurred or collapsed, and high can still be a copy of a few.",
    ),
    figure(
        Judge,
        "precision",
        "The share of samples that could be data; 1 is best, and it falls when samples are bad.",
    ),
    figure(
        Judge,
        "recall",
        "The share of the data that could be samples; it falls when something is left out (mode collapse).",
    ),
    figure(
        Judge,
        "density",
        "As precision, counting how often; 1 is what data give, less is bad samples, and more is samples crowded in the data's densest places.",
    ),
    figure(
        Judge,
        "coverage",
        "The share of the data with a sample in its neighbourhood; near 1 is good, and it falls when something is left out (mode collapse).",
    ),
    figure(
        Judge,
        "sliced_wasserstein",
        "Wasserstein distance averaged over directions; lower is better, and what data against data give is the least there is.",
    ),
    figure(
        Judge,
        "ms_ssim",
        "How alike two samples are on the average; it should be as the data's, and more is mode collapse.",
    ),
    figure(
        Judge,
        "nearest_neighbour_accuracy",
        "How often the nearest neighbour tells sample from data; 1/2 is best, 1 is bad samples, and 0 is copies of the data.",
    ),
    figure(
        Judge,
        "classifier_accuracy",
        "How often a classifier trained for it tells sample from data; 1/2 is best, and 1 says that something gives the samples away.",
    ),
    figure(
        Judge,
        "path_length",
        "How much a sample changes for a small step of its latent; smaller is smoother, and very large is a generator that jumps.",
    ),
    figure(
        Judge,
        "mode_count",
        "How many of the known modes have samples; all is good, and fewer are lost (mode collapse).",
    ),
    figure(
        Judge,
        "reverse_kl",
        "How far the samples' shares of the known modes are from the data's; 0 is best, and it grows when modes are lost.",
    ),
    figure(
        Judge,
        "classification_accuracy_score",
        "How well a classifier trained on samples alone names data; more is better, as much as one trained on data is the best there is, and little means wrong labels or lost variety.",
    ),
    figure(
        Judge,
        "memorisation",
        "How far samples are from the data beside how far fresh data are; 1 is as new as fresh data, and 0 is copies.",
    ),
    figure(
        Speed,
        "step_milliseconds",
        "How long a step of both players takes; `fata bench` measures it.",
    ),
    figure(
        Speed,
        "gflop_per_step",
        "How much arithmetic a step has, by counting.",
    ),
    figure(
        Speed,
        "gflops",
        "How much of it is done in a second; good is near `peak_gflops`.",
    ),
    figure(
        Speed,
        "peak_gflops",
        "What this machine's processor does on one large product.",
    ),
    figure(
        Speed,
        "efficiency",
        "The share of the peak that a step reaches; small networks reach less, since they wait for memory and for each other.",
    ),
    figure(
        Speed,
        "expected_seconds",
        "How long the run will take at the speed of the first steps; good is what you can wait for, and `--minutes` ends it earlier.",
    ),
    figure(
        Speed,
        "expected_memory_bytes",
        "The most memory that the run will need; it must fit the machine, or training becomes very slow.",
    ),
];

/// What a figure means.
pub fn explain(name: &str) -> Option<&'static Figure> {
    FIGURES.iter().find(|figure| figure.name == name)
}

/// All of it as a page: `docs/figures.md`.
pub fn page() -> String {
    let mut page = String::from(
        "# What the numbers mean\n\n\
         One sentence for every figure that Fata shows: what it is, what is good, and what it looks like when things go\n\
         wrong. `fata doctor --explain NAME` prints it, and `fata doctor --explain all` this page.\n",
    );
    let parts = [
        (Tick, "In every tick, and in the progress line"),
        (Checkup, "Measured at a tick for the doctor"),
        (Recipe, "In a tick where the recipe has it"),
        (
            Judge,
            "Metrics of `fata judge`, and of ticks with `judge.every`",
        ),
        (Speed, "Of `fata bench` and `--dry-run`"),
    ];
    for (shown, title) in parts {
        page.push_str(&format!(
            "\n## {title}\n\n| figure | what it says |\n|---|---|\n"
        ));
        for figure in FIGURES.iter().filter(|figure| figure.shown == shown) {
            page.push_str(&format!("| `{}` | {} |\n", figure.name, figure.says));
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Metric;

    #[test]
    fn the_page_in_docs_is_this_table() {
        let written = include_str!("../../../../docs/figures.md").replace("\r\n", "\n");
        assert!(
            written == page(),
            "write it anew: fata doctor --explain all > docs/figures.md"
        );
    }

    #[test]
    fn every_metric_and_every_figure_has_one_sentence() {
        for metric in Metric::ALL {
            assert!(explain(metric.name()).is_some(), "{}", metric.name());
        }
        for (at, figure) in FIGURES.iter().enumerate() {
            assert!(figure.says.ends_with('.'), "{}", figure.name);
            let twin = FIGURES[..at].iter().find(|one| one.name == figure.name);
            assert!(twin.is_none(), "{} is explained twice", figure.name);
        }
        assert!(explain("loss").is_none());
    }
}
