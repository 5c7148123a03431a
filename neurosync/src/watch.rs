//! What a server's workers tell: to whoever listens, and to the projections that follow.

use ingest::progress::{Event, Progress};
use search_api::http::SyncEvent;
use tokio::sync::{Notify, broadcast};

/// Sync events that a slow client may lag behind before it misses some.
const EVENT_BUFFER: usize = 1024;

/// Passes progress on to whoever listens, and wakes the projections when there is something for them.
pub(crate) struct Watch {
    events: broadcast::Sender<SyncEvent>,
    /// Something is new for the graph, and for the index.
    pub(crate) graph: Notify,
    pub(crate) index: Notify,
}

impl Progress for Watch {
    fn event(&self, event: &Event) {
        let told = match event {
            Event::Committed { source, committed } => {
                self.graph.notify_one();
                self.index.notify_one();
                SyncEvent::Committed {
                    source: source.to_string(),
                    upserted: committed.upserted,
                    deleted: committed.deleted,
                    unchanged: committed.unchanged,
                    rejected: committed.rejected,
                }
            }
            Event::Projected {
                projection,
                source,
                documents,
                written,
                ..
            } => SyncEvent::Projected {
                projection: (*projection).to_owned(),
                source: source.to_string(),
                documents: *documents,
                written: *written,
            },
            Event::Started { .. } | Event::Embedded { .. } => return,
        };
        self.tell(told);
    }
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            events: broadcast::channel(EVENT_BUFFER).0,
            graph: Notify::new(),
            index: Notify::new(),
        }
    }
}

impl Watch {
    /// The events from now on.
    pub(crate) fn listen(&self) -> broadcast::Receiver<SyncEvent> {
        self.events.subscribe()
    }

    pub(crate) fn tell(&self, event: SyncEvent) {
        // Nobody may be listening.
        let _heard = self.events.send(event);
    }
}
