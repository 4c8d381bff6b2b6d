use std::time::Duration;

use super::*;

#[test]
fn the_text_has_every_figure_and_ends_as_open_metrics_must() {
    let (traffic, statements, sessions) = (Traffic::default(), Statements::default(), Looks::default());
    let metrics = Metrics::new(&traffic, &statements, &sessions);
    traffic.answered("graphql", 204, Duration::from_millis(7));
    traffic.executed("query", "OK", Some(Duration::from_millis(6)));
    let held = (traffic.socket(), traffic.subscription(), traffic.subscription());
    statements.sent.inc();
    sessions.hits.inc();
    let pools = vec![Pool { name: "writer", idle: 1, open: 3, most: 5 }];
    let outbox = Some(Backlog { due: 2, dead: 1, lag: 40 });
    let hashing = Queue { waiting: 4, working: 2 };
    let payments = Some(Trouble { incidents: 3, stuck: 1 });
    let text = metrics.text(&Gauges { pools, hashing, sessions_cached: 9, outbox, payments });
    for line in [
        "kabinet_http_requests_total{route=\"graphql\",status=\"2xx\"} 1",
        "kabinet_http_request_seconds_bucket{le=\"0.01\",route=\"graphql\"} 1",
        "kabinet_graphql_operations_total{kind=\"query\",outcome=\"OK\"} 1",
        "kabinet_websockets_open 1",
        "kabinet_subscriptions_open 2",
        "kabinet_database_statements_total 1",
        "kabinet_database_pool_in_use{pool=\"writer\"} 2",
        "kabinet_password_hashing_waiting 4",
        "kabinet_session_cache_hits_total 1",
        "kabinet_outbox_lag_seconds 40",
        "kabinet_outbox_dead 1",
        "kabinet_outbox_readable 1",
        "kabinet_payment_incidents_open 3",
        "kabinet_payments_stuck 1",
        concat!("build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
    }
    for name in ["process_cpu_seconds_total ", "process_resident_memory_bytes ", "process_open_fds "] {
        assert!(text.lines().any(|line| line.starts_with(name)), "{name} in\n{text}");
    }
    assert!(text.ends_with("# EOF\n"));
    drop(held);
    let text = metrics.text(&Gauges::default());
    assert!(text.contains("\nkabinet_websockets_open 0\n") && text.contains("\nkabinet_subscriptions_open 0\n"));
    // What the database could not say is not made up.
    assert!(text.contains("\nkabinet_outbox_readable 0\n") && text.contains("\nkabinet_outbox_dead 1\n"));
}
