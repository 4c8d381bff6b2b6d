//! Exports that a program sends by HTTP.

use chrono::TimeDelta;
use entity::exact::Quantity;
use entity::{upload, upload_chunk};
use kabinet::integrators::register::manifest::FORMAT;
use kabinet::integrators::register::rows::AccountRow;
use kabinet::integrators::register::writer::RowWriter;
use kabinet::integrators::register::{Encoding, FileEntry, Manifest, Separator};
use reqwest::{Method, StatusCode};
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::batches::{foreign, number};
use super::{EVERY_SCOPE, Program};
use crate::harness::{Customer, TestApp, Way, both_ways, eventually, sample};

/// An export of accounts: its manifest, and its one file.
struct Export {
    manifest: String,
    content: Vec<u8>,
}

fn export(rows: usize, note: &str) -> Export {
    export_as(rows, note, (Encoding::Windows1251, Separator::Semicolon))
}

fn export_as(rows: usize, note: &str, written: (Encoding, Separator)) -> Export {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = RowWriter::<AccountRow>::create(dir.path(), "accounts.csv", None, written).unwrap();
    for n in 1..=rows {
        let row = AccountRow {
            number: number(n),
            holder_name: Some("Щукина Ёлка".to_owned()),
            address: None,
            pin: Some("1234".to_owned()),
            attachable: true,
            residents: Some(2),
            heated_area: Some(Quantity::ONE),
        };
        writer.write(&row).unwrap();
    }
    let entry = writer.finish().unwrap();
    let content = std::fs::read(dir.path().join("accounts.csv")).unwrap();
    Export { manifest: manifest(vec![entry], &sample(note).provider_code), content }
}

pub fn manifest(files: Vec<FileEntry>, provider: &str) -> String {
    let exported_at = "2027-01-01T08:00:00+03:00".parse().unwrap();
    Manifest { format: FORMAT, provider: provider.to_owned(), exported_at, files }.to_toml().unwrap()
}

pub struct Answer {
    pub status: StatusCode,
    offset: Option<u64>,
    complete: Option<String>,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{} {}", self.status, self.text))
    }

    pub fn code(&self) -> (u16, String) {
        (self.status.as_u16(), self.json()["errors"][0]["extensions"]["code"].as_str().unwrap().to_owned())
    }
}

pub async fn call(caller: &Customer, method: Method, path: &str, head: &[(&str, &str)], body: Vec<u8>) -> Answer {
    let mut request = reqwest::Client::new().request(method, format!("{}{path}", caller.url)).body(body);
    request = request.header("accept-language", caller.language);
    for (name, value) in head {
        request = request.header(*name, *value);
    }
    if let Some(token) = &caller.token {
        request = request.bearer_auth(token);
    }
    let response = request.send().await.unwrap();
    let text = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let (offset, complete) = (text("upload-offset").map(|text| text.parse().unwrap()), text("upload-complete"));
    Answer { status: response.status(), offset, complete, text: response.text().await.unwrap() }
}

async fn begin(caller: &Customer, manifest: &str) -> Answer {
    call(caller, Method::POST, "/imports", &[], manifest.as_bytes().to_vec()).await
}

/// The path of a new import.
pub async fn begun(caller: &Customer, manifest: &str) -> String {
    let answer = begin(caller, manifest).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    format!("/imports/{}", answer.json()["id"].as_str().unwrap())
}

async fn patch(caller: &Customer, import: &str, offset: usize, bytes: &[u8], complete: bool) -> Answer {
    let (offset, complete) = (offset.to_string(), if complete { "?1" } else { "?0" });
    let head = [("upload-offset", offset.as_str()), ("upload-complete", complete)];
    call(caller, Method::PATCH, &format!("{import}/files/accounts.csv"), &head, bytes.to_vec()).await
}

