//! What the fuzz targets do with their bytes. Each panics when something is wrong.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

use entity::ids::PaymentId;
use kabinet::config::{BudgetLimits, Config, GraphqlConfig};
use kabinet::graphql::document::Size;
use kabinet::graphql::page::Window;
use kabinet::graphql::{documents, ids};
use kabinet::http::graphql::document::{Prepared, Refused, prepare};
use kabinet::http::graphql::door::Door;
use kabinet::http::graphql::envelope::Envelope;
use kabinet::kernel::Clock;

static CONFIG: LazyLock<GraphqlConfig> =
    LazyLock::new(|| Config::load::<String>(None, std::iter::empty()).expect("the defaults are valid").graphql);
static DOOR: LazyLock<Door> = LazyLock::new(|| {
    // Nobody else sends so much that is new: the budget that is there to stop this is not what is looked at.
    let budget = BudgetLimits { unknown_bytes: 1_000_000_000_000, ..CONFIG.budget };
    Door::new(documents(&CONFIG).expect("the schema is read"), Clock::System, budget)
});

/// A request's body is taken or refused.
pub fn envelope(bytes: &[u8]) {
    let _ = Envelope::from_body(bytes);
}

/// A request fares the same when its document is known as when it was new.
pub fn document(bytes: &[u8]) {
    let ask =
        || Some(told(prepare(&DOOR, Envelope::from_body(bytes).ok()?, IpAddr::V4(Ipv4Addr::LOCALHOST), Size::Usual)));
    let first = ask();
    assert_eq!(first, ask());
    assert_eq!(first, ask());
}

/// What a client notices, and that it is bounded.
fn told(prepared: Result<Prepared, Refused>) -> Result<(u64, u64), (u16, String)> {
    match prepared {
        Ok(prepared) => {
            assert!(prepared.price.points <= CONFIG.max_complexity && prepared.price.sign_ins <= 1);
            Ok((prepared.price.points, prepared.price.sign_ins))
        }
        Err(refused) => {
            let status = refused.status.as_u16();
            let outcome = refused.outcome();
            assert!((1..=10).contains(&outcome.errors.len()) && outcome.data.is_none());
            Err((status, outcome.errors.first().map(|error| error.message.clone()).unwrap_or_default()))
        }
    }
}

/// What is an id at all has one way to be written.
pub fn id(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Some(id) = ids::decode::<PaymentId>(text) {
        assert_eq!(*ids::encode(id), *text);
    }
}

/// A cursor is taken or refused.
pub fn cursor(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let window = Window::new(None, Some(text.to_owned()), None, None);
    let _ = window.page::<(i64, String)>(&CONFIG);
    let _ = window.page::<String>(&CONFIG);
}
