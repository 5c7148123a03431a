//! Code in the graph, from a repository to the answers: symbols, calls across files in either order of arrival, what commits touch,
//! and who wrote which line.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use connectors::git::{Git, Settings};
use domain::seam::store::{SourceRecord, SourceStore, SyncStore};
use domain::seam::{Connector, Direction, EdgeFilter, Expansion, GraphReader, LineHistory, Scope};
use domain::{Caller, EdgeKind, ErrorKind, Key, Readers, SourceId, Timestamp, Visible};
use ingest::projection::GraphProjection;
use ingest::syntax::Syntax;
use neurosync::lines::Repositories;
use neurosync::{Unwatched, never};
use search_api::search::{Explore, Identities};

const NOW: Timestamp = Timestamp(1_700_000_000_000);

struct World {
    folder: tempfile::TempDir,
    store: Arc<store::Sqlite>,
    graph: Arc<graph::Embedded>,
    source: SourceId,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::create_dir(folder.path().join("api")).expect("folder");
        let (store, graph) = (folder.path().join("store.db"), folder.path().join("graph.db"));
        let world = Self {
            store: Arc::new(store::Sqlite::open(&store).await.expect("store")),
            graph: Arc::new(graph::Embedded::open(&graph).await.expect("graph")),
            source: SourceId::new("code").expect("slug"),
            folder,
        };
        world.git(&["init", "--quiet", "--initial-branch=main"]);
        let record = SourceRecord {
            id: world.source.clone(),
            connector: "git".to_owned(),
            settings: serde_json::to_value(world.settings()).expect("settings"),
            added: NOW,
        };
        world.store.put_source(record, Readers::Public).await.expect("source");
        world
    }

    fn repository(&self) -> std::path::PathBuf {
        self.folder.path().join("api")
    }

    fn settings(&self) -> Settings {
        Settings {
            repository: Some("acme/api".into()),
            ..Settings::new(self.repository().to_str().expect("UTF-8"))
        }
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .current_dir(self.repository())
            .args(["-c", "user.name=Ada", "-c", "user.email=ada@acme.example"])
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .expect("git runs");
        assert!(output.status.success(), "git {arguments:?}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Write a file and commit it; the commit's key.
    fn commit(&self, path: &str, text: &str) -> Key {
        let file = self.repository().join(path);
        std::fs::create_dir_all(file.parent().expect("inside")).expect("folder");
        std::fs::write(file, text).expect("file");
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "-m", path]);
        Key::commit("acme/api", &self.git(&["rev-parse", "HEAD"]))
    }

    /// Read what is new and project it.
    async fn sync(&self) {
        let git = Git::open(self.source.clone(), self.settings(), Path::new("/nonexistent/not-used"));
        let git = git.expect("opens").with_outline(Arc::new(Syntax));
        let lease = self.store.lease("sync:code", "test", Duration::from_hours(1), NOW);
        let lease = lease.await.expect("lease").expect("free");
        loop {
            let cursor = self.store.resume(&self.source).await.expect("cursor").cursor;
            let page = git.pull(cursor.as_ref()).await.expect("page");
            let more = page.more;
            self.store
                .commit(&self.source, &lease, page, NOW)
                .await
                .expect("commit");
            if !more {
                break;
            }
        }
        let projection = GraphProjection {
            store: self.store.clone(),
            documents: self.store.clone(),
            graph: self.graph.clone(),
            identity: self.store.clone(),
            progress: Arc::new(Unwatched),
            cancel: never(),
        };
        let reports = self.store.sources().await.expect("sources");
        let revision = reports.first().expect("one").revision;
        projection.run(&self.source, revision).await.expect("project");
    }

    /// What leads to a thing by edges of a kind.
    async fn leading_to(&self, node: &Key, kind: EdgeKind) -> Vec<String> {
        let expansion = Expansion {
            node: node.as_str().to_owned(),
            scope: Scope::from(Visible::All),
            edges: EdgeFilter::kinds([kind]),
            direction: Direction::In,
            hops: 1,
            limit: 100,
        };
        let around = self.graph.expand(expansion).await.expect("a node");
        let mut from: Vec<_> = around.edges.iter().map(|edge| edge.from.to_string()).collect();
        from.sort();
        from
    }

    fn lines(&self) -> Repositories {
        Repositories::new(self.store.clone(), self.folder.path().join("clones"))
    }
}

