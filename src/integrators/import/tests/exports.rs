//! Exports that are mended, late, changed on the way, or exchanged while they are read.

use std::path::Path;

use entity::{import_file, personal_account, statement};
use sea_orm::{EntityTrait, PaginatorTrait};

use super::look::{account_of, outcomes, problems, tally};
use super::world::{World, account};
use crate::integrators::import::{ImportEvent, ImportReport, Mode, Outcome, Step};
use crate::integrators::register::rows::AccountRow;
use crate::integrators::register::writer::{write_manifest, write_settings};
use crate::integrators::register::{Encoding, Export, Kind, Manifest};

on_both_engines!(
    a_mended_manifest_is_looked_at_again,
    utf8_that_is_called_windows_1251_is_refused,
    an_older_export_does_not_overwrite_a_newer_one,
    what_a_later_export_repeats_is_as_new_as_that,
    older_settings_are_refused,
    a_loaded_file_that_changed_is_not_passed_over,
    what_is_exchanged_after_the_check_is_not_written,
);

const OCTOBER: &str = "2026-10-01T08:00:00+03:00";
const NOVEMBER: &str = "2026-11-01T08:00:00+03:00";

fn mend(dir: &Path, change: impl FnOnce(&mut Manifest)) {
    let mut manifest = Export::open(dir).unwrap().manifest;
    change(&mut manifest);
    write_manifest(dir, &manifest).unwrap();
}

fn encode(dir: &Path, encoding: Encoding) {
    mend(dir, |manifest| {
        let accounts = manifest.files.iter_mut().find(|file| file.kind == Kind::Accounts);
        accounts.unwrap().encoding = encoding;
    });
}

fn replace(path: &Path, old: &str, new: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(old));
    std::fs::write(path, text.replace(old, new)).unwrap();
}

async fn dry(world: &World, dir: &Path) -> ImportReport {
    world.importer().import(dir, Mode::DryRun, &|_| ()).await.unwrap()
}

async fn accounts(world: &World) -> u64 {
    personal_account::Entity::find().count(world.db().read()).await.unwrap()
}

async fn a_mended_manifest_is_looked_at_again(world: World) {
    // ASCII: readable in both encodings, so that the first run takes it.
    let dir = world.book("book").rows(None, &[account("0001", "Ivanova")]).seal();
    for encoding in [Encoding::Windows1251, Encoding::Utf8] {
        encode(&dir, encoding);
        let outcome = async || world.load(&dir).await.files[1].outcome;
        assert_eq!(outcome().await, Outcome::Loaded, "{encoding:?}");
        assert_eq!(outcome().await, Outcome::AlreadyLoaded, "{encoding:?}");
        world.mechanisms.clock.advance(chrono::TimeDelta::hours(1));
    }
}

async fn utf8_that_is_called_windows_1251_is_refused(world: World) {
    let dir = world.book("book").accounts(&["0001"]).seal();
    encode(&dir, Encoding::Windows1251);
    let told = problems(&world.import(&dir).await);
    assert!(told.starts_with("accounts.csv: its bytes are UTF-8, the manifest says windows-1251\n"), "{told}");
    assert_eq!(accounts(&world).await, 0);
    encode(&dir, Encoding::Utf8);
    world.load(&dir).await;
    assert_eq!(account_of(world.db(), "0001").await.holder_name.as_deref(), Some("Иванова"));
}

fn with_pin(pin: &str) -> [AccountRow; 1] {
    [AccountRow { pin: Some(pin.into()), ..account("0001", "Иванова") }]
}

async fn an_older_export_does_not_overwrite_a_newer_one(world: World) {
    let pin = async || account_of(world.db(), "0001").await.pin.unwrap();
    let october = world.book("october").rows(None, &with_pin("111111")).meters(&[("0001", "A")]);
    let october = october.readings(&[("0001", "A", "2026-09-20", 10)]).exported(OCTOBER).seal();
    let november = world.book("november").rows(None, &with_pin("222222")).exported(NOVEMBER).seal();
    world.load(&october).await;
    world.mechanisms.clock.advance(chrono::TimeDelta::hours(1));
    world.load(&november).await;
    world.mechanisms.clock.advance(chrono::TimeDelta::hours(1));

    // What November said nothing of is still the newest of its kind.
    let again = [
        ("provider.toml", Outcome::Loaded),
        ("accounts.csv", Outcome::Refused),
        ("meters.csv", Outcome::AlreadyLoaded),
        ("readings.csv", Outcome::AlreadyLoaded),
    ];
    for report in [dry(&world, &october).await, world.import(&october).await] {
        assert_eq!(outcomes(&report), again);
        let told = problems(&report);
        let expected = "accounts.csv: exported 2026-10-01T05:00:00Z, and those of 2026-11-01T05:00:00Z are loaded";
        assert!(told.starts_with(expected), "{told}");
    }
    assert_eq!(pin().await, "222222");

    // Readings are of a day, not of now.
    let late = world.book("late").readings(&[("0001", "A", "2026-08-20", 5)]).exported("2026-09-01T00:00:00Z").seal();
    assert_eq!(tally(&world.load(&late).await, "readings.csv"), (1, 0, 0));

    let forced = world.importer().taking_older_exports().import(&october, Mode::Write, &|_| ()).await.unwrap();
    assert_eq!((forced.refused(), pin().await), (false, "111111".into()));
    world.mechanisms.clock.advance(chrono::TimeDelta::hours(1));
    world.load(&november).await;
    assert_eq!(pin().await, "222222");
}

