use std::net::SocketAddr;

use super::reader::Reader;

#[derive(Clone, Copy, Debug)]
pub struct AdminConfig {
    /// None: no figures and no second set of probes.
    pub listen: Option<SocketAddr>,
}

impl AdminConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let listen = reader.parsed("admin.listen", "empty or an address with a port such as 127.0.0.1:9090", |text| {
            if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
        });
        Self { listen: listen.flatten() }
    }
}
