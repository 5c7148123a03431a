//! Whatever is done to a repository between pulls, what was read piece by piece is what a fresh pull reads.

use proptest::prelude::*;

use super::fixture::{Reader, Repository, assert_same, pages_of, run};
use domain::seam::Connector;

#[derive(Debug, Clone)]
enum Edit {
    Write(usize, u8),
    Remove(usize),
    Move(usize, usize),
    Commit,
    Merge(usize),
    Tag(usize),
    Untag(usize),
    Back(usize),
    Pull,
    Page,
}

const PATHS: [&str; 7] = [
    "a.rs",
    "b.md",
    "src/a.rs",
    "src/deep/b.txt",
    "vendor/v.rs",
    "CODEOWNERS",
    ".mailmap",
];
const CONTENTS: [&[u8]; 4] = [
    b"one\n",
    b"two @two\n",
    b"bin\0ary",
    b"Other <other@x.example> <ada@acme.example>\n* @all\n",
];

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => (0..PATHS.len(), 0..4u8).prop_map(|(path, content)| Edit::Write(path, content)),
        1 => (0..PATHS.len()).prop_map(Edit::Remove),
        1 => (0..PATHS.len(), 0..PATHS.len()).prop_map(|(from, to)| Edit::Move(from, to)),
        4 => Just(Edit::Commit),
        1 => (0..PATHS.len()).prop_map(Edit::Merge),
        1 => (0..3usize).prop_map(Edit::Tag),
        1 => (0..3usize).prop_map(Edit::Untag),
        1 => (1..3usize).prop_map(Edit::Back),
        2 => Just(Edit::Pull),
        2 => Just(Edit::Page),
    ]
}

fn apply(repository: &mut Repository, edit: &Edit) {
    let at = |repository: &Repository, path: usize| repository.path().join(PATHS[path]);
    match *edit {
        Edit::Write(path, content) => repository.write(PATHS[path], CONTENTS[usize::from(content)]),
        Edit::Remove(path) => drop(std::fs::remove_file(at(repository, path))),
        Edit::Move(from, to) if at(repository, from).exists() => {
            let content = std::fs::read(at(repository, from)).expect("file");
            std::fs::remove_file(at(repository, from)).expect("removed");
            repository.write(PATHS[to], content);
        }
        Edit::Commit => drop(repository.commit("edit")),
        Edit::Merge(path) => {
            repository.commit("before the merge");
            repository.git(&["checkout", "--quiet", "--detach", "HEAD"]);
            repository.write(PATHS[path], "merged\n");
            let side = repository.commit("side");
            repository.git(&["checkout", "--quiet", "main"]);
            repository.commit("main goes on");
            repository.git(&["merge", "--quiet", "--no-ff", "-m", "merge", &side]);
        }
        Edit::Tag(tag) => drop(repository.git(&["tag", "--force", &format!("v{tag}")])),
        Edit::Untag(tag) if !repository.git(&["tag", "--list", &format!("v{tag}")]).is_empty() => {
            repository.git(&["tag", "-d", &format!("v{tag}")]);
        }
        Edit::Back(steps) => {
            let depth: usize = repository
                .git(&["rev-list", "--count", "--first-parent", "HEAD"])
                .parse()
                .expect("number");
            repository.git(&["reset", "--quiet", "--hard", &format!("HEAD~{}", steps.min(depth - 1))]);
        }
        Edit::Move(..) | Edit::Untag(_) | Edit::Pull | Edit::Page => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 40, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn piece_by_piece_is_the_same_as_at_once(edits in proptest::collection::vec(edit(), 1..18)) {
        let mut repository = Repository::empty();
        repository.commit("begin");
        let git = repository.connector().with_limits(pages_of(3));
        let mut reader = Reader::default();
        for edit in &edits {
            apply(&mut repository, edit);
            if matches!(edit, Edit::Pull) {
                reader.read(&git);
            } else if matches!(edit, Edit::Page) {
                let page = run(git.pull(reader.cursor.as_ref())).expect("page");
                reader.take(&page);
                if page.sweep_due {
                    reader.sweep(&git);
                }
            }
        }
        // The first finishes what is under way, the second reads what came since.
        reader.read(&git);
        reader.read(&git);
        assert_same(&reader, &Reader::fresh(&repository.connector()));
    }
}
