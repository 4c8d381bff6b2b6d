//! One suite on both stores of expiring keys.

use chrono::TimeDelta;
use futures_util::future::join_all;
use kabinet::platform::keyvalue::{Entry, Key, Pressed, Rule, Space};
use uuid::Uuid;

use crate::harness::{TestApp, both_ways};

const SPACE: Space = Space("test");

fn entry(app: &TestApp, value: &str, owner: Option<Uuid>, seconds: i64) -> Entry {
    Entry { owner, value: value.to_owned(), expires_at: app.clock.now() + TimeDelta::seconds(seconds) }
}

both_ways!(what_was_put_is_got_until_the_clock_reaches_its_end, |app| {
    let (keys, key) = (&app.app.mechanisms.keys, Key::of_secret("one"));
    assert_eq!(keys.get(SPACE, &key).await.unwrap(), None);
    let first = entry(&app, "first", Some(Uuid::nil()), 60);
    keys.put(SPACE, &key, &first).await.unwrap();
    assert_eq!(keys.get(SPACE, &key).await.unwrap(), Some(first));
    let second = entry(&app, "second", None, 60);
    keys.put(SPACE, &key, &second).await.unwrap();
    assert_eq!(keys.get(SPACE, &key).await.unwrap(), Some(second.clone()));
    assert_eq!(keys.get(Space("other"), &key).await.unwrap(), None);

    app.advance(TimeDelta::seconds(59));
    assert_eq!(keys.get(SPACE, &key).await.unwrap(), Some(second));
    app.advance(TimeDelta::seconds(1));
    assert_eq!(keys.get(SPACE, &key).await.unwrap(), None);
    assert_eq!(keys.take(SPACE, &key).await.unwrap(), None);
    app.finish().await;
});

both_ways!(of_fifty_who_add_one_key_one_succeeds, |app| {
    let (keys, key) = (&app.app.mechanisms.keys, Key::of_secret("contended"));
    let value = entry(&app, "", None, 60);
    let added = join_all((0..50).map(|_| keys.add(SPACE, &key, &value))).await;
    assert_eq!(added.into_iter().filter(|added| *added.as_ref().unwrap()).count(), 1);
    app.finish().await;
});

both_ways!(a_key_can_be_added_again_once_it_has_expired_or_was_deleted, |app| {
    let (keys, key) = (&app.app.mechanisms.keys, Key::of_secret("again"));
    assert!(keys.add(SPACE, &key, &entry(&app, "", None, 60)).await.unwrap());
    keys.delete(SPACE, &key).await.unwrap();
    assert!(keys.add(SPACE, &key, &entry(&app, "", None, 60)).await.unwrap());
    app.advance(TimeDelta::seconds(61));
    assert!(keys.add(SPACE, &key, &entry(&app, "", None, 60)).await.unwrap());
    assert!(!keys.add(SPACE, &key, &entry(&app, "", None, 60)).await.unwrap());
    app.finish().await;
});

both_ways!(of_fifty_who_take_one_key_one_gets_it, |app| {
    let (keys, key) = (&app.app.mechanisms.keys, Key::of_secret("taken"));
    keys.put(SPACE, &key, &entry(&app, "prize", Some(Uuid::nil()), 60)).await.unwrap();
    let taken = join_all((0..50).map(|_| keys.take(SPACE, &key))).await;
    let got: Vec<_> = taken.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(got.len(), 1);
    assert_eq!(got[0].value, "prize");
    assert_eq!(keys.get(SPACE, &key).await.unwrap(), None);
    app.finish().await;
});

both_ways!(replacing_changes_what_is_there_and_never_brings_back_what_is_not, |app| {
    let (keys, key) = (&app.app.mechanisms.keys, Key::of_secret("session"));
    let (old, new) = (entry(&app, "old", Some(Uuid::nil()), 60), entry(&app, "new", Some(Uuid::nil()), 90));
    assert!(!keys.replace(SPACE, &key, &new).await.unwrap());
    assert_eq!(keys.get(SPACE, &key).await.unwrap(), None);
    keys.put(SPACE, &key, &old).await.unwrap();
    assert!(keys.replace(SPACE, &key, &new).await.unwrap());
    assert_eq!(keys.get(SPACE, &key).await.unwrap(), Some(new.clone()));
    keys.delete(SPACE, &key).await.unwrap();
    assert!(!keys.replace(SPACE, &key, &new).await.unwrap());
    assert_eq!(keys.get(SPACE, &key).await.unwrap(), None);
    app.finish().await;
});

