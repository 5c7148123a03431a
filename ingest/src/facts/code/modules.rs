//! Which module a file is, by its path or its package line, and which module an import means.
//!
//! | family | a file's names | an import's |
//! |---|---|---|
//! | Rust | `domain::seam::graph`: crate (the folder above `src`) and modules | the path without the item, `crate`, `self` and `super` replaced |
//! | Python | each end of its dotted path with two to six parts; with one where it lies at most one folder deep | the dotted path, relative ones made whole |
//! | JavaScript, TypeScript | its path without extension and `/index` | relative ones only, made so |
//! | Java | package and class; package | the same, where package and import begin with the same two parts |
//! | Go | its folder | what follows the repository's name in the import path |
//! | C, C++ | each end of its path with one to six parts | `"quoted"` ones only, without leading `./` and `../` |

use std::collections::{BTreeSet, HashSet};

use super::foreign;
use crate::syntax::{Family, Import, is_major};

/// A path with this many parts has no more ends that are names.
const MAX_PARTS: usize = 6;
/// A longer name is none that something is reached through.
const MAX_QUALIFIER: usize = 64;
/// The relative path leaves no choice.
const RELATIVE: f32 = 0.95;
/// The path is whole.
const WHOLE: f32 = 0.8;
/// The root may be somebody else's.
const OUTSIDE: f32 = 0.5;

/// Where a file stands among the modules of its repository.
pub(super) struct Place {
    family: Family,
    repository: String,
    /// The names under which others can import it.
    pub(super) names: Vec<String>,
    /// Its module path, outermost first; for Java its package.
    module: Vec<String>,
    /// How many parts of `module` are its crate.
    root: usize,
    /// Where its child modules lie (Rust), or its folder.
    base: Vec<String>,
}

/// A module that an import means.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Target {
    pub(super) name: String,
    pub(super) confidence: f32,
}

impl Place {
    pub(super) fn of(family: Family, repository: &str, path: &str, package: Option<&str>) -> Self {
        let mut folder: Vec<String> = path.split('/').map(str::to_owned).collect();
        let file = folder.pop().unwrap_or_default();
        let stem = file.rsplit_once('.').map_or(file.as_str(), |(stem, _)| stem).to_owned();
        let mut place = Self {
            family,
            repository: repository.to_owned(),
            names: Vec::new(),
            module: Vec::new(),
            root: 0,
            base: folder.clone(),
        };
        match family {
            Family::Rust => place.rust(&folder, stem),
            Family::Python => place.python(folder, stem),
            Family::Script => {
                let index = stem == "index";
                place.module = folder;
                place.module.extend(Some(stem).filter(|_| !index));
                place.names.push(place.module.join("/"));
            }
            Family::Java => {
                place.module = package.unwrap_or_default().split('.').map(str::to_owned).collect();
                let package = place.module.join(".");
                place.names = vec![format!("{package}.{stem}"), package];
                place.names.retain(|name| !name.starts_with('.') && !name.is_empty());
            }
            Family::Go if !file.ends_with("_test.go") => place.names.push(folder_name(&folder)),
            Family::Go => {}
            Family::C => {
                let mut whole = folder;
                whole.push(file);
                place.names = ends(&whole, 1, "/");
            }
        }
        place
    }

    fn rust(&mut self, folder: &[String], stem: String) {
        let source = folder.iter().position(|part| part == "src");
        let (mut module, inside) = match source {
            Some(0) => (
                vec![crate_name(self.repository.rsplit('/').next().unwrap_or_default())],
                1,
            ),
            Some(at) => (vec![crate_name(folder.get(at - 1).map_or("", String::as_str))], at + 1),
            None => (Vec::new(), 0),
        };
        module.extend(folder.iter().skip(inside).cloned());
        self.root = 1;
        if source.is_none() {
            // Tests, benches and examples: the file, or the folder that holds its `main.rs`, is a crate of its own.
            let kind = folder
                .iter()
                .position(|part| matches!(part.as_str(), "tests" | "benches" | "examples"));
            self.root = kind.map_or(folder.len(), |kind| (kind + 2).min(folder.len())).max(1);
        }
        let own_crate = module.len() <= self.root && (source.is_none() || matches!(stem.as_str(), "lib" | "main"));
        let names_folder = matches!(stem.as_str(), "mod" | "lib" | "main");
        self.base.clone_from(&module);
        if !names_folder {
            module.push(stem);
            if source.is_some() || !own_crate {
                self.base.clone_from(&module);
            }
        }
        self.names.push(module.join("::"));
        self.module = module;
    }