pub async fn look(caller: &Customer, import: &str) -> Value {
    let answer = call(caller, Method::GET, import, &[], Vec::new()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()
}

async fn offset(caller: &Customer, import: &str) -> Answer {
    call(caller, Method::HEAD, &format!("{import}/files/accounts.csv"), &[], Vec::new()).await
}

async fn caller(app: &TestApp, note: &str) -> Customer {
    Program::add(app, note, "IMPORT").await.caller().await
}

async fn accounts(app: &TestApp) -> u64 {
    entity::personal_account::Entity::find().count(app.app.mechanisms.db.read()).await.unwrap()
}

async fn chunks(app: &TestApp) -> u64 {
    upload_chunk::Entity::find().count(app.app.mechanisms.db.read()).await.unwrap()
}

both_ways!(an_export_is_sent_in_pieces_and_carried_out, |app| {
    // Later than what the tests begin with.
    app.advance(TimeDelta::seconds(1));
    let (program, before) = (caller(&app, "debt").await, accounts(&app).await);
    let Export { manifest, content } = export(3, "debt");
    let import = begun(&program, &manifest).await;
    let middle = content.len() / 2;
    let first = patch(&program, &import, 0, &content[..middle], false).await;
    assert_eq!((first.status, first.offset), (StatusCode::NO_CONTENT, Some(middle as u64)));
    let standing = offset(&program, &import).await;
    assert_eq!((standing.offset, standing.complete.as_deref()), (Some(middle as u64), Some("?0")));
    // Sent again, or too far on: nothing is added, and where to go on is said.
    for wrong in [0, middle + 1] {
        let refused = patch(&program, &import, wrong, b"x", true).await;
        assert_eq!((refused.code(), refused.offset), ((409, "OFFSET_DIFFERS".to_owned()), Some(middle as u64)));
    }
    app.drain().await;
    assert_eq!(look(&program, &import).await["state"], "RECEIVING", "not all of it is there");
    let rest = patch(&program, &import, middle, &content[middle..], true).await;
    assert_eq!((rest.status, rest.complete.as_deref()), (StatusCode::NO_CONTENT, Some("?1")), "{}", rest.text);
    assert_eq!(look(&program, &import).await["state"], "WAITING");
    assert_eq!(patch(&program, &import, content.len(), b"x", true).await.code(), (409, "IMPORT_CLOSED".to_owned()));
    app.drain().await;
    let done = look(&program, &import).await;
    assert_eq!(done["state"], "DONE", "{done}");
    assert_eq!((&done["rowsTotal"], &done["rowsDone"]), (&json!(6), &json!(6)));
    let file = &done["report"]["files"][0];
    assert_eq!((&file["outcome"], &file["newCount"], &file["problemCount"]), (&json!("LOADED"), &json!(3), &json!(0)));
    assert_eq!(accounts(&app).await, before + 3);
    assert_eq!(chunks(&app).await, 0, "what was carried out is not kept");
    assert!(std::fs::read_dir(app.app.config.data_dir.join("imports")).unwrap().next().is_none());
    // The same once more changes nothing.
    let again = begun(&program, &manifest).await;
    patch(&program, &again, 0, &content, true).await;
    app.drain().await;
    assert_eq!(look(&program, &again).await["report"]["files"][0]["outcome"], "ALREADY_LOADED");
    app.finish().await;
});

both_ways!(what_is_wrong_is_told_by_line_and_column, |app| {
    let (program, before) = (caller(&app, "debt").await, accounts(&app).await);
    let Export { manifest, mut content } = export(3, "debt");
    let import = begun(&program, &manifest).await;
    let residents = content.windows(3).position(|cells| cells == b";2;").unwrap();
    content[residents + 1] = b'x';
    patch(&program, &import, 0, &content, true).await;
    app.drain().await;
    let done = look(&program, &import).await;
    assert_eq!(done["state"], "REFUSED", "{done}");
    let problem = &done["report"]["files"][0]["problems"][0];
    assert_eq!((&problem["line"], &problem["column"]), (&json!(2), &json!("residents")), "{done}");
    let csv = call(&program, Method::GET, &format!("{import}/report.csv"), &[], Vec::new()).await;
    assert!(csv.text.starts_with("file,line,column,reason\naccounts.csv,2,residents,"), "{}", csv.text);
    assert_eq!(accounts(&app).await, before);
    // A dry run reports the same and writes nothing.
    let Export { manifest, content } = export(2, "debt");
    let answer = call(&program, Method::POST, "/imports?dryRun=true", &[], manifest.into_bytes()).await.json();
    let dry = format!("/imports/{}", answer["id"].as_str().unwrap());
    patch(&program, &dry, 0, &content, true).await;
    app.drain().await;
    let done = look(&program, &dry).await;
    assert_eq!((&done["state"], &done["report"]["files"][0]["newCount"]), (&json!("DONE"), &json!(2)));
    assert_eq!(accounts(&app).await, before);
    app.finish().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_older_billings_write_is_read() {
    let app = TestApp::start(Way::Embedded).await;
    let program = caller(&app, "debt").await;
    for (n, written) in [(1, (Encoding::Cp866, Separator::Bar)), (2, (Encoding::Windows1251, Separator::Tab))] {
        let Export { manifest, content } = export_as(n, "debt", written);
        let import = begun(&program, &manifest).await;
        patch(&program, &import, 0, &content, true).await;
        app.drain().await;
        let done = look(&program, &import).await;
        assert_eq!((&done["state"], &done["report"]["files"][0]["newCount"]), (&json!("DONE"), &json!(1)), "{done}");
        app.advance(TimeDelta::minutes(1));
    }
    let db = app.app.mechanisms.db.read();
    let stored = entity::personal_account::Entity::find().all(db).await.unwrap();
    let names = stored.iter().filter(|account| account.holder_name.as_deref() == Some("Щукина Ёлка"));
    assert_eq!(names.count(), 2);
    app.finish().await;
}

both_ways!(imports_are_their_providers_alone, |app| {
    let program = caller(&app, "debt").await;
    let Export { manifest: good, content } = export(1, "debt");
    let import = begun(&program, &good).await;
    let stranger = Program::add(&app, foreign(), EVERY_SCOPE).await.caller().await;
    let of = |caller: Customer, code: u16| (caller, code);
    let person = app.confirmed_customer("anna@example.com").await;
    let other_scope = Program::add(&app, "debt", "READINGS,DECISIONS").await.caller().await;
    for (other, status) in [of(stranger.clone(), 404), of(person, 403), of(other_scope, 403), of(app.customer(), 401)] {
        for (method, path) in [
            (Method::GET, import.clone()),
            (Method::DELETE, import.clone()),
            (Method::GET, format!("{import}/report.csv")),
            (Method::HEAD, format!("{import}/files/accounts.csv")),
            (Method::PATCH, format!("{import}/files/accounts.csv")),
        ] {
            let answer = call(&other, method.clone(), &path, &[("upload-offset", "0")], b"x".to_vec()).await;
            assert_eq!(answer.status.as_u16(), status, "{method} {path}");
        }
    }
    assert_eq!(begin(&stranger, &good).await.code(), (403, "FOREIGN_PROVIDER".to_owned()));
    let code = &sample("debt").provider_code;
    let entry = |name: &str, kind: &str| {
        format!("[[file]]\nname = \"{name}\"\nkind = \"{kind}\"\nrows = 1\nsha256 = \"{}\"\n", "a".repeat(64))
    };
    let head = format!("format = 1\nprovider = \"{code}\"\nexported_at = \"2027-01-01T08:00:00+03:00\"\n");
    for (text, refusal) in [
        (format!("{head}{}", entry("provider.toml", "settings")), "SETTINGS_NOT_TAKEN"),
        (format!("{head}{}", entry("manifest.toml", "accounts")), "MANIFEST_MALFORMED"),
        (format!("{head}{}", entry("../a.csv", "accounts")), "MANIFEST_MALFORMED"),
        (format!("{head}file = []\n"), "MANIFEST_MALFORMED"),
        ("no manifest".to_owned(), "MANIFEST_MALFORMED"),
    ] {
        assert_eq!(begin(&program, &text).await.code().1, refusal, "{text}");
    }
    let mut russian = program.clone();
    russian.language = "ru";
    let missing = patch(&russian, "/imports/upload_01h455vb4pex5vsknk084sn02q", 0, b"x", false).await;
    assert_eq!(missing.code(), (404, "IMPORT_NOT_FOUND".to_owned()));
    assert!(missing.text.contains("загрузки"), "{}", missing.text);
    let unsaid = call(&program, Method::PATCH, &format!("{import}/files/accounts.csv"), &[], content).await;
    assert_eq!(unsaid.status, StatusCode::BAD_REQUEST);
    assert_eq!(call(&program, Method::DELETE, &import, &[], Vec::new()).await.status, StatusCode::NO_CONTENT);
    assert_eq!(offset(&program, &import).await.status, StatusCode::NOT_FOUND);
    app.discard_letters();
    app.finish().await;
});

both_ways!(what_arrived_before_a_connection_broke_is_kept, |app| {
    let program = caller(&app, "debt").await;
    let Export { manifest, content } = export(2, "debt");
    let import = begun(&program, &manifest).await;
    let middle = content.len() / 3;
    let mut socket = tokio::net::TcpStream::connect(app.url.strip_prefix("http://").unwrap()).await.unwrap();
    let head = format!(
        "PATCH {import}/files/accounts.csv HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\nupload-offset: 0\r\n\
         upload-complete: ?1\r\ncontent-length: {}\r\n\r\n",
        program.token.as_ref().unwrap(),
        content.len()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(&content[..middle]).await.unwrap();
    socket.flush().await.unwrap();
    socket.shutdown().await.unwrap();
    drop(socket);
    let kept = async || (offset(&program, &import).await.offset == Some(middle as u64)).then_some(());
    eventually("what came is kept", kept).await;
    patch(&program, &import, middle, &content[middle..], true).await;
    app.drain().await;
    assert_eq!(look(&program, &import).await["state"], "DONE");
    app.finish().await;
});

both_ways!(what_a_killed_worker_left_is_carried_out_by_another, |app| {
    let program = caller(&app, "debt").await;
    let Export { manifest, content } = export(2, "debt");
    let import = begun(&program, &manifest).await;
    patch(&program, &import, 0, &content, true).await;
    // As a worker leaves it that is killed at once.
    let row = upload::Entity::find().one(app.app.mechanisms.db.read()).await.unwrap().unwrap();
    app.sql("UPDATE uploads SET state = 'RUNNING', run = 1").await;
    let leased = upload::ActiveModel {
        leased_until: sea_orm::ActiveValue::Set(Some(app.clock.now() + TimeDelta::minutes(1))),
        ..Default::default()
    };
    let db = &app.app.mechanisms.db;
    let (id, leased) = (row.id, &leased);
    let left = db.transaction(|tx| async move {
        use sea_orm::{ColumnTrait, QueryFilter};
        upload::Entity::update_many().set(leased.clone()).filter(upload::Column::Id.eq(id)).exec(&*tx).await?;
        Ok::<_, kabinet::kernel::Failure<std::convert::Infallible>>(())
    });
    left.await.unwrap();
    app.advance(TimeDelta::seconds(1));
    let next = begun(&program, &manifest).await;
    patch(&program, &next, 0, &content, true).await;
    app.drain().await;
    let state = async |import: &str| look(&program, import).await["state"].take();
    assert_eq!((state(&import).await, state(&next).await), (json!("RUNNING"), json!("WAITING")), "one after the other");
    app.advance(TimeDelta::minutes(2));
    app.drain().await;
    assert_eq!((state(&import).await, state(&next).await), (json!("DONE"), json!("DONE")));
    app.finish().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imports_have_limits() {
    let app = TestApp::start_with(Way::Embedded, &[("KABINET__UPLOADS__MAX_BYTES", "1048576")]).await;
    let program = caller(&app, "debt").await;
    let Export { manifest, content } = export(1, "debt");
    let import = begun(&program, &manifest).await;
    let most = vec![b'x'; 1024 * 1024];
    assert_eq!(patch(&program, &import, 0, &most, false).await.status, StatusCode::NO_CONTENT);
    let refused = patch(&program, &import, most.len(), b"x", true).await;
    assert_eq!(refused.code(), (413, "IMPORT_TOO_LARGE".to_owned()));
    for _ in 1..10 {
        begun(&program, &manifest).await;
    }
    assert_eq!(begin(&program, &manifest).await.code(), (429, "TOO_MANY_IMPORTS".to_owned()));
    app.advance(TimeDelta::hours(25));
    let program = caller(&app, "debt").await;
    let late = patch(&program, &import, 0, &content, true).await;
    assert_eq!(late.code(), (409, "IMPORT_CLOSED".to_owned()));
    assert_eq!(app.app.worker.uploads.purge().await.unwrap(), 10);
    assert_eq!(offset(&program, &import).await.status, StatusCode::NOT_FOUND);
    begun(&program, &manifest).await;
    app.finish().await;
}
