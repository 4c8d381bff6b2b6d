//! The steps go up and down on both engines, and the entities are the tables that they make.

mod rows;

use kabinet::kernel::Entropy;
use kabinet::platform::db::{Db, Engine};
use sea_orm::{ConnectionTrait, Statement};

use self::rows::rows;
use crate::harness::{Backend, Way};

async fn connect(backend: &Backend) -> Db {
    let config = backend.config("http://127.0.0.1:1");
    Db::connect(&config.database, &config.data_dir, Entropy::System).await.unwrap()
}

/// Tables, and functions of ours, that are there.
async fn things(db: &Db) -> Vec<String> {
    let sql = match db.engine() {
        Engine::Sqlite => "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name",
        Engine::Postgres => {
            "SELECT name FROM (SELECT tablename::text AS name FROM pg_tables WHERE schemaname = 'public' \
             UNION SELECT indexname::text FROM pg_indexes WHERE schemaname = 'public' \
             UNION SELECT proname::text FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace \
             WHERE n.nspname = 'public') AS all_of_it ORDER BY name"
        }
    };
    let statement = Statement::from_string(db.read().get_database_backend(), sql);
    let rows = db.read().query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| row.try_get("", "name").unwrap()).collect()
}

async fn up_and_down(way: Way) {
    let backend = Backend::empty(way).await;
    let db = connect(&backend).await;
    assert!(db.pending_migrations().await.unwrap() > 0);
    db.migrate_up().await.unwrap();
    assert_eq!(db.pending_migrations().await.unwrap(), 0);
    let whole = things(&db).await;
    assert!(whole.iter().any(|name| name == "ledger_entries"));
    db.migrate_up().await.expect("a second time changes nothing");

    db.migrate_down(None).await.unwrap();
    let left: Vec<_> = things(&db).await.into_iter().filter(|name| !name.starts_with("seaql_migrations")).collect();
    assert_eq!(left, Vec::<String>::new(), "what a step made, its way back removes");
    db.migrate_up().await.unwrap();
    assert_eq!(things(&db).await, whole);

    let steps = u32::try_from(whole.len()).unwrap();
    for _ in 0..steps {
        db.migrate_down(Some(1)).await.unwrap();
        if db.pending_migrations().await.unwrap() > 7 {
            break;
        }
    }
    db.migrate_up().await.expect("step by step as well");
    assert_eq!(things(&db).await, whole);
    db.close().await;
    backend.clean_up().await;
}

macro_rules! on_both_engines {
    ($name:ident, $body:ident) => {
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$body(crate::harness::Way::Embedded).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                super::$body(crate::harness::Way::Full).await;
            }
        }
    };
}

on_both_engines!(the_schema_goes_up_from_nothing_down_to_nothing_and_up_again, up_and_down);
on_both_engines!(a_row_of_every_table_is_read_as_it_was_stored, rows);