async fn what_a_later_export_repeats_is_as_new_as_that(world: World) {
    let october = world.book("october").rows(None, &with_pin("111111")).exported(OCTOBER).seal();
    let november = world.book("november").rows(None, &with_pin("111111")).exported(NOVEMBER).seal();
    world.load(&october).await;
    assert_eq!(world.load(&november).await.files[1].outcome, Outcome::AlreadyLoaded);
    let between = world.book("between").rows(None, &with_pin("333333")).exported("2026-10-15T00:00:00Z").seal();
    assert!(problems(&world.import(&between).await).contains("accounts.csv: exported 2026-10-15"));
    // The same once more says nothing older.
    assert!(!world.import(&october).await.refused());
}

async fn older_settings_are_refused(world: World) {
    let export = |folder: &str, name: &str, exported_at: &str| {
        let dir = world.book(folder).accounts(&["0001"]).exported(exported_at).seal();
        let export = Export::open(&dir).unwrap();
        let mut settings = export.settings(&export.manifest.files[0]).unwrap();
        settings.first.name = name.into();
        mend(&dir, |manifest| manifest.files[0] = write_settings(&dir, &settings).unwrap());
        dir
    };
    world.load(&export("november", "Новгаз", NOVEMBER)).await;
    let report = world.import(&export("october", "Октгаз", OCTOBER)).await;
    assert_eq!(outcomes(&report)[0], ("provider.toml", Outcome::Refused));
    let stored = entity::provider::Entity::find().one(world.db().read()).await.unwrap().unwrap();
    assert_eq!(stored.name, "Новгаз");
}

async fn a_loaded_file_that_changed_is_not_passed_over(world: World) {
    let bills = [("0001", "0", "1", "0")];
    let dir = world.book("book").accounts(&["0001"]).month(202_610, &bills).seal();
    world.load(&dir).await;
    for name in ["accounts.csv", "statement_lines-2026-10.csv"] {
        let path = dir.join(name);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, [bytes.as_slice(), b"\r\n"].concat()).unwrap();
        for report in [dry(&world, &dir).await, world.import(&dir).await] {
            let told = problems(&report);
            assert!(told.starts_with(&format!("{name}: checksum (SHA-256) is ")), "{told}");
            assert!(report.refused());
        }
        std::fs::write(&path, bytes).unwrap();
        assert!(!world.import(&dir).await.refused());
    }
}

async fn what_is_exchanged_after_the_check_is_not_written(world: World) {
    let bills = [("0001", "0", "1", "0")];
    let dir = world.book("book").accounts(&["0001"]).month(202_610, &bills).seal();
    // Of the same length each: nothing but the bytes tells.
    let exchanges = [
        ("accounts.csv", "accounts.csv", "123456", "654321"),
        ("statements-2026-10.csv", "statement_lines-2026-10.csv", "Газ", "Пар"),
    ];
    for (file, exchanged, old, new) in exchanges {
        let path = dir.join(exchanged);
        let events = |event: ImportEvent<'_>| {
            if matches!(event, ImportEvent::Began { step: Step::Write, file: begun, .. } if begun == file) {
                replace(&path, old, new);
            }
        };
        let report = world.importer().import(&dir, Mode::Write, &events).await.unwrap();
        let told = problems(&report);
        assert!(
            told.starts_with(&format!("{file}: changed after it was checked; its first 0 rows are loaded")),
            "{told}"
        );
        assert_eq!(statement::Entity::find().count(world.db().read()).await.unwrap(), 0);
        if file == "accounts.csv" {
            assert_eq!(accounts(&world).await, 0);
        }
        replace(&path, new, old);
        // Only what comes before it: the next turn is about the statements.
        if file == "accounts.csv" {
            let only = |manifest: &mut Manifest| manifest.files.retain(|file| !file.kind.is_monthly());
            let whole = Export::open(&dir).unwrap().manifest;
            mend(&dir, only);
            world.load(&dir).await;
            write_manifest(&dir, &whole).unwrap();
        }
    }
    world.load(&dir).await;
    let files = import_file::Entity::find().all(world.db().read()).await.unwrap();
    assert!(files.iter().all(|file| file.finished_at.is_some()), "{files:?}");
}
