//! The shape of the workspace: which crate may know which, who may use what is heavy, and how a source file looks.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Crates that know `domain` and nothing else of ours, but for [`EXTRA`].
const LEAVES: [&str; 8] = [
    "connectors",
    "store",
    "ingest",
    "model-cache",
    "embed",
    "vectors",
    "graph",
    "search-api",
];

/// The arrows besides leaf → `domain` and `neurosync` → everything.
const EXTRA: [(&str, &str); 13] = [
    ("embed", "model-cache"),
    ("testkit", "domain"),
    ("neurosync-tests", "neurosync"),
    ("neurosync-tests", "testkit"),
    // Processes that renew a grant over one store: one needs the parts that the binary joins.
    ("neurosync-tests", "connectors"),
    ("neurosync-tests", "domain"),
    ("neurosync-tests", "store"),
    ("neurosync-benches", "neurosync"),
    ("neurosync-benches", "testkit"),
    // What is set beside its peers: docs/adr/004.
    ("neurosync-benches", "domain"),
    ("neurosync-benches", "embed"),
    ("neurosync-benches", "graph"),
    ("neurosync-benches", "model-cache"),
];

/// Dependencies that only their owners may name. A trailing `*` stands for any ending.
const HEAVY: [(&str, &[&str]); 18] = [
    ("octocrab", &["connectors"]),
    ("oauth2", &["connectors"]),
    ("gix*", &["connectors"]),
    // The hub client has no TLS of its own, so model-cache names reqwest to switch it on.
    ("reqwest", &["connectors", "model-cache"]),
    ("rusqlite", &["graph"]),
    ("sqlx", &["store"]),
    // Embed splits batches over cores by the same pool, and connectors the commits of a page.
    ("rayon", &["ingest", "embed", "connectors"]),
    ("tree-sitter*", &["ingest"]),
    ("text-splitter", &["ingest"]),
    ("hf-hub", &["model-cache"]),
    ("candle-*", &["embed", "neurosync-benches"]),
    ("tokenizers", &["embed", "neurosync-benches"]),
    ("qdrant-*", &["vectors"]),
    ("neo4rs", &["graph"]),
    ("petgraph", &["graph"]),
    // The simulators of the providers are servers too.
    ("axum*", &["search-api", "testkit"]),
    ("utoipa*", &["search-api"]),
    ("clap*", &["neurosync"]),
];

const MAX_LINES: usize = 400;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the package lies in the workspace")
        .to_owned()
}

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "cargo metadata: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("cargo metadata writes JSON")
}

