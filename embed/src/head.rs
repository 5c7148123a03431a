//! The classification head of a cross-encoder: a linear map, an activation, and a linear map to one number.

use crate::cpu::finish::Bias;
use crate::cpu::int8;
use crate::encoder::{activate, normalise};
use crate::weights::Head;

impl Head {
    /// The score of a pooled vector, from 0 to 1.
    pub(crate) fn score(&self, pooled: &[f32]) -> f32 {
        let mut quantised = int8::Left::default();
        let mut inner = vec![0.0; self.dense.width()];
        activate(&self.dense, self.activation, (pooled, &mut quantised), &mut inner);
        if let Some(norm) = &self.norm {
            normalise(&mut inner, norm, self.epsilon);
        }
        let mut score = [0.0];
        self.score
            .multiply(&inner, &mut quantised, Bias(&self.score.bias), &mut score);
        let [score] = score;
        1.0 / (1.0 + (-score).exp())
    }
}
