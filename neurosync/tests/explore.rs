//! Questions of the graph over a store and a graph: names in all their forms, and what was withdrawn from a caller, which is gone for
//! him at once though the graph has not heard of it yet.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::seam::store::{SourceRecord, SourceStore, SyncStore};
use domain::seam::{Direction, EdgeFilter, GraphStore};
use domain::{
    AccessId, AccessRule, Body, Caller, Change, Cursor, Document, DocumentFacts, DocumentId, DocumentKind, EdgeFact,
    EdgeKind, Evidence, Key, Link, Page, Principal, Readers, Result, SourceId, Timestamp,
};
use ingest::projection::GraphProjection;
use neurosync::{Unwatched, never};
use search_api::search::{Explore, Identities, NeighborsRequest, PathsRequest};
use serde::Serialize;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

struct World {
    store: Arc<store::Sqlite>,
    graph: Arc<graph::Embedded>,
    source: SourceId,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let store = store::Sqlite::open(&folder.path().join("store.db"))
            .await
            .expect("store");
        let graph = graph::Embedded::open(&folder.path().join("graph.db"))
            .await
            .expect("graph");
        let source = SourceId::new("jira").expect("slug");
        let record = SourceRecord {
            id: source.clone(),
            connector: "test".to_owned(),
            settings: serde_json::json!({}),
            added: NOW,
        };
        store.put_source(record, Readers::Public).await.expect("source");
        let world = Self {
            store: Arc::new(store),
            graph: Arc::new(graph),
            source,
            _folder: folder,
        };
        let rule = |label: &str, group: &str| {
            Change::Access(AccessRule {
                id: AccessId::new(&world.source, label),
                container: Key::from_raw("jira:acme/PAY"),
                readers: Readers::Principals([Principal(group.to_owned())].into()),
            })
        };
        world
            .commit(vec![rule("open", "group:eng"), rule("closed", "group:hr")])
            .await;
        world
    }

    async fn commit(&self, changes: Vec<Change>) {
        let lease = self.store.lease("sync:jira", "test", Duration::from_hours(1), NOW);
        let lease = lease.await.expect("lease").expect("free");
        let page = Page {
            changes,
            ..Page::empty(Cursor("c".to_owned()))
        };
        self.store
            .commit(&self.source, &lease, page, NOW)
            .await
            .expect("commit");
    }

    async fn project(&self) {
        let projection = GraphProjection {
            store: self.store.clone(),
            documents: self.store.clone(),
            graph: self.graph.clone(),
            identity: self.store.clone(),
            progress: Arc::new(Unwatched),
            cancel: never(),
        };
        projection.run(&self.source, 0).await.expect("project");
    }

    fn document(&self, kind: DocumentKind, key: &str, body: &str) -> Document {
        Document {
            id: DocumentId::new(&self.source, key),
            source: self.source.clone(),
            kind,
            key: Key::from_raw(key),
            aliases: key.rsplit('/').next().map(str::to_owned).into_iter().collect(),
            container: Key::from_raw("jira:acme/PAY"),
            access: AccessId::new(&self.source, "open"),
            title: format!("The title of {key}"),
            body: Body::plain(body),
            url: None,
            author: None,
            created: None,
            updated: Some(NOW),
            fields: BTreeMap::new(),
            links: Vec::new(),
        }
    }

    /// What stays.
    fn kept(&self) -> Vec<Document> {
        let mut other = self.document(
            DocumentKind::Issue,
            "jira:acme/PAY-2",
            "Depends on PAY-1, see acme/api#7.",
        );
        other.links.push(blocks("jira:acme/PAY-1", true, Timestamp(5)));
        vec![
            self.document(DocumentKind::Project, "jira:acme/PAY", "Payments"),
            other,
            self.document(DocumentKind::PullRequest, "github:acme/api#7", "Fixes PAY-2"),
        ]
    }

    /// What will be withdrawn. It also states what another document states, earlier.
    fn secret(&self, label: &str) -> Document {
        let mut secret = self.document(
            DocumentKind::Issue,
            "jira:acme/PAY-1",
            "A secret plan with PAY-2 and acme/api#7, and PAY-3.",
        );
        secret.aliases.push("the plan".to_owned());
        secret.links.push(blocks("jira:acme/PAY-2", false, Timestamp(1)));
        secret.access = AccessId::new(&self.source, label);
        secret
    }

    fn explore(&self) -> Explore {
        Explore {
            documents: self.store.clone(),
            catalogue: self.store.clone(),
            graph: self.graph.clone(),
            identities: Arc::new(Identities::new(self.store.clone())),
            lines: None,
        }
    }

    async fn answers(&self, caller: &Caller) -> Vec<String> {
        let explore = self.explore();
        let names = [
            "PAY-1",
            "jira:acme/PAY-1",
            "PAY-2",
            "PAY-3",
            "jira:acme/PAY-3",
            "acme/api#7",
            "the plan",
            "PAY-9",
        ];
        let mut told = Vec::new();
        for name in names {
            told.push(text(&explore.entity(caller, name, None).await));
            for hops in 1..=3 {
                let request = NeighborsRequest {
                    node: name.to_owned(),
                    edges: EdgeFilter::default(),
                    as_of: None,
                    direction: Direction::Both,
                    hops,
                    limit: 100,
                };
                told.push(text(&explore.neighbors(caller, request).await));
            }
            for to in names {
                let request = PathsRequest {
                    from: name.to_owned(),
                    to: to.to_owned(),
                    through: None,
                    edges: EdgeFilter::default(),
                    nodes: Vec::new(),
                    as_of: None,
                    max_hops: 5,
                    limit: 10,
                };
                told.push(text(&explore.paths(caller, request).await));
            }
        }
        told
    }
}

