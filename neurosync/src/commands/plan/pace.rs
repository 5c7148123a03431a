//! How fast this machine embeds: measured for a moment with the configured model, where it is at hand.

use std::time::{Duration, Instant};

use domain::Result;
use domain::seam::{Embedder, Role};

use crate::app::{model, model_settings, sentence_encoder};
use crate::context::Context;

/// How long is measured.
const TIME: Duration = Duration::from_secs(1);
/// Texts of a batch.
const BATCH: usize = 16;
/// About as long as texts of issues and documents are in the middle: some 130 tokens.
const TEXT: &str = "When the card gateway times out, the payment service asks again with the same idempotency key, so that nobody is \
    charged twice. The key is kept for a day in the table of requests, beside the answer that was given. A request that comes while \
    the first one is still under way waits for it, at most ten seconds, and then fails with a conflict, which clients try again. In \
    March the key was made of the cart instead of the order, and customers who paid for two orders of the same things at once lost \
    one of them. Since then the order's number is part of it, and the test of the checkout repeats each request three times.";

/// How fast texts are embedded, or why nobody knows.
pub(super) struct Pace {
    /// Texts in a second.
    pub(super) rate: Option<f64>,
    /// What the rate rests on, or why there is none.
    pub(super) ground: Option<String>,
}

impl Pace {
    /// Of nothing to embed.
    pub(super) fn idle() -> Self {
        Self {
            rate: None,
            ground: None,
        }
    }

    /// Measure with the configured model. It is not fetched for that.
    pub(super) async fn measured(context: &Context<'_>) -> Self {
        match rate(context).await {
            Ok(Some((rate, device))) => Self {
                rate: Some(rate),
                ground: Some(format!(
                    "embedding by {rate:.0} texts of 130 tokens a second, measured just now on {device}"
                )),
            },
            Ok(None) => Self::unknown("the model is not on this machine yet"),
            Err(error) => Self::unknown(&error.to_string()),
        }
    }

    fn unknown(reason: &str) -> Self {
        Self {
            rate: None,
            ground: Some(format!("how long embedding takes is not known: {reason}")),
        }
    }

    /// How long so many texts take.
    #[expect(clippy::cast_precision_loss, reason = "an estimate is not exact to 53 bits")]
    pub(super) fn time(&self, texts: u64) -> Option<Duration> {
        Duration::try_from_secs_f64(texts as f64 / self.rate?).ok()
    }
}

/// Texts in a second, and on what; none where the model would have to be fetched.
async fn rate(context: &Context<'_>) -> Result<Option<(f64, String)>> {
    let settings = model_settings(&context.config, context.environment);
    if !model_cache::at_hand(&model(&context.config)?, &settings) {
        return Ok(None);
    }
    let encoder = sentence_encoder(&context.config, context.environment, &*context.bars).await?;
    let batch = || vec![TEXT.to_owned(); BATCH];
    // The first batch also warms up.
    encoder.embed(Role::Passage, batch()).await?;
    let (start, mut texts) = (Instant::now(), 0.0);
    while start.elapsed() < TIME {
        encoder.embed(Role::Passage, batch()).await?;
        texts += 16.0;
    }
    Ok(Some((
        texts / start.elapsed().as_secs_f64(),
        encoder.device().to_owned(),
    )))
}
