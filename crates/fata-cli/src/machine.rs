//! What commands that compute are told alike: where, on how many threads, and
//! for whom the outcome is written.

use crate::failure::Usage;
use clap::Args;
use fata::DeviceName;
use fata::device::Device;

#[derive(Args)]
pub(crate) struct Machine {
    /// cpu, vulkan[:N] or cuda[:N]
    #[arg(long, default_value = "cpu")]
    device: DeviceName,
    /// Threads that compute; the result is the same for any number
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// One JSON object on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

impl Machine {
    /// Starts the threads and opens the device; to be called once.
    pub(crate) fn open(&self) -> anyhow::Result<Device> {
        match self.threads {
            Some(0) => return Err(Usage("--threads must be at least 1".into()).into()),
            Some(threads) => fata::set_threads(threads)?,
            None => {}
        }
        Ok(self.device.open()?)
    }
}
