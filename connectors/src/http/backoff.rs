//! How long to wait before trying again.

use std::time::Duration;

use domain::Result;

use crate::secret::random_bytes;

/// The first wait.
const FIRST: Duration = Duration::from_secs(1);
/// The longest wait.
const LONGEST: Duration = Duration::from_mins(5);
/// By which share the wait differs from one caller to the next, so that they do not come back at once.
const JITTER: f64 = 0.1;

/// The wait after so many failures (1, 2, …): one second, doubled each time up to five minutes, give or take a tenth.
pub(super) fn delay(failures: u32) -> Result<Duration> {
    let random = f64::from(u16::from_le_bytes(*random_bytes::<2>()?)) / f64::from(u16::MAX);
    Ok(spread(failures, random))
}

fn spread(failures: u32, random: f64) -> Duration {
    let wait = FIRST
        .saturating_mul(1 << failures.saturating_sub(1).min(16))
        .min(LONGEST);
    wait.mul_f64(1.0 - JITTER + 2.0 * JITTER * random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_five_minutes_within_a_tenth() {
        for (failures, seconds) in [
            (1, 1.0),
            (2, 2.0),
            (3, 4.0),
            (4, 8.0),
            (9, 256.0),
            (10, 300.0),
            (1000, 300.0),
        ] {
            for (random, factor) in [(0.0, 0.9), (0.5, 1.0), (1.0, 1.1)] {
                let found = spread(failures, random).as_secs_f64();
                assert!((found - seconds * factor).abs() < 1e-6, "{failures} {random}: {found}");
            }
            let found = delay(failures).expect("random").as_secs_f64();
            assert!((found / seconds - 1.0).abs() <= JITTER + 1e-9);
        }
    }
}
