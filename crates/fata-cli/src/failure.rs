//! How the binary ends when something went wrong: 1 where the work failed, 2
//! where the command line asked for what cannot be.

use fata::data::DataError;
use fata::device::DeviceError;
use fata::judge::JudgeError;
use fata::judge::features::FeaturesError;
use fata::latent::LatentError;
use fata::nets::NetError;
use fata::recipe::RecipeError;
use fata::train::TrainError;
use std::path::Path;
use std::process::ExitCode;

/// A command line that asks for what cannot be.
#[derive(Debug)]
pub(crate) struct Usage(pub(crate) String);

impl std::fmt::Display for Usage {
    fn fmt(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// A run that ended in its middle: what it had saved is whole, and there is a
/// way on.
#[derive(Debug)]
struct Resumable {
    error: TrainError,
    hint: String,
}

impl std::fmt::Display for Resumable {
    fn fmt(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        self.error.fmt(out)
    }
}

impl std::error::Error for Resumable {}

/// The error that ended a run; where the run can go on, with how it can.
pub(crate) fn resumable(error: TrainError, run: &Path) -> anyhow::Error {
    let run = run.display();
    let hint = match error {
        TrainError::File(_) | TrainError::Folder { .. } | TrainError::Model(_) => {
            format!("what was saved is whole; go on with: fata train --resume {run}")
        }
        TrainError::NotFinite { .. } => format!("what to change: fata doctor {run}"),
        error => return error.into(),
    };
    Resumable { error, hint }.into()
}

/// Says what went wrong, and returns the exit code for it. A reader that went
/// away (`fata recipes | head`) is not an error.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    let broken_pipe = error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe);
    if broken_pipe {
        return ExitCode::SUCCESS;
    }
    eprintln!("error: {}", text(error));
    if let Some(stopped) = error.downcast_ref::<Resumable>() {
        eprintln!("hint: {}", stopped.hint);
    }
    if is_usage(error) {
        eprintln!("hint: `fata help` lists the commands, `fata COMMAND --help` their flags");
        return ExitCode::from(2);
    }
    ExitCode::from(1)
}

/// The error and what caused it. Most messages quote their cause already; one
/// that is quoted is not said twice.
fn text(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

fn is_usage(error: &anyhow::Error) -> bool {
    if let Some(error) = error.downcast_ref::<TrainError>() {
        return matches!(
            error,
            TrainError::Recipe(_)
                | TrainError::Net(_)
                | TrainError::Fixed { .. }
                | TrainError::Data(DataError::BadOption { .. })
        ) || matches!(error, TrainError::Judge(error) if is_judge_usage(error));
    }
    if let Some(error) = error.downcast_ref::<JudgeError>() {
        return is_judge_usage(error);
    }
    if let Some(error) = error.downcast_ref::<LatentError>() {
        return is_latent_usage(error);
    }
    error.is::<Usage>()
        || matches!(
            error.downcast_ref::<FeaturesError>(),
            Some(FeaturesError::Unknown(_))
        )
        || error.is::<RecipeError>()
        || error.is::<NetError>()
        || error.is::<DeviceError>()
        || matches!(
            error.downcast_ref::<DataError>(),
            Some(DataError::BadOption { .. })
        )
}

fn is_judge_usage(error: &JudgeError) -> bool {
    matches!(
        error,
        JudgeError::UnknownMetric { .. }
            | JudgeError::NotApplicable { .. }
            | JudgeError::Features(FeaturesError::Unknown(_))
            | JudgeError::Data(DataError::BadOption { .. })
    )
}

fn is_latent_usage(error: &LatentError) -> bool {
    matches!(
        error,
        LatentError::TooFewStops
            | LatentError::Cancelled(_)
            | LatentError::NoDirection { .. }
            | LatentError::TooManyDirections { .. }
            | LatentError::Points(_)
            | LatentError::Data(DataError::BadOption { .. })
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn a_cause_is_said_once() {
        let cause = || std::io::Error::other("it is on fire");
        let quoted = TrainError::Folder {
            path: "runs".into(),
            source: cause(),
        };
        assert_eq!(text(&quoted.into()).matches("on fire").count(), 1);
        let wrapped = Err::<(), _>(cause()).context("cannot make the folder");
        assert_eq!(
            text(&wrapped.unwrap_err()),
            "cannot make the folder: it is on fire"
        );
    }
}
