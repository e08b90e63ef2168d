//! The address, and the life of a server on it.

use crate::door::Door;
use crate::guard::{Guard, guard};
use crate::limits::Limits;
use crate::reply::Refusal;
use crate::service::Service;
use axum::http::{StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often the server looks whether it should stop.
const GLANCE: Duration = Duration::from_millis(50);

/// How long answers that are under way may take once it should.
const FAREWELL: Duration = Duration::from_secs(5);

/// How long a connection may lie idle beyond the time that an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Threads for what would keep others waiting: encoding, files.
const BLOCKING_THREADS: usize = 8;

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Another program has the port.
    #[error(
        "port {port} of {host} is in use: stop the program that has it, or choose another with --port (0 for any that is free)"
    )]
    InUse {
        /// Of this machine.
        host: String,
        /// The port.
        port: u16,
    },
    /// The address is not this machine's, or the port is not for everybody.
    #[error("cannot listen on {host}, port {port}: {source}")]
    Address {
        /// As it was given.
        host: String,
        /// The port.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// The system gives no threads, sockets or random numbers.
    #[error("the server cannot run: {0}")]
    System(String),
    /// The folder of runs.
    #[error("cannot open the folder of runs {}: {source}", path.display())]
    Folder {
        /// The folder.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Points are no pictures.
    #[error(
        "this model makes points, and what is served are pictures: `fata sample MODEL -o points.csv` writes its points"
    )]
    Points,
}

/// Where the server listens, to whom, and until when.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// An address or a name of this machine.
    pub host: String,
    /// 0 for any that is free.
    pub port: u16,
    /// What others than this machine must know; made up where it is needed and
    /// not given.
    pub token: Option<String>,
    /// How much may be asked.
    pub limits: Limits,
    /// Set to end the server: answers under way are finished.
    pub stop: Arc<AtomicBool>,
}

/// A server that has its address and waits to be run.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    host: String,
    token: Option<String>,
    limits: Limits,
    stop: Arc<AtomicBool>,
}

impl Server {
    /// Takes the address.
    ///
    /// # Errors
    /// If it is taken or not this machine's.
    pub fn bind(options: ServerOptions) -> Result<Self, ServerError> {
        let ServerOptions {
            host,
            port,
            token,
            limits,
            stop,
        } = options;
        let explain = |source: std::io::Error| match source.kind() {
            std::io::ErrorKind::AddrInUse => ServerError::InUse {
                host: host.clone(),
                port,
            },
            _ => ServerError::Address {
                host: host.clone(),
                port,
                source,
            },
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let addresses: Vec<SocketAddr> = (bare, port).to_socket_addrs().map_err(explain)?.collect();
        let listener = TcpListener::bind(&addresses[..]).map_err(explain)?;
        listener.set_nonblocking(true).map_err(explain)?;
        let address = listener.local_addr().map_err(explain)?;
        let token = match (token, address.ip().is_loopback()) {
            (None, false) => Some(made_up_token()?),
            (token, _) => token,
        };
        Ok(Self {
            listener,
            address,
            host,
            token,
            limits,
            stop,
        })
    }

    /// Where the server is, for a browser; with the token, if one is needed.
    pub fn url(&self) -> String {
        let port = self.address.port();
        let name = match self.address {
            SocketAddr::V6(address) if self.host.contains(':') => format!("[{}]", address.ip()),
            _ => self.host.clone(),
        };
        match &self.token {
            Some(token) => format!("http://{name}:{port}/?token={token}"),
            None => format!("http://{name}:{port}/"),
        }
    }

    /// Answers until it is told to stop, and then finishes what it began.
    ///
    /// # Errors
    /// If the system gives no threads.
    pub fn run(self, service: Service) -> Result<(), ServerError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(BLOCKING_THREADS)
            .build()
            .map_err(|error| ServerError::System(error.to_string()))?;
        let outcome = runtime.block_on(self.answer(service));
        // What still reads or encodes has nobody left to answer.
        runtime.shutdown_background();
        outcome.map_err(|error| ServerError::System(error.to_string()))
    }

    async fn answer(self, service: Service) -> std::io::Result<()> {
        let watch = Arc::new(Guard {
            loopback: self.address.ip().is_loopback(),
            token: self.token,
            limits: self.limits,
            meters: service.meters,
        });
        let routes = service
            .routes
            .fallback(no_such_page)
            .method_not_allowed_fallback(no_such_method)
            .layer(from_fn_with_state(watch, guard));
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        let idle = self.limits.time + PATIENCE;
        let door = Door::new(listener, self.limits.connections, idle);
        let stop = self.stop;
        let asked = Arc::clone(&stop);
        let serving = axum::serve(door, routes).with_graceful_shutdown(until(asked));
        tokio::select! {
            outcome = async { serving.await } => outcome,
            () = async { until(stop).await; tokio::time::sleep(FAREWELL).await } => Ok(()),
        }
    }
}

async fn until(stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(GLANCE).await;
    }
}

async fn no_such_page(uri: Uri) -> Refusal {
    Refusal::missing(format!("there is no {}", uri.path()))
}

async fn no_such_method() -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "this is not asked that way")
}

/// 128 bits that nobody can guess, in hexadecimal.
fn made_up_token() -> Result<String, ServerError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| ServerError::System(error.to_string()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
