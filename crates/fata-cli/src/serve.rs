//! `fata serve`: a generator over HTTP.

use crate::failure::Usage;
use crate::machine::Machine;
use clap::Args;
use fata::ship::{ModelError, Which};
use fata::{Generator, Translator};
use fata_studio::{Limits, Server, ServerOptions, service, translation_service};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Exit code after Ctrl-C, as shells have it.
const INTERRUPTED: u8 = 130;

#[derive(Args)]
pub(crate) struct ServeArgs {
    /// A run folder, or a .safetensors file that fata wrote
    model: PathBuf,
    /// Which generator of a run: best (as judged while it trained) or last
    #[arg(long, default_value = "best")]
    which: Which,
    #[command(flatten)]
    place: Place,
    /// Pictures that may wait to be made; those beyond are refused with 503
    #[arg(long, value_name = "N", default_value_t = 256)]
    queue: usize,
    /// Connections at once; those beyond wait until one is closed
    #[arg(long, value_name = "N", default_value_t = 512)]
    connections: usize,
    /// Seconds that an answer may take; after them it is 504
    #[arg(long, value_name = "S", default_value_t = 30.0)]
    timeout: f64,
    #[command(flatten)]
    machine: Machine,
    /// Print nothing
    #[arg(short, long)]
    quiet: bool,
}

/// Where a server listens, and to whom.
#[derive(Args)]
pub(crate) struct Place {
    /// The port; 0 for any that is free
    #[arg(long, value_name = "N", default_value_t = 8000)]
    port: u16,
    /// The address; any but this machine's own asks for a token
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    host: String,
    /// The token to ask for [default: none on loopback, else one made up]
    #[arg(long, value_name = "TEXT")]
    token: Option<String>,
}

impl Place {
    /// Takes the address. The first Ctrl-C ends the server, the second the process.
    pub(crate) fn open(self, limits: Limits) -> anyhow::Result<Server> {
        use signal_hook::consts::{SIGINT, SIGTERM};
        use signal_hook::flag;
        let plain = |text: &String| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        if self.token.as_ref().is_some_and(|token| !plain(token)) {
            let message = "--token must be of letters, digits, `-`, `_` and `.`: it goes into addresses and cookies";
            return Err(Usage(message.into()).into());
        }
        let stop = Arc::new(AtomicBool::new(false));
        let server = Server::bind(ServerOptions {
            host: self.host,
            port: self.port,
            token: self.token,
            limits,
            stop: Arc::clone(&stop),
        })?;
        for signal in [SIGINT, SIGTERM] {
            flag::register_conditional_shutdown(signal, INTERRUPTED.into(), Arc::clone(&stop))?;
            flag::register(signal, Arc::clone(&stop))?;
        }
        Ok(server)
    }
}

pub(crate) fn run(arguments: ServeArgs) -> anyhow::Result<ExitCode> {
    if !(0.001..=86_400.0).contains(&arguments.timeout) {
        return Err(Usage("--timeout must be from 0.001 to 86400 seconds".into()).into());
    }
    if !(1..=1_000_000).contains(&arguments.queue) {
        return Err(Usage("--queue must be from 1 to 1000000".into()).into());
    }
    if !(1..=100_000).contains(&arguments.connections) {
        return Err(Usage("--connections must be from 1 to 100000".into()).into());
    }
    let limits = Limits {
        queue: arguments.queue,
        connections: arguments.connections,
        time: Duration::from_secs_f64(arguments.timeout),
        ..Limits::default()
    };
    let device = arguments.machine.open()?;
    let (model, which) = (&arguments.model, arguments.which);
    let name = model.display().to_string();
    let service = match Generator::load_which(model, which, &device) {
        Ok(generator) => service(generator, &name, limits)?,
        Err(error) if matches!(error, ModelError::Translates { .. }) || is_foreign(model) => {
            translation_service(Translator::load(model, which, &device)?, &name, limits)
        }
        Err(error) => return Err(error.into()),
    };
    let server = arguments.place.open(limits)?;
    if arguments.machine.json {
        println!("{}", json!({ "url": server.url(), "model": name }));
    } else if !arguments.quiet {
        eprintln!("{name} is served at {} (Ctrl-C ends it)", server.url());
    }
    server.run(service)?;
    Ok(ExitCode::from(INTERRUPTED))
}

/// Whether a file is one of the reference implementation of translations.
fn is_foreign(model: &Path) -> bool {
    let ending = model.extension().unwrap_or_default().to_ascii_lowercase();
    ["pth", "pt"].iter().any(|known| ending == *known)
}
