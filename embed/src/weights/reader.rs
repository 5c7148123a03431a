//! Tensors by name from a safetensors file.

use std::path::Path;

use candle_core::safetensors::SliceSafetensors;
use candle_core::{DType, Device};
use domain::{Error, Result};

use super::{Norm, Stored};

const OPERATION: &str = "load model weights";

/// A file whose tensors are read by the names they have without the prefix of their family.
pub(super) struct Reader<'a> {
    file: SliceSafetensors<'a>,
    prefix: &'static str,
    path: &'a Path,
}

/// The whole file.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| Error::io(OPERATION, path, error))
}

impl<'a> Reader<'a> {
    /// Over the `bytes` of the file at `path`.
    pub(super) fn new(bytes: &'a [u8], path: &'a Path, prefix: &'static str) -> Result<Self> {
        let file = SliceSafetensors::new(bytes).map_err(|error| corrupt(path, error))?;
        Ok(Self { file, prefix, path })
    }

    /// A linear map from `depth` to `width` numbers.
    pub(super) fn linear(&self, name: &str, depth: usize, width: usize, biased: bool) -> Result<Stored> {
        Ok(Stored {
            rows: self.matrix(&format!("{name}.weight"), width, depth)?,
            depth,
            bias: self.bias(name, width, biased)?,
        })
    }

    /// A layer normalisation.
    pub(super) fn norm(&self, name: &str, width: usize, biased: bool) -> Result<Norm> {
        Ok(Norm {
            weight: self.tensor(&format!("{name}.weight"), |shape| shape == [width])?,
            bias: self.bias(name, width, biased)?,
        })
    }

    /// The bias of a map or a normalisation; zeros where it has none.
    pub(super) fn bias(&self, name: &str, width: usize, biased: bool) -> Result<Vec<f32>> {
        if biased {
            self.tensor(&format!("{name}.bias"), |shape| shape == [width])
        } else {
            Ok(vec![0.0; width])
        }
    }

    /// A matrix of just these sizes, row by row.
    pub(super) fn matrix(&self, name: &str, rows: usize, width: usize) -> Result<Vec<f32>> {
        self.tensor(name, |shape| shape == [rows, width])
    }

    /// The first `rows` rows of a matrix that has at least as many, each `width` long.
    pub(super) fn rows(&self, name: &str, rows: usize, width: usize) -> Result<Vec<f32>> {
        let mut values = self.tensor(name, |shape| matches!(shape, [r, w] if *r >= rows && *w == width))?;
        values.truncate(rows * width);
        Ok(values)
    }

    fn tensor(&self, name: &str, fits: impl Fn(&[usize]) -> bool) -> Result<Vec<f32>> {
        let prefixed = format!("{}{name}", self.prefix);
        let name = if self.file.get(&prefixed).is_ok() {
            &prefixed
        } else {
            name
        };
        let failed = |error: candle_core::Error| corrupt(self.path, format!("{name}: {error}"));
        let tensor = self.file.load(name, &Device::Cpu).map_err(failed)?;
        if !fits(tensor.dims()) {
            let shape = tensor.dims();
            return Err(corrupt(
                self.path,
                format!("{name} has the shape {shape:?}, which config.json does not allow"),
            ));
        }
        tensor
            .to_dtype(DType::F32)
            .and_then(|tensor| tensor.flatten_all())
            .and_then(|tensor| tensor.to_vec1())
            .map_err(failed)
    }
}

fn corrupt(path: &Path, message: impl std::fmt::Display) -> Error {
    Error::corrupt(OPERATION, format!("{}: {message}", path.display()))
        .with_hint("verify the model files, or remove them so that they are fetched again")
}