    fn python(&mut self, folder: Vec<String>, stem: String) {
        let near = folder.len() <= 1;
        self.module = folder;
        self.module.extend(Some(stem).filter(|stem| stem != "__init__"));
        self.names = ends(&self.module, if near { 1 } else { 2 }, ".");
    }

    /// The modules that an import means, none where they cannot be of this repository.
    pub(super) fn targets(&self, import: &Import, used: &HashSet<&str>) -> Vec<Target> {
        let made = match self.family {
            Family::Rust => self.rust_target(import, used),
            Family::Python => self.python_target(import, used),
            Family::Script => self.script_target(&import.module),
            Family::Java => self.java_target(&import.module),
            Family::Go => self.go_target(&import.module),
            Family::C => c_target(&import.module),
        };
        let own: BTreeSet<&String> = self.names.iter().collect();
        let good = |target: &Target| !target.name.is_empty() && !own.contains(&target.name);
        made.into_iter().filter(good).collect()
    }

    /// Whether what is imported from there can be of this repository.
    pub(super) fn is_ours(&self, import: &Import) -> bool {
        !self.targets_of_module(import).is_empty()
    }

    fn targets_of_module(&self, import: &Import) -> Vec<Target> {
        match self.family {
            Family::Rust => self
                .rust_path(&import.module)
                .into_iter()
                .map(|(path, it)| target(path.join("::"), it))
                .collect(),
            Family::Python => self
                .python_path(&import.module)
                .into_iter()
                .map(|(path, it)| target(path.join("."), it))
                .collect(),
            Family::Script => self.script_target(&import.module),
            Family::Java => self.java_target(&import.module),
            Family::Go => self.go_target(&import.module),
            Family::C => c_target(&import.module),
        }
    }

    fn rust_target(&self, import: &Import, used: &HashSet<&str>) -> Vec<Target> {
        if let Some(child) = import.module.strip_prefix("mod::") {
            let mut path = self.base.clone();
            path.push(child.to_owned());
            return vec![target(path.join("::"), RELATIVE)];
        }
        let Some((mut path, confidence)) = self.rust_path(&import.module) else {
            return Vec::new();
        };
        path.extend(used_as_module(import, used));
        vec![target(path.join("::"), confidence)]
    }

    /// A Rust path from the crate's name on; none where the crate is not of this repository.
    pub(super) fn rust_path(&self, path: &str) -> Option<(Vec<String>, f32)> {
        let mut parts = path.split("::").map(str::trim).peekable();
        let (mut whole, confidence) = match *parts.peek()? {
            "crate" => (
                self.module.iter().take(self.root).cloned().collect::<Vec<_>>(),
                RELATIVE,
            ),
            "self" | "super" | "mod" => (self.module.clone(), RELATIVE),
            root if foreign::is_foreign_root(Family::Rust, root, &self.repository) => return None,
            root => (vec![root.to_owned()], OUTSIDE),
        };
        parts.next();
        if path.starts_with("super") {
            whole.pop();
        }
        for part in parts {
            match part {
                "super" => drop(whole.pop()),
                "self" => {}
                part => whole.push(part.to_owned()),
            }
        }
        Some((whole, confidence))
    }

    fn python_target(&self, import: &Import, used: &HashSet<&str>) -> Vec<Target> {
        let Some((mut path, confidence)) = self.python_path(&import.module) else {
            return Vec::new();
        };
        path.extend(used_as_module(import, used));
        vec![target(path.join("."), confidence)]
    }

    fn python_path(&self, module: &str) -> Option<(Vec<String>, f32)> {
        let rest = module.trim_start_matches('.');
        let up = module.len() - rest.len();
        let parts = rest
            .split('.')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(str::to_owned);
        if up == 0 {
            let root = rest.split('.').next().unwrap_or_default();
            let foreign = foreign::is_foreign_root(Family::Python, root, &self.repository);
            return (!foreign).then(|| (parts.collect(), WHOLE));
        }
        let kept = (self.base.len() + 1).checked_sub(up)?;
        Some((self.base.iter().take(kept).cloned().chain(parts).collect(), RELATIVE))
    }

