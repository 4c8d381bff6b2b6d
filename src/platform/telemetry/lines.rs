//! How log lines look: what came from outside cannot begin a line of its own or colour the terminal, and the id of the
//! request that is being served ends each.
//!
//! The id comes from the task, not from a span: a span that only log lines need costs every request more than its
//! session and its budget together, and is made even where no line is written.

use std::fmt::{self, Write};

use tracing::field::Field;
use tracing::{Event, Subscriber};
use tracing_subscriber::field::{MakeExt, RecordFields};
use tracing_subscriber::fmt::format::{self, Writer, debug_fn};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::RequestId;

/// Fields with every control character escaped, and the id. The library escapes terminal sequences only, and not in all
/// values: a line break in a `Display` value would pass.
pub(super) fn fields() -> impl for<'w> FormatFields<'w> + Send + Sync + 'static {
    let escaped = debug_fn(|writer: &mut Writer<'_>, field: &Field, value: &dyn fmt::Debug| {
        if field.name() != "message" {
            write!(writer, "{}=", field.name())?;
        }
        write!(Escaped(writer), "{value:?}")
    });
    WithId(escaped.delimited(" "))
}

/// A line of JSON; the id is a member at its top.
pub(super) fn json<S, N>() -> impl FormatEvent<S, N> + Send + Sync + 'static
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'w> FormatFields<'w> + 'static,
{
    WithId(format::format().json().with_target(false).with_current_span(false).with_span_list(false))
}

struct WithId<F>(F);

impl<'w, F: for<'t> FormatFields<'t>> FormatFields<'w> for WithId<F> {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'w>, fields: R) -> fmt::Result {
        self.0.format_fields(writer.by_ref(), fields)?;
        RequestId::current().map_or(Ok(()), |id| write!(writer, " request_id={id}"))
    }
}

impl<S, N, F> FormatEvent<S, N> for WithId<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'w> FormatFields<'w> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let Some(id) = RequestId::current() else { return self.0.format_event(context, writer, event) };
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        match line.trim_end().strip_suffix('}') {
            // An id has no character that JSON would escape.
            Some(open) => writeln!(writer, "{open},\"request_id\":\"{id}\"}}"),
            None => writer.write_str(&line),
        }
    }
}

struct Escaped<'a, 'w>(&'a mut Writer<'w>);

impl Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for piece in text.split_inclusive(is_control) {
            match piece.char_indices().next_back() {
                Some((end, last)) if is_control(last) => {
                    self.0.write_str(piece.get(..end).unwrap_or_default())?;
                    write!(self.0, "{}", last.escape_default())?;
                }
                _ => self.0.write_str(piece)?,
            }
        }
        Ok(())
    }
}

/// Also what some viewers take for the end of a line, and what turns the direction of writing.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
