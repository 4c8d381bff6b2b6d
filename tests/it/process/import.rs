//! `kabinet import` as an operator runs it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;

use kabinet::kernel::Entropy;
use kabinet::platform::db::Db;
use sea_orm::{ConnectionTrait, Statement};
use tempfile::TempDir;

use super::in_both_ways;
use crate::harness::{Backend, Way, kabinet};

in_both_ways!(a_dry_run_makes_and_migrates_nothing, dry_run);
in_both_ways!(a_file_in_another_form_is_translated_and_loaded, translated);
in_both_ways!(statements_of_a_file_are_taken_back_and_loaded_again, taken_back);
in_both_ways!(an_import_goes_on_when_nobody_reads_what_it_says, closed_pipe);

struct Operator {
    backend: Backend,
    environment: Vec<(String, String)>,
    registers: TempDir,
}

impl Operator {
    async fn new(way: Way) -> Self {
        let backend = Backend::empty(way).await;
        let mut environment = backend.environment("http://127.0.0.1:1");
        // Not there yet, and the last one counts.
        let data = backend.dir.path().join("data").display().to_string();
        environment.push(("KABINET__DATA_DIR".to_owned(), data));
        let registers = tempfile::tempdir().unwrap();
        let operator = Self { backend, environment, registers };
        let out = operator.registers.path().display().to_string();
        let size = ["--accounts", "24", "--months", "1", "--until", "2026-06"];
        let generated = operator.run(&[&["demo", "generate", "--out", &out], size.as_slice()].concat());
        assert!(generated.status.success(), "{generated:?}");
        operator
    }

    fn data(&self) -> std::path::PathBuf {
        self.backend.dir.path().join("data")
    }

    fn run(&self, arguments: &[&str]) -> Output {
        kabinet(arguments, &self.environment).output().unwrap()
    }

    fn import(&self, rest: &[&str]) -> Output {
        let dir = self.registers.path().display().to_string();
        self.run(&[&["import", dir.as_str()], rest].concat())
    }

    /// Tables of the database, the embedded one's too.
    async fn tables(&self) -> i64 {
        let config = kabinet::config::Config::load(None, self.environment.clone().into_iter()).unwrap();
        let Some(db) = Db::open_to_read(&config.database, &config.data_dir, Entropy::System).await.unwrap() else {
            return 0;
        };
        let count = match self.backend.full {
            Some(_) => "SELECT count(*) AS tables FROM pg_tables WHERE schemaname = 'public'",
            None => "SELECT count(*) AS tables FROM sqlite_master WHERE type = 'table'",
        };
        let count = Statement::from_string(db.read().get_database_backend(), count);
        let tables = db.read().query_one_raw(count).await.unwrap().unwrap().try_get("", "tables").unwrap();
        db.close().await;
        tables
    }
}

/// Every file and its bytes.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.display().to_string(), std::fs::read(&path).unwrap())).collect()
}