both_ways!(what_has_expired_is_not_brought_back_by_replacing, |app| {
    let (keys, key) = (&app.app.mechanisms.keys, Key::of_secret("expired"));
    keys.put(SPACE, &key, &entry(&app, "old", None, 60)).await.unwrap();
    app.advance(TimeDelta::seconds(61));
    assert!(!keys.replace(SPACE, &key, &entry(&app, "new", None, 60)).await.unwrap());
    assert_eq!(keys.get(SPACE, &key).await.unwrap(), None);
    app.finish().await;
});

both_ways!(deleting_an_owners_keys_leaves_other_owners_and_spaces_alone, |app| {
    let keys = &app.app.mechanisms.keys;
    let (anna, boris) = (Some(Uuid::from_u128(1)), Some(Uuid::from_u128(2)));
    let [one, two, three] = ["one", "two", "three"].map(Key::of_secret);
    keys.put(SPACE, &one, &entry(&app, "1", anna, 600)).await.unwrap();
    keys.add(SPACE, &two, &entry(&app, "2", anna, 60)).await.unwrap();
    keys.put(SPACE, &three, &entry(&app, "3", boris, 60)).await.unwrap();
    keys.put(Space("other"), &one, &entry(&app, "4", anna, 60)).await.unwrap();

    keys.delete_of(SPACE, Uuid::from_u128(1)).await.unwrap();
    assert_eq!(keys.get(SPACE, &one).await.unwrap(), None);
    assert_eq!(keys.get(SPACE, &two).await.unwrap(), None);
    assert_eq!(keys.get(SPACE, &three).await.unwrap().unwrap().value, "3");
    assert_eq!(keys.get(Space("other"), &one).await.unwrap().unwrap().value, "4");
    keys.delete_of(SPACE, Uuid::from_u128(9)).await.unwrap();
    app.finish().await;
});

/// The list of an owner's keys must outlive every key on it, whichever was stored last.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_short_lived_key_does_not_shorten_the_list_of_its_owners_keys_in_redis() {
    let app = TestApp::start(crate::harness::Way::Full).await;
    let (keys, owner) = (&app.app.mechanisms.keys, Uuid::from_u128(1));
    keys.put(SPACE, &Key::of_secret("long"), &entry(&app, "", Some(owner), 6000)).await.unwrap();
    keys.put(SPACE, &Key::of_secret("short"), &entry(&app, "", Some(owner), 1)).await.unwrap();
    let client = redis::Client::open(crate::harness::redis_url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let name = format!("{}:test-of:{owner}", app.app.config.redis.prefix);
    let seconds: i64 = redis::cmd("TTL").arg(name).query_async(&mut connection).await.unwrap();
    assert!(seconds > 5000, "{seconds}");
    app.finish().await;
}

// Of two at once the one that read the clock first may be counted last.
both_ways!(a_free_try_that_is_counted_late_is_not_too_early, |app| {
    let (keys, key) = (&app.app.mechanisms.keys, Key::of_secret("tries"));
    let seconds = TimeDelta::seconds;
    let rule = Rule { free: 3, first: seconds(1), most: seconds(5), forget: seconds(3600) };
    let press = async || keys.press(SPACE, &key, &rule).await.unwrap();
    assert_eq!(press().await, Pressed::Taken { tries: 1 });
    app.advance(TimeDelta::milliseconds(-3));
    assert_eq!(press().await, Pressed::Taken { tries: 2 });
    app.advance(TimeDelta::milliseconds(3));
    assert_eq!(press().await, Pressed::Taken { tries: 3 });
    keys.give_back(SPACE, &key, &rule).await.unwrap();
    app.advance(TimeDelta::milliseconds(-3));
    assert_eq!(press().await, Pressed::Taken { tries: 3 });
    assert!(matches!(press().await, Pressed::Early(_)), "the third is the last free one");
    app.finish().await;
});
