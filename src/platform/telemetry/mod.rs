//! Log lines on standard error, the id that they share with the answer to a request, and traces for a collector.

mod lines;
mod request;
mod traces;

use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::FilterExt;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, filter, fmt};

use crate::config::{LogConfig, LogFormat, TelemetryConfig};
use crate::kernel::Fault;

pub use request::{Bond, RequestId, carried};
pub use traces::continue_trace;

/// Keep it until the end, then `finish`.
#[derive(Debug)]
pub struct Telemetry(Option<SdkTracerProvider>);

/// Starts logging for the process, and traces where they are configured; a second call changes nothing.
/// Must be called inside the runtime that serves.
///
/// # Errors
/// The exporter refuses its configuration.
pub fn start(log: &LogConfig, config: &TelemetryConfig) -> Result<Telemetry, Fault> {
    let provider = config.otlp_endpoint.as_ref().map(|endpoint| traces::provider(endpoint, config)).transpose()?;
    let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
    // A list: an empty Option among the layers would want every span made.
    let mut layers = vec![lines(log, colours, std::io::stderr)];
    layers.extend(provider.as_ref().map(|provider| {
        tracing_opentelemetry::layer()
            .with_tracer(traces::tracer(provider))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_target(false)
            .with_level(false)
            .with_filter(filter::filter_fn(is_exported))
            .boxed()
    }));
    if tracing_subscriber::registry().with(layers).try_init().is_err() {
        tracing::debug!("logging had been started before");
    }
    Ok(Telemetry(provider))
}

/// Log lines as configured, for any writer.
pub fn lines<S, W>(log: &LogConfig, colours: bool, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(&log.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let filter = filter.and(filter::filter_fn(is_line));
    let layer = fmt::layer().with_writer(writer);
    match log.format {
        LogFormat::Text => {
            layer.with_target(false).with_ansi(colours).fmt_fields(lines::fields()).with_filter(filter).boxed()
        }
        LogFormat::Json => {
            layer.with_ansi(false).fmt_fields(JsonFields::new()).event_format(lines::json()).with_filter(filter).boxed()
        }
    }
}

/// No spans. And libraries write what they send and receive at the level `trace`, sessions' tokens included
/// (tungstenite): never, whatever the configured filter says.
fn is_line(metadata: &Metadata<'_>) -> bool {
    metadata.is_event() && (metadata.target().starts_with("kabinet") || *metadata.level() <= Level::DEBUG)
}

/// Our own spans, and no log lines: those name causes, which stay here.
fn is_exported(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    metadata.is_span() && target.starts_with("kabinet") && *metadata.level() <= Level::INFO
}

impl Telemetry {
    /// Delivers the last traces. Blocks; to be called when nothing is served any more and the runtime still runs.
    pub fn finish(&self) {
        if let Some(provider) = &self.0 {
            traces::flush(provider);
        }
    }
}

#[cfg(test)]
mod tests;
