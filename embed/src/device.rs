//! Which device a model runs on: what was asked for, and what there is.

use candle_core::DType;
use domain::{Error, Result};
use serde::Deserialize;

use crate::weights::Precision;

/// What a model is to run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Device {
    /// A GPU where this build and this machine have one, else the CPU; with a warning where the build is made for one.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The first NVIDIA GPU that `CUDA_VISIBLE_DEVICES` leaves; the CPU, with a warning, where there is none.
    Cuda,
}

/// What an estimate of memory starts from where the device does not tell.
const ASSUMED: usize = 2 << 30;

/// A GPU with the kind of numbers that it calculates with; none where the CPU is to be used.
///
/// # Errors
/// `Invalid` when a GPU is asked for and numbers that only the CPU has.
pub(crate) fn gpu(wanted: Device, precision: Precision) -> Result<Option<(candle_core::Device, DType)>> {
    let numbers = match precision {
        Precision::Auto | Precision::Float16 => DType::F16,
        Precision::BFloat16 => DType::BF16,
        Precision::Float32 => DType::F32,
        Precision::Int8 if wanted == Device::Cuda => {
            return Err(
                Error::invalid("choose device", "products of 8 bits are made on the CPU alone")
                    .with_hint("leave `precision` out, or set `device = \"cpu\"`"),
            );
        }
        Precision::Int8 => return Ok(None),
    };
    if wanted == Device::Cpu || (wanted == Device::Auto && !candle_core::utils::cuda_is_available()) {
        return Ok(None);
    }
    match candle_core::Device::new_cuda(0) {
        Ok(device) => Ok(Some((device, numbers))),
        Err(error) => {
            let reason = reason(&error);
            tracing::warn!(reason, "no GPU can be used; the CPU is used instead");
            Ok(None)
        }
    }
}

fn reason(error: &candle_core::Error) -> String {
    if candle_core::utils::cuda_is_available() {
        return error.to_string();
    }
    "this program was built without CUDA (`cargo build --release --features cuda` makes one with it)".to_owned()
}

/// Bytes of memory that a device has left.
#[cfg(feature = "cuda")]
pub(crate) fn free(device: &candle_core::Device) -> usize {
    use candle_core::cuda_backend::cudarc::driver::result::mem_get_info;
    match device {
        // The device was opened on this thread, which its context is bound to.
        candle_core::Device::Cuda(_) => mem_get_info().map_or(ASSUMED, |(free, _)| free),
        candle_core::Device::Cpu | candle_core::Device::Metal(_) => ASSUMED,
    }
}

/// Bytes of memory that a device has left.
#[cfg(not(feature = "cuda"))]
pub(crate) fn free(_device: &candle_core::Device) -> usize {
    ASSUMED
}

#[cfg(test)]
mod tests {
    use domain::ErrorKind;

    use super::{Device, gpu};
    use crate::weights::Precision;

    #[test]
    fn whole_numbers_stay_on_the_cpu() {
        assert!(gpu(Device::Auto, Precision::Int8).unwrap().is_none());
        assert_eq!(
            gpu(Device::Cuda, Precision::Int8).unwrap_err().kind(),
            ErrorKind::Invalid
        );
    }

    #[test]
    fn the_cpu_is_used_where_it_is_asked_for() {
        assert!(gpu(Device::Cpu, Precision::Auto).unwrap().is_none());
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_build_without_cuda_uses_the_cpu() {
        assert!(gpu(Device::Cuda, Precision::Auto).unwrap().is_none());
    }
}