/// One line of a package's manifest: who depends on what.
#[derive(Debug, Clone)]
struct Dependency {
    from: String,
    to: String,
    dev: bool,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn packages(metadata: &Value) -> Vec<&Value> {
    metadata["packages"].as_array().expect("packages").iter().collect()
}

fn dependencies(metadata: &Value) -> Vec<Dependency> {
    let of = |package: &Value| {
        let from = text(&package["name"]);
        let list = package["dependencies"].as_array().cloned().unwrap_or_default();
        list.into_iter().map(move |one| Dependency {
            from: from.clone(),
            to: text(&one["name"]),
            dev: one["kind"] == "dev",
        })
    };
    packages(metadata).into_iter().flat_map(of).collect()
}

fn may_know(arrow: &Dependency) -> bool {
    let (from, to) = (arrow.from.as_str(), arrow.to.as_str());
    let leaf = LEAVES.contains(&from);
    (leaf && to == "domain")
        || (leaf && to == "testkit" && arrow.dev)
        || (from == "neurosync" && (to == "domain" || LEAVES.contains(&to)))
        || EXTRA.contains(&(from, to))
}

fn wrong_arrows(metadata: &Value) -> Vec<String> {
    let ours: BTreeSet<String> = packages(metadata)
        .into_iter()
        .map(|package| text(&package["name"]))
        .collect();
    let wrong = |arrow: &Dependency| ours.contains(&arrow.to) && !may_know(arrow);
    let say = |arrow: Dependency| {
        let kind = if arrow.dev { " (dev)" } else { "" };
        format!(
            "{} → {}{kind} is not an arrow of the design. Move what is shared to `domain`, pass it in from `neurosync`, \
             or, if the design is wrong, change docs/adr and the table in this test.",
            arrow.from, arrow.to
        )
    };
    dependencies(metadata).into_iter().filter(wrong).map(say).collect()
}

fn strangers(metadata: &Value) -> Vec<String> {
    let known = |name: &str| {
        name == "domain"
            || name == "neurosync"
            || LEAVES.contains(&name)
            || EXTRA.iter().any(|(from, to)| name == *from || name == *to)
    };
    let names = packages(metadata).into_iter().map(|package| text(&package["name"]));
    names
        .filter(|name| !known(name))
        .map(|name| {
            format!("the crate {name} has no place in the design: add it to DESIGN and to the tables in this test.")
        })
        .collect()
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern
        .strip_suffix('*')
        .map_or(pattern == name, |start| name.starts_with(start))
}

fn misplaced(metadata: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for dependency in dependencies(metadata) {
        for (pattern, owners) in HEAVY {
            if matches(pattern, &dependency.to) && !owners.contains(&dependency.from.as_str()) {
                found.push(format!(
                    "{} depends on {}, which only {} may: put the code there, behind a trait of `domain`.",
                    dependency.from,
                    dependency.to,
                    owners.join(" and ")
                ));
            }
        }
    }
    found
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder can be listed") {
        let path = entry.expect("the entry can be read").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

fn faults_of(path: &str, content: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if !content.starts_with("//! ") {
        faults.push(format!(
            "{path} does not say what it is for: begin it with one `//! ` line."
        ));
    }
    let lines = content.lines().count();
    if lines > MAX_LINES {
        faults.push(format!(
            "{path} has {lines} lines, more than {MAX_LINES}: divide it by what its parts are for."
        ));
    }
    faults
}

fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn crates_know_only_whom_the_design_allows() {
    let metadata = metadata();
    assert!(packages(&metadata).len() > LEAVES.len(), "the workspace was not read");
    assert_none(&strangers(&metadata));
    assert_none(&wrong_arrows(&metadata));
}

#[test]
fn heavy_dependencies_stay_with_their_owners() {
    assert_none(&misplaced(&metadata()));
}

#[test]
fn every_source_file_says_what_it_is_for_and_is_short() {
    let root = root();
    let mut files = Vec::new();
    for package in packages(&metadata()) {
        let manifest = PathBuf::from(text(&package["manifest_path"]));
        sources(manifest.parent().expect("a manifest lies in a folder"), &mut files);
    }
    files.sort();
    files.dedup();
    assert!(files.len() > LEAVES.len(), "the sources were not found");
    let mut faults = Vec::new();
    for file in files {
        let content = std::fs::read_to_string(&file).expect("a source file is UTF-8");
        faults.extend(faults_of(
            &file.strip_prefix(&root).unwrap_or(&file).to_string_lossy(),
            &content,
        ));
    }
    assert_none(&faults);
}

#[test]
fn a_wrong_workspace_is_told_from_a_right_one() {
    let package = |name: &str, dependencies: &[(&str, Value)]| {
        let list: Vec<_> = dependencies
            .iter()
            .map(|(to, kind)| serde_json::json!({"name": to, "kind": kind}))
            .collect();
        serde_json::json!({"name": name, "dependencies": list})
    };
    let workspace = |graph: Value| {
        let dev = || Value::from("dev");
        serde_json::json!({"packages": [
            package("domain", &[("serde", Value::Null)]),
            package("testkit", &[("domain", Value::Null)]),
            package("store", &[("domain", Value::Null), ("testkit", dev()), ("sqlx", Value::Null)]),
            package("neurosync", &[("domain", Value::Null), ("store", Value::Null), ("graph", Value::Null), ("clap", Value::Null)]),
            graph,
        ]})
    };
    let right = workspace(package(
        "graph",
        &[("domain", Value::Null), ("testkit", Value::from("dev"))],
    ));
    assert_none(&[strangers(&right), wrong_arrows(&right), misplaced(&right)].concat());

    let wrong = workspace(package(
        "graph",
        &[
            ("store", Value::Null),
            ("testkit", Value::Null),
            ("clap_complete", Value::Null),
        ],
    ));
    let arrows = wrong_arrows(&wrong);
    assert_eq!(arrows.len(), 2, "{arrows:?}");
    assert!(
        arrows[0].starts_with("graph → store is not") && arrows[1].starts_with("graph → testkit is not"),
        "{arrows:?}"
    );
    assert!(
        misplaced(&wrong)
            .concat()
            .contains("graph depends on clap_complete, which only neurosync may")
    );
    assert!(
        strangers(&workspace(package("extra", &[])))
            .concat()
            .contains("the crate extra")
    );
    assert_eq!(faults_of("a.rs", "fn a() {}\n").len(), 1);
    assert_eq!(
        faults_of("a.rs", &format!("//! A.\n{}", "x\n".repeat(MAX_LINES))).len(),
        1
    );
    assert_none(&faults_of("a.rs", &format!("//! A.\n{}", "x\n".repeat(MAX_LINES - 1))));
}
