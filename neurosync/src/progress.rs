//! Progress bars on standard error: one line per stage, with rate and time left.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use ingest::progress::{Event, Progress};

/// The bars of one run.
pub(crate) struct Bars {
    all: MultiProgress,
    bars: Mutex<BTreeMap<String, ProgressBar>>,
}

impl Bars {
    /// Bars on a terminal; on anything else nothing is drawn.
    pub(crate) fn new() -> Self {
        let all = MultiProgress::new();
        if !std::io::stderr().is_terminal() {
            all.set_draw_target(indicatif::ProgressDrawTarget::hidden());
        }
        Self {
            all,
            bars: Mutex::new(BTreeMap::new()),
        }
    }

    /// A spinner for work without known size.
    pub(crate) fn spinner(&self, name: &str) -> ProgressBar {
        self.bar(name, || {
            let bar =
                ProgressBar::new_spinner().with_style(style("{spinner} {prefix:28} {pos:>9} {msg} {per_sec:.dim}"));
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        })
    }

    fn measured(&self, name: &str) -> ProgressBar {
        self.bar(name, || {
            ProgressBar::new(0).with_style(style(
                "  {prefix:28} {pos:>9}/{len:<9} {bar:24} {per_sec:.dim} eta {eta} {msg:.dim}",
            ))
        })
    }

    fn bar(&self, name: &str, make: impl FnOnce() -> ProgressBar) -> ProgressBar {
        let mut bars = self.bars.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        bars.entry(name.to_owned())
            .or_insert_with(|| self.all.add(make().with_prefix(name.to_owned())))
            .clone()
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Bars {
    fn download(&self) -> ProgressBar {
        self.bar("fetch model", || {
            ProgressBar::new(0).with_style(style(
                "  {prefix:28} {bytes:>11}/{total_bytes:<11} {bar:24} {bytes_per_sec:.dim} eta {eta} {msg:.dim}",
            ))
        })
    }
}

impl Progress for Bars {
    fn event(&self, event: &Event) {
        match event {
            Event::Committed { source, committed } => {
                let bar = self.spinner(&format!("{source}: read"));
                bar.inc(committed.upserted + committed.unchanged + committed.deleted);
                if committed.rejected > 0 {
                    bar.set_message(format!("documents, {} unreadable", committed.rejected));
                } else if bar.message().is_empty() {
                    bar.set_message("documents");
                }
            }
            Event::Started {
                projection,
                source,
                pending,
            } => self.measured(&format!("{source}: {projection}")).inc_length(*pending),
            Event::Projected {
                projection,
                source,
                revisions,
                ..
            } => self.measured(&format!("{source}: {projection}")).inc(*revisions),
            Event::Embedded { source, texts } => {
                let bar = self.spinner(&format!("{source}: embed"));
                bar.inc(*texts);
                bar.set_message("texts");
            }
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        for bar in self
            .bars
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .values()
        {
            bar.finish();
        }
    }
}

impl model_cache::Progress for Bars {
    fn report(&self, event: model_cache::Event<'_>) {
        match event {
            model_cache::Event::Waiting => self.spinner("model").set_message("another process fetches it"),
            model_cache::Event::Begin { what, total } => {
                let bar = self.download();
                bar.set_message(what.to_owned());
                bar.set_position(0);
                bar.set_length(total.unwrap_or(0));
            }
            model_cache::Event::Advance(bytes) => self.download().inc(bytes),
            model_cache::Event::Finish => self.download().finish(),
            model_cache::Event::Skipped { source, reason } => {
                tracing::info!(source, reason, "model not to be had here");
            }
        }
    }
}