fn blocks(target: &str, inverse: bool, at: Timestamp) -> Link {
    Link {
        kind: EdgeKind::Blocks,
        target: Key::from_raw(target),
        inverse,
        rule: "jira.issuelinks.Blocks".to_owned(),
        at: Some(at),
        until: None,
        also: None,
    }
}

fn text<T: Serialize>(answer: &Result<T>) -> String {
    match answer {
        Ok(answer) => serde_json::to_string_pretty(answer).expect("JSON"),
        Err(error) => format!("{:?} {error} {:?}", error.kind(), error.hint()),
    }
}

fn upserts(documents: Vec<Document>) -> Vec<Change> {
    documents
        .into_iter()
        .map(|document| Change::Upsert(Box::new(document)))
        .collect()
}

fn assert_same(some: &[String], others: &[String]) {
    for (one, other) in some.iter().zip(others) {
        assert_eq!(one, other);
    }
    assert_eq!(some.len(), others.len());
}

#[tokio::test]
async fn a_relabelled_or_deleted_document_is_gone_before_the_graph_is_projected() {
    let engineer = Caller::Principals(BTreeSet::from([Principal("group:eng".to_owned())]));
    let without = World::new().await;
    without.commit(upserts(without.kept())).await;
    without.project().await;
    let expected = without.answers(&engineer).await;
    assert!(expected.iter().any(|answer| answer.contains("Depends")), "{expected:?}");

    for relabel in [true, false] {
        let world = World::new().await;
        world
            .commit(upserts([vec![world.secret("open")], world.kept()].concat()))
            .await;
        world.project().await;
        let before = world.answers(&engineer).await;
        assert!(before != expected && before.iter().any(|answer| answer.contains("secret plan")));
        let change = if relabel {
            Change::Upsert(Box::new(world.secret("closed")))
        } else {
            Change::Delete(DocumentId::new(&world.source, "jira:acme/PAY-1"))
        };
        world.commit(vec![change]).await;
        assert_same(&world.answers(&engineer).await, &expected);
        // The owner loses what is deleted as well, and nothing else.
        let owner = world.answers(&Caller::Owner).await;
        assert_eq!(owner.iter().any(|answer| answer.contains("secret plan")), relabel);
        world.project().await;
        assert_same(&world.answers(&engineer).await, &expected);
    }
}

#[tokio::test]
async fn a_name_that_only_the_graph_knows_is_found_as_it_is_written() {
    let world = World::new().await;
    // As an identifier it would be read without the question mark.
    let odd = "file:acme/api/docs/what?";
    let mut page = world.document(DocumentKind::Page, "wiki:acme/ENG/1", "Text");
    page.links.push(blocks(odd, false, NOW));
    world.commit(upserts(vec![page])).await;
    world.project().await;
    let explore = world.explore();
    let entity = explore.entity(&Caller::Owner, odd, None).await.expect("a stub");
    assert_eq!(entity.node.map(|node| node.key).as_deref(), Some(odd));
    assert_eq!(entity.edges.len(), 1);
}

/// What the graph is told of a commit that changed a file at a time.
fn touching(commit: &Document, file: &Key, at: Timestamp) -> DocumentFacts {
    let touches = EdgeFact {
        from: commit.key.clone(),
        to: file.clone(),
        kind: EdgeKind::Touches,
        rule: "git.diff".to_owned(),
        evidence: Evidence {
            text: "git.diff".to_owned(),
            span: None,
        },
        confidence: 1.0,
        at: Some(at),
        until: None,
        also: None,
    };
    DocumentFacts {
        edges: vec![touches],
        ..DocumentFacts::none(commit.id, commit.access.clone())
    }
}

#[tokio::test]
async fn the_newest_changes_are_told_of_what_changed_too_often_to_look_at_all() {
    let world = World::new().await;
    let file = Key::file("acme/api", "src/a.rs");
    let commit = |number: i64| {
        let key = Key::commit("acme/api", &format!("{number:040x}"));
        world.document(DocumentKind::Commit, key.as_str(), "A change")
    };
    // The newer a commit, the later comes its key: by keys alone, the newest would be left out. Some share a moment.
    let commits: Vec<Document> = (0..12_000).map(commit).collect();
    let facts = (0..)
        .zip(&commits)
        .map(|(number, commit)| touching(commit, &file, Timestamp(number / 5)));
    world.graph.replace(facts.collect()).await.expect("facts");
    let newest: Vec<&Document> = commits.iter().rev().take(60).collect();
    world
        .commit(upserts(newest.iter().map(|commit| (*commit).clone()).collect()))
        .await;
    let explore = world.explore();
    let impact = explore.impact(&Caller::Owner, file.as_str()).await.expect("a file");
    let told: BTreeSet<&str> = impact.changes.iter().map(|change| change.key.as_str()).collect();
    let latest: BTreeSet<&str> = newest.iter().take(10).map(|commit| commit.key.as_str()).collect();
    assert_eq!(told, latest);
}
