//! Wiring: the data folder and the concrete backends in it.

use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use connectors::clock::{Clock, SystemClock};
use domain::seam::grants::GrantStore;
use domain::seam::{Analyser, DocumentStore, Embedder, GraphStore, IdentityStore, ProjectionStore, Reranker};
use domain::seam::{SyncStore, VectorIndex};
use domain::{Error, Result, Timestamp};
use ingest::projection;
use ingest::terms::Bm25;
use search_api::search::{Explore, Identities, Reranking, Search};
use store::Sqlite;

use crate::config::{Config, Environment};
use crate::connections::Connections;
use crate::export::Parts;
use crate::folder;
use crate::lines::Repositories;
use crate::space::Space;

/// The file of the store.
const STORE: &str = "store.db";
/// The file of the graph.
const GRAPH: &str = "graph.db";
/// The folder of the vector index.
const VECTORS: &str = "vectors";
/// The file that says which model the vector index was made with.
const SPACE: &str = "vectors.json";

/// An open data folder. Nobody else can open it until this is dropped.
pub struct App {
    config: Config,
    environment: Environment,
    store: Arc<Sqlite>,
    graph: Arc<graph::Embedded>,
    connections: OnceLock<Connections>,
    clock: Arc<dyn Clock>,
    identities: Arc<Identities>,
    _lock: File,
}

/// The parts of an index, which need the model.
#[derive(Clone)]
pub struct Index {
    /// The vector index.
    pub vectors: Arc<dyn VectorIndex>,
    /// The model.
    pub embedder: Arc<dyn Embedder>,
    /// The lexical side.
    pub analyser: Arc<dyn Analyser>,
    /// The model that reads the best results once more; only searches load it.
    pub reranking: Option<Reranking>,
}

impl App {
    /// Open the data folder of a configuration, making it where there is none.
    ///
    /// # Errors
    /// `Conflict` when another process has it open; whatever a backend reports.
    pub async fn open(config: Config, environment: &Environment) -> Result<Self> {
        let lock = folder::take(&config.data)?;
        let (store, graph) = (config.data.join(STORE), config.data.join(GRAPH));
        let (store, graph) = tokio::try_join!(Sqlite::open(&store), graph::Embedded::open(&graph))?;
        let store = Arc::new(store);
        Ok(Self {
            config,
            environment: environment.clone(),
            identities: Arc::new(Identities::new(store.clone())),
            store,
            graph: Arc::new(graph),
            connections: OnceLock::new(),
            clock: SystemClock::shared(now),
            _lock: lock,
        })
    }

