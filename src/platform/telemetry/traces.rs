//! Spans on their way to an OpenTelemetry collector, over OTLP/HTTP with protobuf.
//!
//! A collector that does not answer costs nothing but its spans: they wait in a bounded queue and are dropped beyond it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use opentelemetry::KeyValue;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, Tracer};
use tokio::runtime::Handle;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::config::TelemetryConfig;
use crate::kernel::Fault;

const SERVICE: &str = "kabinet";
/// For one export, and for the last one when the process ends.
const PATIENCE: Duration = Duration::from_secs(3);

type Https = HyperClient<HttpsConnector<hyper_util::client::legacy::connect::HttpConnector>>;

/// Must be called inside the runtime that is to carry the spans.
pub(super) fn provider(endpoint: &str, config: &TelemetryConfig) -> Result<SdkTracerProvider, Fault> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Carrier::new())
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{endpoint}/v1/traces"))
        .with_timeout(PATIENCE)
        .build()
        .map_err(Fault::internal)?;
    let resource = Resource::builder()
        .with_service_name(SERVICE)
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    // What a trusted caller decided about its trace holds here, too.
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.sampled)));
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).with_sampler(sampler).build())
}

pub(super) fn tracer(provider: &SdkTracerProvider) -> Tracer {
    provider.tracer(SERVICE)
}

/// Sends what waits; blocks for a few seconds at most.
pub(super) fn flush(provider: &SdkTracerProvider) {
    if let Err(cause) = provider.shutdown_with_timeout(PATIENCE) {
        tracing::warn!(%cause, "the last traces were not delivered");
    }
}

/// The SDK's thread knows no runtime, so each export becomes a task of ours.
#[derive(Debug)]
struct Carrier {
    client: Https,
    runtime: Handle,
    failing: AtomicBool,
}

impl Carrier {
    fn new() -> Self {
        let connector = HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().build();
        let client = HyperClient::new(connector, PATIENCE, None);
        Self { client, runtime: Handle::current(), failing: AtomicBool::new(false) }
    }

    /// One line when it begins and one when it is over, however long a collector is away.
    fn note(&self, result: &Result<Response<Bytes>, HttpError>) {
        let cause = match result {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(response.status().to_string()),
            Err(cause) => Some(cause.to_string()),
        };
        match cause {
            Some(cause) if !self.failing.swap(true, Ordering::Relaxed) => {
                tracing::warn!(cause, "traces cannot be delivered (telemetry.otlp_endpoint)");
            }
            None if self.failing.swap(false, Ordering::Relaxed) => tracing::info!("traces are delivered again"),
            _ => {}
        }
    }
}

#[async_trait]
impl HttpClient for Carrier {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sent = self.runtime.spawn(async move { client.send_bytes(request).await }).await;
        let result = sent.unwrap_or_else(|cause| Err(cause.into()));
        self.note(&result);
        result
    }
}

/// Makes the span a part of a caller's trace (W3C Trace Context). What is no valid context changes nothing.
pub fn continue_trace(span: &Span, traceparent: Option<&str>, tracestate: Option<&str>) {
    if traceparent.is_none() {
        return;
    }
    let context = TraceContextPropagator::new().extract(&Headers { traceparent, tracestate });
    // Without an exporter there is no trace to continue.
    let _ = span.set_parent(context);
}

struct Headers<'a> {
    traceparent: Option<&'a str>,
    tracestate: Option<&'a str>,
}

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            "traceparent" => self.traceparent,
            "tracestate" => self.tracestate,
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent", "tracestate"]
    }
}
