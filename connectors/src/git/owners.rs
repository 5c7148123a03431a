//! CODEOWNERS: who answers for which files. The syntax is the one of
//! <https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners>.

use gix::bstr::{BStr, ByteSlice};
use gix::glob::pattern::Case;
use gix::glob::wildmatch::Mode;

/// Where the file may be; the first that exists counts.
pub(super) const PLACES: [&str; 3] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];

/// GitHub ignores a larger file.
pub(super) const MAX_BYTES: u64 = 3 << 20;
const MAX_RULES: usize = 10_000;
const MAX_PATTERN_BYTES: usize = 512;
const MAX_OWNERS: usize = 50;

/// The rules of a CODEOWNERS file.
#[derive(Debug, Default)]
pub(super) struct Owners {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    pattern: gix::glob::Pattern,
    /// Whether all that is below a matching folder matches: not so for `docs/*`.
    below: bool,
    owners: Vec<String>,
}

impl Owners {
    /// Read the rules; lines that are none are passed over, as GitHub does.
    pub(super) fn parse(text: &str) -> Self {
        let rules = text.lines().filter_map(Rule::parse).take(MAX_RULES).collect();
        Self { rules }
    }

    /// The owners of a file: those of the last rule that matches, which may name nobody.
    pub(super) fn of(&self, path: &BStr) -> &[String] {
        let matching = self.rules.iter().rev().find(|rule| rule.matches(path));
        matching.map_or(&[], |rule| rule.owners.as_slice())
    }
}

impl Rule {
    fn parse(line: &str) -> Option<Self> {
        let line = line.trim();
        if line.starts_with('#') || line.starts_with('!') {
            return None;
        }
        let (pattern, rest) = split_pattern(line)?;
        if pattern.len() > MAX_PATTERN_BYTES || pattern.contains('[') {
            return None;
        }
        let owners = rest
            .split_whitespace()
            .take_while(|word| !word.starts_with('#'))
            .take(MAX_OWNERS)
            .map(str::to_owned)
            .collect();
        let below = !pattern.ends_with("/*");
        let pattern = gix::glob::Pattern::from_bytes_without_negation(pattern.as_bytes())?;
        Some(Self { pattern, below, owners })
    }

    fn matches(&self, path: &BStr) -> bool {
        if self.matches_entry(path, false) {
            return true;
        }
        self.below
            && path
                .find_iter("/")
                .any(|end| self.matches_entry(path.get(..end).unwrap_or_default().as_bstr(), true))
    }

    fn matches_entry(&self, path: &BStr, folder: bool) -> bool {
        let name = path.rfind_byte(b'/').map(|slash| slash + 1);
        self.pattern
            .matches_repo_relative_path(path, name, Some(folder), Case::Sensitive, Mode::NO_MATCH_SLASH_LITERAL)
    }
}

/// The pattern, up to the first space that no backslash precedes, and what follows it.
fn split_pattern(line: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    let end = line.find(|c: char| {
        let ends = c.is_whitespace() && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    let (pattern, rest) = line.split_at(end.unwrap_or(line.len()));
    (!pattern.is_empty()).then_some((pattern, rest))
}

#[cfg(test)]
mod tests {
    use super::Owners;

    #[test]
    fn the_last_rule_that_matches_names_the_owners() {
        let owners = Owners::parse(
            "# who answers\n*       @org/all\n*.js @js # inline\n/build/logs/ @ops\ndocs/* docs@example.com\napps/ @apps\n\
             **/logs @logs\n/apps/github\nwith\\ space/ @space\n!x @never\n[ab] @never\n",
        );
        for (path, expected) in [
            ("README.md", "@org/all"),
            ("src/a.js", "@js"),
            ("build/logs/x/y.log", "@logs"),
            ("docs/a.md", "docs@example.com"),
            ("docs/deep/a.md", "@org/all"),
            ("x/apps/y/z.rs", "@apps"),
            ("apps/a.js", "@apps"),
            ("x/logs/today", "@logs"),
            ("with space/a", "@space"),
            ("x", "@org/all"),
        ] {
            assert_eq!(owners.of(path.into()), [expected], "{path}");
        }
        assert!(
            owners.of("apps/github/a.rs".into()).is_empty(),
            "a rule without owners takes them away"
        );
    }

    #[test]
    fn a_pattern_made_to_be_slow_is_still_decided() {
        let owners = Owners::parse(&format!("{}/end @x\n{}end @x\n", "**/a*".repeat(40), "*a".repeat(100)));
        assert!(
            owners
                .of("a/".repeat(200).as_str().trim_end_matches('/').into())
                .is_empty()
        );
        assert!(owners.of("a".repeat(1_000).as_str().into()).is_empty());
    }
}