#[tokio::test]
async fn a_call_finds_its_definition_whichever_file_comes_first() {
    let world = World::new().await;
    world.commit("src/a.rs", "use crate::text::tidy;\nfn main() {\n    tidy();\n}\n");
    world.sync().await;
    let name = Key::symbol_name("acme/api", "rust", "tidy");
    assert_eq!(
        world.leading_to(&name, EdgeKind::Calls).await,
        ["symbol:acme/api/src/a.rs#main"]
    );
    assert_eq!(world.leading_to(&name, EdgeKind::Defines).await, [""; 0]);

    let defined = world.commit("src/text.rs", "pub fn tidy() {\n    one();\n}\n\nfn one() {}\n");
    let changed = world.commit(
        "src/text.rs",
        "pub fn tidy() {\n    one();\n    one();\n}\n\nfn one() {}\n",
    );
    world.sync().await;
    let symbol = Key::symbol("acme/api", "src/text.rs", "tidy");
    assert_eq!(world.leading_to(&name, EdgeKind::Defines).await, [symbol.as_str()]);
    let mut commits = vec![defined.to_string(), changed.to_string()];
    commits.sort();
    assert_eq!(world.leading_to(&symbol, EdgeKind::Touches).await, commits);
    let one = Key::symbol("acme/api", "src/text.rs", "one");
    assert_eq!(world.leading_to(&one, EdgeKind::Touches).await, [defined.as_str()]);
    assert_eq!(world.leading_to(&one, EdgeKind::Calls).await, [symbol.as_str()]);
    let module = Key::module_name("acme/api", "rust", "api::text");
    assert_eq!(
        world.leading_to(&module, EdgeKind::Imports).await,
        ["file:acme/api/src/a.rs"]
    );
    assert_eq!(
        world.leading_to(&module, EdgeKind::Defines).await,
        ["file:acme/api/src/text.rs"]
    );
}

#[tokio::test]
async fn lines_are_told_by_the_commits_that_the_store_knows() {
    let world = World::new().await;
    let first = world.commit("src/a.rs", "fn main() {\n    one();\n}\n");
    let file = Key::file("acme/api", "src/a.rs");
    let error = world
        .lines()
        .blame(&world.source, &file, 1..=1)
        .await
        .expect_err("nothing is read yet");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    world.sync().await;
    world.commit("src/a.rs", "fn main() {\n    two();\n}\n");

    let explore = Explore {
        documents: world.store.clone(),
        catalogue: world.store.clone(),
        graph: world.graph.clone(),
        identities: Arc::new(Identities::new(world.store.clone())),
        lines: Some(Arc::new(world.lines())),
    };
    let why = explore.why(&Caller::Owner, "src/a.rs:2").await.expect("a history");
    let commits: Vec<&str> = why.origins.iter().map(|one| one.commit.key.as_str()).collect();
    assert_eq!((why.by, why.line, commits), ("blame", Some(2), vec![first.as_str()]));
    let error = explore
        .why(&Caller::Owner, "src/a.rs:9")
        .await
        .expect_err("so many lines");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let lines = world.lines();
    let told = lines.blame(&world.source, &file, 2..=2).await.expect("a history");
    assert_eq!(
        told.iter().map(|it| (&it.commit, it.lines.clone())).collect::<Vec<_>>(),
        [(&first, 2..=2)]
    );

    world.sync().await;
    let told = lines.blame(&world.source, &file, 2..=2).await.expect("a history");
    assert!(told.iter().all(|it| it.commit != first), "{told:?}");
    for other in ["file:acme/apis/src/a.rs", "file:acme/api", "jira:acme/PAY-1"] {
        let error = lines
            .blame(&world.source, &Key::from_raw(other), 1..=1)
            .await
            .expect_err(other);
        assert!(error.kind() == ErrorKind::NotFound && error.hint().is_some(), "{other}");
    }
}
