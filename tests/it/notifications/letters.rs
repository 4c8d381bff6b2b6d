//! What letters say, and `kabinet mail preview`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;

use crate::harness::kabinet;

const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/notifications/letters");
const KINDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/notifications/mail");

fn preview(arguments: &[&str]) -> Output {
    kabinet(&[&["mail", "preview"], arguments].concat(), &[]).output().unwrap()
}

fn printed(arguments: &[&str]) -> String {
    let output = preview(arguments);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn files(folder: &Path) -> BTreeMap<String, String> {
    let file = |entry: std::fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        (name, std::fs::read_to_string(entry.path()).unwrap())
    };
    std::fs::read_dir(folder).unwrap().map(|entry| file(entry.unwrap())).collect()
}

#[test]
fn every_letter_reads_as_it_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    printed(&["--out", folder.path().to_str().unwrap()]);
    let (now, kept) = (files(folder.path()), files(Path::new(KEPT)));
    let names: Vec<_> = now.keys().chain(kept.keys()).filter(|name| now.get(*name) != kept.get(*name)).collect();
    assert!(
        names.is_empty(),
        "letters differ from tests/it/notifications/letters; look, and run `make letters`: {names:?}"
    );
}

#[test]
fn every_folder_of_letters_is_a_kind_with_both_languages_as_text_and_html() {
    let folders = std::fs::read_dir(KINDS).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_dir());
    let mut folders: Vec<_> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    let listed = printed(&[]);
    let mut kinds: Vec<_> = listed.lines().collect();
    kinds.sort_unstable();
    folders.sort_unstable();
    assert_eq!(kinds, folders);
    let parts = ["ru.txt", "ru.html", "en.txt", "en.html"];
    let mut expected: Vec<_> = kinds.iter().flat_map(|kind| parts.map(|part| format!("{kind}.{part}"))).collect();
    expected.sort_unstable();
    assert_eq!(files(Path::new(KEPT)).into_keys().collect::<Vec<_>>(), expected);
}

#[test]
fn one_letter_is_shown_in_one_language_or_in_both() {
    let english = printed(&["confirmation", "--locale", "en"]);
    assert!(english.starts_with("Subject: ") && english.contains("/confirm-email?token="), "{english}");
    let both = printed(&["confirmation"]);
    assert!(both.contains("Здравствуйте") && both.ends_with(&english), "{both}");
    let folder = tempfile::tempdir().unwrap();
    printed(&["confirmation", "--locale", "ru", "--out", folder.path().join("new").to_str().unwrap()]);
    let written = files(&folder.path().join("new"));
    assert_eq!(written.into_keys().collect::<Vec<_>>(), ["confirmation.ru.html", "confirmation.ru.txt"]);
}

#[test]
fn a_letter_that_does_not_exist_is_refused() {
    let output = preview(&["advertisement"]);
    assert!(!output.status.success() && output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is no letter \"advertisement\""), "{output:?}");
}
