//! Where tensors are computed, chosen when the program runs.

pub use burn::tensor::Device;
use std::str::FromStr;

/// A device's name: `cpu`, `vulkan[:N]` or `cuda[:N]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceName {
    /// The processor: the only device on which runs are the same bit for bit.
    #[default]
    Cpu,
    /// A graphics card through Vulkan, by its number.
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
    /// If the program was built without it.
    pub fn open(self) -> Result<Device, DeviceError> {
        match self {
            Self::Cpu => Ok(Device::flex()),
            #[cfg(feature = "vulkan")]
            Self::Vulkan(number) => Ok(Device::vulkan(burn::tensor::DeviceKind::DiscreteGpu(
                number,
            ))),
            #[cfg(not(feature = "vulkan"))]
            Self::Vulkan(_) => Err(DeviceError::NotBuilt("vulkan")),
            #[cfg(feature = "cuda")]
            Self::Cuda(number) => Ok(Device::cuda(number)),
            #[cfg(not(feature = "cuda"))]
            Self::Cuda(_) => Err(DeviceError::NotBuilt("cuda")),
        }
    }
}