    fn script_target(&self, module: &str) -> Vec<Target> {
        if !module.starts_with("./") && !module.starts_with("../") && module != "." && module != ".." {
            return Vec::new();
        }
        let mut path = self.base.clone();
        for part in module.split('/') {
            match part {
                "." | "" => {}
                ".." => {
                    if path.pop().is_none() {
                        return Vec::new();
                    }
                }
                part => path.push(part.to_owned()),
            }
        }
        if let Some(last) = path.last_mut() {
            for extension in [".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts"] {
                if let Some(stem) = last.strip_suffix(extension) {
                    *last = stem.to_owned();
                    break;
                }
            }
        }
        path.pop_if(|last| last == "index");
        vec![target(path.join("/"), RELATIVE)]
    }

    fn java_target(&self, module: &str) -> Vec<Target> {
        let own = self.module.iter().take(2);
        let same = own.len() > 0 && own.zip(module.split('.')).all(|(own, other)| own == other);
        let foreign = foreign::is_foreign_root(Family::Java, module.split('.').next().unwrap_or_default(), "");
        let ours = same && !foreign;
        ours.then(|| target(module.to_owned(), WHOLE)).into_iter().collect()
    }

    fn go_target(&self, path: &str) -> Vec<Target> {
        let name = self.repository.rsplit('/').next().unwrap_or_default();
        let parts: Vec<&str> = path.split('/').collect();
        let Some(at) = parts
            .iter()
            .position(|part| part.eq_ignore_ascii_case(name))
            .filter(|at| *at > 0)
        else {
            return Vec::new();
        };
        let rest = parts.iter().skip(at + 1).skip_while(|part| is_major(part));
        let folder: Vec<String> = rest.map(|part| (*part).to_owned()).collect();
        vec![target(folder_name(&folder), WHOLE)]
    }
}

fn c_target(path: &str) -> Vec<Target> {
    let mut path = path;
    while let Some(rest) = path.strip_prefix("./").or_else(|| path.strip_prefix("../")) {
        path = rest;
    }
    let parts = path.split('/').count();
    (parts <= MAX_PARTS)
        .then(|| target(path.to_owned(), WHOLE))
        .into_iter()
        .collect()
}

fn target(name: String, confidence: f32) -> Target {
    Target { name, confidence }
}

/// What is imported, where the file uses it as a module: `use crate::text;` and then `text::cut(…)`.
fn used_as_module(import: &Import, used: &HashSet<&str>) -> Option<String> {
    let (item, local) = (import.item.as_ref()?, import.local.as_ref()?);
    let small = item.starts_with(|c: char| c.is_lowercase() || c == '_');
    (small && used.contains(local.as_str())).then(|| item.clone())
}

/// The names in a text that others are reached through: `text` in `text::cut(…)`.
pub(super) fn qualifiers(family: Family, text: &str) -> HashSet<&str> {
    let separator = match family {
        Family::Rust => "::",
        Family::Python => ".",
        Family::Script | Family::Java | Family::Go | Family::C => return HashSet::new(),
    };
    let before = |(at, _): (usize, &str)| {
        let near = text.get(text.floor_char_boundary(at.saturating_sub(MAX_QUALIFIER))..at)?;
        let name = |c: char| c.is_alphanumeric() || c == '_';
        let rest = near.trim_end_matches(name);
        let first = !rest.ends_with(['.', ':']);
        near.get(rest.len()..).filter(|it| first && !it.is_empty())
    };
    text.match_indices(separator).filter_map(before).collect()
}

/// The ends of a path, the whole of it among them however long it is.
fn ends(parts: &[String], least: usize, separator: &str) -> Vec<String> {
    let longest = parts.len().min(MAX_PARTS);
    let mut names: BTreeSet<String> = (least..=longest)
        .filter_map(|kept| parts.get(parts.len() - kept..))
        .map(|end| end.join(separator))
        .collect();
    names.insert(parts.join(separator));
    names.into_iter().filter(|name| !name.is_empty()).collect()
}

/// A folder's name; the repository's own is `.`.
fn folder_name(folder: &[String]) -> String {
    if folder.is_empty() {
        ".".to_owned()
    } else {
        folder.join("/")
    }
}

fn crate_name(folder: &str) -> String {
    folder.replace('-', "_")
}
