use super::reader::Reader;

#[derive(Clone, Debug)]
pub struct TelemetryConfig {
    /// Without a slash at the end; none: no traces are sent.
    pub otlp_endpoint: Option<String>,
    /// From 0 to 1: the part of the traces that begin here which is sent.
    pub sampled: f64,
}

impl TelemetryConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let endpoint = reader.parsed(
            "telemetry.otlp_endpoint",
            "empty or an http:// or https:// address without a slash at its end",
            |text| {
                let fits = (text.starts_with("http://") || text.starts_with("https://")) && !text.ends_with('/');
                (text.is_empty() || fits).then(|| Some(text.to_owned()).filter(|text| !text.is_empty()))
            },
        );
        let sampled = reader.parsed("telemetry.sampled", "a part from \"0\" to \"1\" such as \"0.1\"", |text| {
            text.parse().ok().filter(|part| (0.0..=1.0).contains(part))
        });
        Self { otlp_endpoint: endpoint.flatten(), sampled: sampled.unwrap_or(1.0) }
    }
}
