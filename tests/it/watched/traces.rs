//! Spans as a collector gets them from the real binary.

use std::sync::{Arc, Mutex};

use kabinet::platform::secret::hex;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{Backend, Server, Way, eventually};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// A collector that keeps what it is sent over HTTP with protobuf.
struct Collector {
    url: String,
    kept: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
}

impl Collector {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let kept = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&kept);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kept = Arc::clone(&all);
                tokio::spawn(async move { drop(take(stream, &kept).await) });
            }
        });
        Self { url, kept }
    }

    fn spans(&self) -> Vec<Span> {
        let kept = self.kept.lock().unwrap();
        let scopes = kept.iter().flat_map(|sent| &sent.resource_spans).flat_map(|resource| &resource.scope_spans);
        scopes.flat_map(|scope| scope.spans.clone()).collect()
    }

    fn resource(&self, key: &str) -> String {
        let kept = self.kept.lock().unwrap();
        let resource = kept[0].resource_spans[0].resource.as_ref().unwrap();
        let found = resource.attributes.iter().find(|pair| pair.key == key);
        text(found.unwrap().value.as_ref().unwrap().value.as_ref())
    }
}

async fn take(mut stream: TcpStream, kept: &Mutex<Vec<ExportTraceServiceRequest>>) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut bytes).await? == 0 {
                return Ok(());
            }
        };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        assert!(head.starts_with("post /v1/traces ") && head.contains("application/x-protobuf"), "{head}");
        let length: usize =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().trim().parse().unwrap();
        while bytes.len() < end + length {
            stream.read_buf(&mut bytes).await?;
        }
        let body: Vec<u8> = bytes.drain(..end + length).skip(end).collect();
        kept.lock().unwrap().push(ExportTraceServiceRequest::decode(&body[..]).unwrap());
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n")
            .await?;
    }
}

fn text(value: Option<&Any>) -> String {
    match value {
        Some(Any::StringValue(text)) => text.clone(),
        Some(Any::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn attribute(span: &Span, key: &str) -> Option<String> {
    let found = span.attributes.iter().find(|pair| pair.key == key)?;
    Some(text(found.value.as_ref()?.value.as_ref()))
}

async fn server(endpoint: &str) -> Server {
    let mut server = Server::on(Backend::empty(Way::Embedded).await, Way::Embedded).await;
    let mut set = |name: &str, value: &str| server.environment.push((name.to_owned(), value.to_owned()));
    set("KABINET__TELEMETRY__OTLP_ENDPOINT", endpoint);
    set("KABINET__HTTP__TRUSTED_PROXIES", "127.0.0.1");
    set("OTEL_BSP_SCHEDULE_DELAY", "100");
    server.start_again().await;
    server
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_gets_the_spans_of_a_request() {
    let collector = Collector::start().await;
    let mut server = server(&collector.url).await;
    let response = reqwest::Client::new()
        .post(format!("{}/graphql", server.url))
        .header("traceparent", format!("00-{TRACE}-b7ad6b7169203331-01"))
        .header("x-request-id", "from-the-proxy")
        .json(&json!({ "query": "query Who($secret: String = \"hush\") { viewer { email } providers(search: $secret) { edges { cursor } } }", "operationName": "Who" }))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    // The end of the process delivers what waits.
    server.signal("TERM");
    assert!(server.ended().await.success());
    let spans: Vec<_> = collector.spans().into_iter().filter(|span| hex(&span.trace_id) == TRACE).collect();
    let named =
        |name: &str| spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("{name} in {spans:?}"));
    let (outer, inner) = (named("POST graphql"), named("query"));
    assert_eq!(hex(&outer.parent_span_id), "b7ad6b7169203331");
    assert_eq!(inner.parent_span_id, outer.span_id);
    assert_eq!(attribute(inner, "graphql.operation.type").as_deref(), Some("query"));
    assert_eq!(attribute(inner, "graphql.operation.name").as_deref(), Some("Who"));
    assert_eq!(attribute(outer, "request_id").as_deref(), Some("from-the-proxy"));
    assert_eq!(attribute(outer, "http.response.status_code").as_deref(), Some("200"));
    assert_eq!(collector.resource("service.name"), "kabinet");
    assert_eq!(collector.resource("service.version"), env!("CARGO_PKG_VERSION"));
    let everything = format!("{:?}", collector.spans());
    assert!(!everything.contains("hush") && !everything.contains("edges"), "the document is never sent");
    server.clean_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_away_costs_one_line() {
    // Nobody listens on port 1.
    let mut server = server("http://127.0.0.1:1").await;
    for _ in 0..20 {
        server.customer().ask("{ __typename }", json!({})).await;
    }
    let log = server.log();
    let told = "traces cannot be delivered";
    eventually("the log says so", async || std::fs::read_to_string(&log).unwrap().contains(told).then_some(())).await;
    for _ in 0..20 {
        server.customer().ask("{ __typename }", json!({})).await;
    }
    server.signal("TERM");
    assert!(server.ended().await.success());
    let lines = std::fs::read_to_string(&log).unwrap();
    assert_eq!(lines.matches(told).count(), 1, "{lines}");
    assert!(lines.lines().count() < 20, "{lines}");
    server.clean_up().await;
}
