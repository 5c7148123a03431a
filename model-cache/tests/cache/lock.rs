//! However many want a model at once, it is fetched once.

use std::process::Command;

use crate::world::{FAKE, World};
use model_cache::{ModelRef, Silent, resolve};

#[tokio::test]
async fn tasks_share_one_download() {
    let world = World::new();
    let (a, b, c) = tokio::join!(world.resolve(), world.resolve(), world.resolve());
    assert_eq!(a.unwrap(), b.unwrap());
    c.unwrap();
    assert_eq!(world.calls().len(), 1);
}

#[test]
fn processes_share_one_download() {
    let world = World::new();
    let start = || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "lock::in_a_process_of_its_own", "--ignored"])
            .env("MODEL_CACHE_TEST_ROOT", world.path(""))
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap()
    };
    for mut child in [start(), start(), start()] {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(world.calls().len(), 1);
}

#[tokio::test]
#[ignore = "run by `processes_share_one_download`"]
async fn in_a_process_of_its_own() {
    let root = std::path::PathBuf::from(
        std::env::var_os("MODEL_CACHE_TEST_ROOT").expect("set by the test that runs this one"),
    );
    let settings = model_cache::Settings {
        cache_dir: root.join("cache"),
        ..World::new().settings()
    };
    resolve(&ModelRef::parse(FAKE).unwrap(), &settings, &Silent)
        .await
        .unwrap();
}
