//! `cargo xtask vulkan`: whether a training step runs on a Vulkan device, where
//! the portable operators do, and gives the losses that the processor gives.
//! Any device serves, a software one as well. Not part of `ci`: few machines
//! have one, and the engine is built a second time.

#[cfg(feature = "vulkan")]
pub(crate) fn check() -> anyhow::Result<()> {
    on_device::check()
}

/// Builds this program again with the device, and lets that one check.
#[cfg(not(feature = "vulkan"))]
pub(crate) fn check() -> anyhow::Result<()> {
    use anyhow::{Context, ensure};
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = std::process::Command::new(cargo);
    command.args([
        "run",
        "--release",
        "--package",
        "xtask",
        "--features",
        "vulkan",
        "--",
        "vulkan",
    ]);
    let status = command.status().context("cannot run cargo")?;
    ensure!(status.success(), "training on Vulkan does not agree");
    Ok(())
}

#[cfg(feature = "vulkan")]
mod on_device {
    use anyhow::ensure;
    use fata::Recipe;
    use fata::bench::StepBench;
    use fata::data::Kind;

    const STEPS: usize = 10;

    /// Largest difference of a loss. Sums are in another order there, and Adam
    /// makes whole steps of the smallest gradients.
    const TOLERANCE: f64 = 1e-4;

    pub(super) fn check() -> anyhow::Result<()> {
        for (name, sets) in [
            ("mlp", &["model.width=32"][..]),
            ("dcgan", &["model.width=8"][..]),
        ] {
            let mut recipe = Recipe::named(name)?.with_set("train.batch=8")?;
            for set in sets {
                recipe = recipe.with_set(set)?;
            }
            let kind = Kind::Images {
                channels: 1,
                height: 28,
                width: 28,
            };
            let bench = StepBench {
                recipe: &recipe,
                kind,
                steps: STEPS,
                profile: false,
            };
            let [cpu, vulkan] = ["cpu", "vulkan"].map(|device| -> anyhow::Result<_> {
                let device = device.parse::<fata::DeviceName>()?.open()?;
                Ok(bench.losses(&device)?)
            });
            let (cpu, vulkan) = (cpu?, vulkan?);
            let mut worst = 0.0_f64;
            for (step, (cpu, vulkan)) in cpu.iter().zip(&vulkan).enumerate() {
                println!("{name} {}: cpu {cpu:.6?} vulkan {vulkan:.6?}", step + 1);
                for (a, b) in cpu.iter().zip(vulkan) {
                    // A difference that is no number is the worst.
                    let difference = (a - b).abs();
                    worst = if difference <= worst {
                        worst
                    } else {
                        difference
                    };
                }
            }
            println!("{name}: largest difference {worst:.1e}, allowed {TOLERANCE:.0e}");
            ensure!(worst <= TOLERANCE, "{name}: the losses differ by {worst:e}");
        }
        Ok(())
    }
}
