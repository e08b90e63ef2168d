//! How the binary ends when something went wrong: 1 where the work failed, 2
//! where the command line asked for what cannot be.

use fata::data::DataError;
use fata::device::DeviceError;
use fata::judge::JudgeError;
use fata::judge::features::FeaturesError;
use fata::nets::NetError;
use fata::recipe::RecipeError;
use fata::train::TrainError;
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

/// Says what went wrong, and returns the exit code for it. A reader that went
/// away (`fata recipes | head`) is not an error.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    let broken_pipe = error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe);
    if broken_pipe {
        return ExitCode::SUCCESS;
    }
    let text = format!("{error:#}");
    // Library errors read "what is wrong: what to do"; the last part is a hint
    // where it says so by a semicolon.
    eprintln!("error: {text}");
    if is_usage(error) {
        eprintln!("hint: `fata help` lists the commands, `fata COMMAND --help` their flags");
        return ExitCode::from(2);
    }
    ExitCode::from(1)
}

fn is_usage(error: &anyhow::Error) -> bool {
    if let Some(error) = error.downcast_ref::<TrainError>() {
        return matches!(
            error,
            TrainError::Recipe(_)
                | TrainError::Net(_)
                | TrainError::Data(DataError::BadOption { .. })
        ) || matches!(error, TrainError::Judge(error) if is_judge_usage(error));
    }
    if let Some(error) = error.downcast_ref::<JudgeError>() {
        return is_judge_usage(error);
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