    /// The same, whose way to providers goes by another clock than the system's. Made for tests, which let its waits pass at once.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.connections = OnceLock::new();
        self.clock = clock;
        self
    }

    /// The same with empty projections, whatever became of the files of the former ones.
    ///
    /// # Errors
    /// `Conflict` when another process has it open; whatever a backend reports.
    pub async fn open_without_projections(config: Config, environment: &Environment) -> Result<Self> {
        let lock = folder::take(&config.data)?;
        let store = Sqlite::open(&config.data.join(STORE)).await?;
        // The positions go first: a crash after it leaves them at 0 over old content, which the next run replaces.
        store.reset(projection::INDEX).await?;
        store.reset(projection::GRAPH).await?;
        store.close().await;
        graph::Embedded::discard(&config.data.join(GRAPH))?;
        // The index goes before what it was made with: vectors of which nobody knows the model are refused.
        let (vectors, space) = (config.data.join(VECTORS), config.data.join(SPACE));
        for (path, removed) in [
            (&vectors, std::fs::remove_dir_all(&vectors)),
            (&space, std::fs::remove_file(&space)),
        ] {
            match removed {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::io("discard vector index", path, error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        drop(lock);
        Self::open(config, environment).await
    }

    /// The configuration it was opened with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The way to providers, opened when it is first wanted.
    ///
    /// # Errors
    /// Those of the key file; `Invalid` for a configured address that is none.
    pub fn connections(&self) -> Result<&Connections> {
        if let Some(open) = self.connections.get() {
            return Ok(open);
        }
        let opened = Connections::open(&self.config.providers, self.grant_store(), Arc::clone(&self.clock))?;
        Ok(self.connections.get_or_init(|| opened))
    }

    /// The credentials' store.
    pub fn grant_store(&self) -> Arc<dyn GrantStore> {
        self.store.clone()
    }

    /// The truth as sync writes it.
    pub fn sync_store(&self) -> Arc<dyn SyncStore> {
        self.store.clone()
    }

    /// The truth as the projections use it.
    pub fn projection_store(&self) -> Arc<dyn ProjectionStore> {
        self.store.clone()
    }

    /// The truth as queries read it.
    pub fn documents(&self) -> Arc<dyn DocumentStore> {
        self.store.clone()
    }

    /// The graph.
    pub fn graph(&self) -> Arc<dyn GraphStore> {
        self.graph.clone()
    }

    /// What persons are resolved from.
    pub fn identity_store(&self) -> Arc<dyn IdentityStore> {
        self.store.clone()
    }

    /// Where clones of remote repositories are kept.
    pub fn clones(&self) -> PathBuf {
        self.config.data.join("clones")
    }

    /// Entities, paths and neighbours.
    pub fn explore(&self) -> Explore {
        Explore {
            documents: self.documents(),
            catalogue: self.store.clone(),
            graph: self.graph(),
            identities: self.identities.clone(),
            lines: Some(Arc::new(Repositories::new(self.sync_store(), self.clones()))),
        }
    }

    /// Search over an index.
    pub fn search(&self, index: &Index) -> Search {
        let Index {
            vectors,
            embedder,
            analyser,
            reranking,
        } = index.clone();
        Search {
            explore: self.explore(),
            vectors,
            embedder,
            analyser,
            reranking,
        }
    }

    /// The vector index alone, as it was made; none where none was made yet.
    ///
    /// # Errors
    /// Whatever the backend reports.
    pub async fn vectors(&self) -> Result<Option<Arc<dyn VectorIndex>>> {
        match self.space().await? {
            Some(space) => self.open_vectors(space.dimensions).await.map(Some),
            None => Ok(None),
        }
    }

    /// The space that the vector index was made in; none where none was made yet.
    async fn space(&self) -> Result<Option<Space>> {
        let (folder, file) = (self.config.data.join(VECTORS), self.config.data.join(SPACE));
        blocking(move || Space::read(&file, &folder)).await
    }

    async fn open_vectors(&self, dimensions: usize) -> Result<Arc<dyn VectorIndex>> {
        let folder = self.config.data.join(VECTORS);
        Ok(Arc::new(
            blocking(move || vectors::Edge::open(&folder, dimensions)).await?,
        ))
    }

    /// That the index, where there is one, was made with `model`.
    ///
    /// # Errors
    /// `Conflict` when it was not; `Corrupt` when what it was made with cannot be read.
    pub(crate) async fn check_space(&self, model: &dyn Embedder) -> Result<()> {
        match self.space().await? {
            Some(made) => made.check(&Space::of(model)),
            None => Ok(()),
        }
    }

    /// The index with its model, which is fetched where it is not there yet. Both are opened at the same time.
    ///
    /// # Errors
    /// `Unavailable` when the model cannot be had, telling every way that was tried; `Conflict` when the index was made with another
    /// one; whatever a backend reports.
    pub async fn index(&self, progress: &dyn model_cache::Progress) -> Result<Index> {
        let made = self.space().await?;
        let model = sentence_encoder(&self.config, &self.environment, progress);
        let (embedder, vectors) = if let Some(made) = made {
            let (model, vectors) = tokio::try_join!(model, self.open_vectors(made.dimensions))?;
            made.check(&Space::of(&*model))?;
            (model, vectors)
        } else {
            let model = model.await?;
            let (space, file) = (Space::of(&*model), self.config.data.join(SPACE));
            blocking(move || space.write(&file)).await?;
            let vectors = self.open_vectors(model.dimensions()).await?;
            (model, vectors)
        };
        Ok(Index {
            vectors,
            embedder,
            analyser: Arc::new(Bm25),
            reranking: None,
        })
    }

    /// The index with its model and the reranking model, where one is configured.
    ///
    /// # Errors
    /// As [`App::index`].
    pub async fn index_to_search(&self, progress: &dyn model_cache::Progress) -> Result<Index> {
        let reranker = reranker(&self.config, &self.environment, progress).await?;
        let reranking = reranker.map(|model| Reranking {
            model,
            depth: self.config.rerank.depth,
        });
        Ok(Index {
            reranking,
            ..self.index(progress).await?
        })
    }

    /// Everything for an export, with the vector index opened by the caller.
    pub fn parts<'a>(&'a self, vectors: Option<&'a dyn VectorIndex>) -> Parts<'a> {
        Parts {
            sync: &*self.store,
            documents: &*self.store,
            store: &*self.store,
            identity: &*self.store,
            vectors,
            graph: &*self.graph,
        }
    }
}

/// The configured model, loaded.
///
/// # Errors
/// `Unavailable` when it cannot be had, telling every way that was tried; `Corrupt` or `Invalid` for files that are no such model.
pub async fn sentence_encoder(
    config: &Config,
    environment: &Environment,
    progress: &dyn model_cache::Progress,
) -> Result<Arc<embed::SentenceEncoder>> {
    let files = model_cache::resolve(&model(config)?, &model_settings(config, environment), progress).await?;
    let settings = embed::SentenceSettings {
        threads: threads(config),
        device: config.model.device,
        precision: config.model.precision,
        dimensions: config.model.dimensions,
        query_prefix: config.model.query_prefix.clone(),
        passage_prefix: config.model.passage_prefix.clone(),
    };
    Ok(Arc::new(
        blocking(move || embed::SentenceEncoder::load(&files, settings)).await?,
    ))
}

/// The files of the configured reranking model; none where none is configured.
///
/// # Errors
/// As [`sentence_encoder`].
pub async fn reranker_files(
    config: &Config,
    environment: &Environment,
    progress: &dyn model_cache::Progress,
) -> Result<Option<model_cache::ModelFiles>> {
    let Some(name) = &config.rerank.model else {
        return Ok(None);
    };
    let settings = model_cache::Settings {
        model_dir: None,
        ..model_settings(config, environment)
    };
    let reference = model_cache::ModelRef::parse(name)?;
    model_cache::resolve(&reference, &settings, progress).await.map(Some)
}

/// The configured reranking model, loaded; none where none is configured.
///
/// # Errors
/// As [`sentence_encoder`].
pub async fn reranker(
    config: &Config,
    environment: &Environment,
    progress: &dyn model_cache::Progress,
) -> Result<Option<Arc<dyn Reranker>>> {
    let Some(files) = reranker_files(config, environment, progress).await? else {
        return Ok(None);
    };
    let threads = threads(config);
    let model = blocking(move || embed::CrossEncoder::load(&files, threads)).await?;
    Ok(Some(Arc::new(model)))
}

fn threads(config: &Config) -> usize {
    match config.model.threads {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        threads => threads,
    }
}

/// Open something that blocks, away from the async threads.
pub(crate) async fn blocking<T: Send + 'static>(open: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(open)
        .await
        .map_err(|error| Error::internal("open backend", "it was interrupted").with_source(error))?
}

/// The configured model's reference.
///
/// # Errors
/// `Invalid` when the configured name cannot be read.
pub fn model(config: &Config) -> Result<model_cache::ModelRef> {
    config
        .model
        .name
        .as_deref()
        .map_or_else(|| Ok(model_cache::ModelRef::default()), model_cache::ModelRef::parse)
}

/// Where models are kept and fetched from.
pub fn model_settings(config: &Config, environment: &Environment) -> model_cache::Settings {
    model_cache::Settings {
        cache_dir: config.cache.join("models"),
        model_dir: config.model.dir.clone(),
        hub: model_cache::Hub {
            endpoint: environment
                .hub_endpoint
                .clone()
                .unwrap_or_else(|| model_cache::Hub::default().endpoint),
            token: environment.hub_token.clone(),
            offline: environment.hub_offline,
        },
        python: environment.python.clone().unwrap_or_else(|| PathBuf::from("python3")),
    }
}

/// The one clock of the product.
pub fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}
