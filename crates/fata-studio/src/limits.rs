//! How much may be asked of the server at once.

use std::time::Duration;

/// Bounds on requests; each has a status code of its own for what goes over.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes in the body of a request; more is 413.
    pub body_bytes: usize,
    /// Pixels in a picture that is sent; more is 413.
    pub picture_pixels: u64,
    /// Pictures that may wait to be made; more is 503.
    pub queue: usize,
    /// Connections at once; more wait until one is closed.
    pub connections: usize,
    /// From a request's head to its answer; longer is 504.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 16 << 20,
            picture_pixels: 4096 * 4096,
            queue: 256,
            connections: 512,
            time: Duration::from_secs(30),
        }
    }
}
