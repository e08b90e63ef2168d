//! Where tensors are computed, chosen when the program runs.

pub use burn::tensor::Device;
#[cfg(any(feature = "vulkan", feature = "cuda"))]
use burn::tensor::DeviceType;
use std::str::FromStr;

/// A device's name: `cpu`, `vulkan[:N]` or `cuda[:N]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceName {
    /// The processor: the only device on which runs are the same bit for bit.
    #[default]
    Cpu,
    /// A graphics card through Vulkan, by its number: cards of their own first, then
    /// those in the processor, virtual ones, and software that plays one.
    Vulkan(usize),
    /// An NVIDIA card, by its number.
    Cuda(usize),
}

/// Why there is no such device.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// The name means nothing.
    #[error("`{0}` is no device: use cpu, vulkan[:N] or cuda[:N]")]
    Unknown(String),
    /// The program was built without it.
    #[error(
        "this fata was built without {0}: build it with `--features {0}`, or use `--device cpu`"
    )]
    NotBuilt(&'static str),
    /// The machine has none, or not so many.
    #[error(
        "there is no {name}:{number}: this machine shows {found} of that kind (they are counted from 0); \
         install the card's driver, name another, or use `--device cpu`"
    )]
    Missing {
        /// What was asked for.
        name: &'static str,
        /// Which of them.
        number: usize,
        /// How many there are.
        found: usize,
    },
}

impl FromStr for DeviceName {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Self, DeviceError> {
        let (name, number) = text.split_once(':').unwrap_or((text, "0"));
        let number = number
            .parse()
            .map_err(|_| DeviceError::Unknown(text.into()))?;
        match name {
            "cpu" if !text.contains(':') => Ok(Self::Cpu),
            "vulkan" => Ok(Self::Vulkan(number)),
            "cuda" => Ok(Self::Cuda(number)),
            _ => Err(DeviceError::Unknown(text.into())),
        }
    }
}

impl DeviceName {
    /// Opens the device.
    ///
    /// # Errors
    /// If the program was built without it, or the machine has none.
    pub fn open(self) -> Result<Device, DeviceError> {
        match self {
            Self::Cpu => Ok(Device::flex()),
            #[cfg(feature = "vulkan")]
            Self::Vulkan(number) => numbered("vulkan", number, DeviceType::Wgpu),
            #[cfg(not(feature = "vulkan"))]
            Self::Vulkan(_) => Err(DeviceError::NotBuilt("vulkan")),
            #[cfg(feature = "cuda")]
            Self::Cuda(number) => numbered("cuda", number, DeviceType::Cuda),
            #[cfg(not(feature = "cuda"))]
            Self::Cuda(_) => Err(DeviceError::NotBuilt("cuda")),
        }
    }
}

/// One of the machine's devices of a kind.
#[cfg(any(feature = "vulkan", feature = "cuda"))]
fn numbered(name: &'static str, number: usize, kind: DeviceType) -> Result<Device, DeviceError> {
    let devices = Device::enumerate(kind);
    let found = devices.len();
    let chosen = devices.into_iter().nth(number);
    chosen.ok_or(DeviceError::Missing {
        name,
        number,
        found,
    })
}
