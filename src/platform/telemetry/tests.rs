use std::io;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;

use super::*;

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn logged(format: LogFormat, work: impl FnOnce()) -> String {
    let kept = Kept::default();
    let writer = kept.clone();
    let log = LogConfig { filter: "trace".to_owned(), format };
    let subscriber = tracing_subscriber::registry().with(lines(&log, true, move || writer.clone()));
    tracing::subscriber::with_default(subscriber, work);
    let bytes = kept.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

const EVIL: &str = "a\r\n2026-01-01 ERROR forged \u{1b}[31mred\u{9b}\u{202e}\u{2028}\0";

fn say_evil() {
    let span = tracing::info_span!("request", text = EVIL, shown = %EVIL);
    let _entered = span.enter();
    tracing::info!(text = EVIL, shown = %EVIL, debugged = ?EVIL, "it says {EVIL}");
}

#[test]
fn values_from_outside_stay_on_their_line() {
    for format in [LogFormat::Text, LogFormat::Json] {
        let text = logged(format, say_evil);
        assert_eq!(text.lines().count(), 1, "{text:?}");
        // The colours of the line itself are ours; "red" was to be the client's.
        assert!(!text.contains("\u{1b}[31mred"), "{text:?}");
        assert!(!text.contains('\0') && !text.contains('\r'), "{text:?}");
    }
    let text = logged(LogFormat::Text, say_evil);
    assert!(text.contains("it says a\\r\\n2026") && text.contains("shown=a\\r\\n2026"), "{text:?}");
    assert!(!text.contains('\u{9b}') && !text.contains('\u{202e}') && !text.contains('\u{2028}'), "{text:?}");
}

#[test]
fn the_id_of_the_request_is_in_its_lines() {
    for format in [LogFormat::Text, LogFormat::Json] {
        let text = logged(format, || {
            let id = RequestId::given("r-17").unwrap();
            id.serve(async { tracing::warn!(n = 1, "inside") }).now_or_never().unwrap();
            tracing::warn!("outside");
        });
        let (inside, outside) = text.split_once('\n').unwrap();
        assert!(inside.contains("r-17") && inside.contains("inside") && !outside.contains("r-17"), "{text}");
        if format == LogFormat::Json {
            let line: serde_json::Value = serde_json::from_str(inside).unwrap();
            assert_eq!((&line["request_id"], &line["fields"]["n"]), (&"r-17".into(), &1.into()), "{text}");
        }
    }
}

#[test]
fn a_request_that_nobody_traces_makes_no_span() {
    let log = LogConfig { filter: "info".to_owned(), format: LogFormat::Text };
    let subscriber = tracing_subscriber::registry().with(vec![lines(&log, false, io::sink)]);
    tracing::subscriber::with_default(subscriber, || {
        assert!(tracing::error_span!("request").is_disabled());
    });
}
