//! Files that are not worth indexing: other people's code, lock files, generated and minified text, binary content.

use gix::bstr::{BStr, ByteSlice};

/// Folders that hold copies of other projects or what a tool made.
const FOLDERS: [&str; 13] = [
    "node_modules",
    "bower_components",
    "jspm_packages",
    "vendor",
    "third_party",
    "thirdparty",
    "3rdparty",
    "Pods",
    "Carthage",
    "__pycache__",
    ".venv",
    ".yarn",
    "Godeps",
];

/// Files in which package managers keep versions and checksums.
const LOCKS: [&str; 21] = [
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "deno.lock",
    "Cargo.lock",
    "poetry.lock",
    "Pipfile.lock",
    "uv.lock",
    "pdm.lock",
    "composer.lock",
    "Gemfile.lock",
    "go.sum",
    "flake.lock",
    "Podfile.lock",
    "mix.lock",
    "pubspec.lock",
    "packages.lock.json",
    "gradle.lockfile",
    "Package.resolved",
];

const GENERATED: [&str; 7] = [
    ".min.js", ".min.mjs", ".min.css", ".js.map", ".mjs.map", ".css.map", ".svg",
];

/// Source in which lines of this mean length were not written by a person.
const MINIFIED_MEAN_LINE: usize = 500;
const MINIFIED_KINDS: [&str; 7] = [".js", ".mjs", ".cjs", ".css", ".json", ".html", ".xml"];
/// Below this, a long line proves nothing.
const MINIFIED_FROM_BYTES: usize = 4_096;

/// How the stand-in for a file kept elsewhere (Git LFS) begins.
const LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

/// Whether a path tells that the file (or, with `folder`, all in the folder) is not worth reading.
pub(super) fn by_path(path: &BStr, folder: bool) -> bool {
    let (folders, name) = match path.rsplit_once_str("/") {
        Some((folders, name)) => (folders, name),
        None => (&[][..], path.as_bytes()),
    };
    let skipped = |part: &[u8]| FOLDERS.iter().any(|skip| skip.as_bytes() == part);
    if folders.split_str("/").any(skipped) {
        return true;
    }
    if folder {
        return skipped(name);
    }
    LOCKS.iter().any(|lock| lock.as_bytes() == name) || GENERATED.iter().any(|end| name.ends_with(end.as_bytes()))
}

/// The content as text, or none where it is binary, minified or a stand-in.
pub(super) fn readable(path: &BStr, bytes: Vec<u8>) -> Option<String> {
    if bytes.contains(&0) || bytes.starts_with(LFS_POINTER) {
        return None;
    }
    let minifiable = MINIFIED_KINDS.iter().any(|end| path.ends_with(end.as_bytes()));
    if minifiable && bytes.len() >= MINIFIED_FROM_BYTES {
        let lines = bytes.lines().count().max(1);
        if bytes.len() / lines > MINIFIED_MEAN_LINE {
            return None;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::{by_path, readable};

    #[test]
    fn paths_that_are_skipped_and_paths_that_are_not() {
        for path in [
            "node_modules/a/b.js",
            "x/vendor/y.go",
            "Cargo.lock",
            "web/package-lock.json",
            "a/jquery.min.js",
            "logo.svg",
        ] {
            assert!(by_path(path.into(), false), "{path}");
        }
        for path in [
            "src/vendors.rs",
            "vendor",
            "Cargo.toml",
            "min.js",
            "docs/lock.md",
            "src/node_modules.rs",
        ] {
            assert!(!by_path(path.into(), false), "{path}");
        }
        assert!(by_path("a/vendor".into(), true) && !by_path("a/src".into(), true));
    }

    #[test]
    fn content_that_is_skipped_and_content_that_is_not() {
        assert_eq!(
            readable("a.rs".into(), b"fn a() {}\n".to_vec()).as_deref(),
            Some("fn a() {}\n")
        );
        assert_eq!(readable("a.rs".into(), b"a\0b".to_vec()), None);
        assert_eq!(readable("a.rs".into(), b"caf\xe9".to_vec()), None);
        assert_eq!(
            readable(
                "a.png".into(),
                b"version https://git-lfs.github.com/spec/v1\noid".to_vec()
            ),
            None
        );
        assert_eq!(readable("a.js".into(), vec![b'x'; 5_000]), None);
        assert!(
            readable("a.md".into(), vec![b'x'; 5_000]).is_some(),
            "a paragraph may be one line"
        );
        assert!(readable("a.js".into(), "let x = 1;\n".repeat(500).into_bytes()).is_some());
    }
}