async fn dry_run(way: Way) {
    let operator = Operator::new(way).await;
    let refused = operator.import(&["--dry-run"]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{told}");
    assert!(told.contains("run `kabinet migrate` first. Nothing was checked."), "{told}");
    assert!(!operator.data().exists(), "a dry run makes no folder, no key, no database");
    assert_eq!(operator.tables().await, 0);

    let migrated = operator.run(&["migrate"]);
    assert!(migrated.status.success(), "{migrated:?}");
    let before = operator.data().exists().then(|| files(&operator.data()));
    let dry = operator.import(&["--dry-run"]);
    assert!(dry.status.success(), "{dry:?}");
    assert!(String::from_utf8_lossy(&dry.stdout).ends_with("Dry run: nothing was written.\n"), "{dry:?}");
    let after = operator.data().exists().then(|| files(&operator.data()));
    assert!(before == after, "the data folder is as it was");
    operator.backend.clean_up().await;
}

async fn closed_pipe(way: Way) {
    let operator = Operator::new(way).await;
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let dir = operator.registers.path().display().to_string();
    let mut import = kabinet(&["import", &dir], &operator.environment);
    let status = import.stdout(writer.try_clone().unwrap()).stderr(writer).status().unwrap();
    assert!(status.success(), "{status}");
    let again = operator.import(&[]);
    let told = String::from_utf8_lossy(&again.stdout).into_owned();
    assert!(again.status.success() && told.contains("loaded before"), "{told}");
    assert!(!told.contains(" 1 new"), "everything was loaded: {told}");
    operator.backend.clean_up().await;
}

async fn taken_back(way: Way) {
    let operator = Operator::new(way).await;
    assert!(operator.import(&[]).status.success());
    let told = |output: &Output| String::from_utf8_lossy(&output.stdout).into_owned();
    let listed = told(&operator.run(&["imports", "list"]));
    let find = |kind: &str| {
        let row = listed
            .lines()
            .find(|line| line.contains(&format!(",voronezh,{kind},")))
            .unwrap_or_else(|| panic!("{listed}"));
        row.split(',').next().unwrap().to_owned()
    };
    let statements = find("statements");
    for (import, reason) in [
        (find("accounts").as_str(), "only statements are taken back"),
        ("import_01h455vb4pex5vsknk084sn02q", "there is no such import"),
        ("nonsense", "there is no such import"),
    ] {
        let refused = operator.run(&["imports", "undo", import]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&refused.stderr).contains(reason), "{refused:?}");
    }
    let dry = told(&operator.run(&["imports", "undo", &statements, "--dry-run"]));
    assert!(dry.ends_with("0 stay\nDry run: nothing was written.\n"), "{dry}");
    let undone = operator.run(&["imports", "undo", &statements]);
    assert!(undone.status.success(), "{undone:?}");
    assert_eq!(told(&undone), dry.replace("Dry run: nothing was written.\n", ""));
    let count = dry.split(' ').next().unwrap().to_owned();
    assert_ne!(count, "0");
    let again = told(&operator.run(&["imports", "undo", &statements]));
    assert_eq!(again, format!("0 withdrawn  0 restored  {count} unchanged  0 stay\n"));
    // The file counts as not loaded.
    let loaded = told(&operator.import(&[]));
    let row = loaded.lines().find(|line| line.starts_with("voronezh/statements")).unwrap();
    assert!(row.contains(&format!("{count} new")), "{row}");
    let checked = operator.run(&["doctor"]);
    // There is no mail server.
    let failed: Vec<_> = told(&checked).lines().filter(|line| line.starts_with("FAIL")).map(str::to_owned).collect();
    assert!(failed.iter().all(|line| line.starts_with("FAIL  mail")), "{failed:?}");
    operator.backend.clean_up().await;
}

/// A settlement centre's file, by the template of the documentation: a person it names anew is changed, and nobody else.
async fn translated(way: Way) {
    let operator = Operator::new(way).await;
    assert!(operator.import(&[]).status.success());
    let accounts = std::fs::read_to_string(operator.registers.path().join("voronezh/accounts.csv")).unwrap();
    let number = accounts.lines().nth(1).unwrap().split(';').next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let rows = format!("#FILESUM 10.50\nЩукина Е. Ё.;ул. Мира, д. 5;{number};10.50;газ;0\n");
    std::fs::write(path("gorod.txt"), encoding_rs::WINDOWS_1251.encode(&rows).0).unwrap();
    let template = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/templates/gorod.toml");
    let translate = |out: &str| {
        operator.run(&[
            "translate",
            template,
            &path("gorod.txt"),
            "--out",
            out,
            "--exported-at",
            "2030-01-01T00:00:00Z",
        ])
    };
    let out = path("out");
    let translated = translate(&out);
    assert!(translated.status.success(), "{translated:?}");
    let told = String::from_utf8_lossy(&translated.stdout).into_owned();
    assert!(told.contains("1 rows, 0 skipped") && told.contains(&format!("kabinet import --dry-run {out}")), "{told}");
    let differences = path("differences.csv");
    for arguments in [&["import", "--dry-run", &out, "--differences", &differences][..], &["import", &out]] {
        let imported = operator.run(arguments);
        let told = String::from_utf8_lossy(&imported.stdout).into_owned();
        assert!(imported.status.success() && told.contains("0 new         1 changed"), "{told}{imported:?}");
    }
    let told = std::fs::read_to_string(&differences).unwrap();
    // The name that stood there is nobody's business; the one in the file, the operator has.
    assert!(
        told.starts_with(
            "provider,file,line,column,before,after\nvoronezh,accounts.csv,2,holder_name,***,Щукина Е. Ё.\n"
        ),
        "{told}"
    );
    let refused = translate(&out);
    assert_eq!(refused.status.code(), Some(1), "a folder with registers is not written over");

    std::fs::write(path("gorod.txt"), "#FILESUM 1\n").unwrap();
    let refused = translate(&path("other"));
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        told.contains("the rows add up to 0.00, the file says 1.00") && !folder.path().join("other").exists(),
        "{told}"
    );
    operator.backend.clean_up().await;
}
