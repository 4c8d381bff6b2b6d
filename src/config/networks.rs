//! Networks that requests may come from.

use std::net::IpAddr;

use super::reader::Reader;

/// `185.71.76.0/27`, or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    /// Leading bits that are the network's.
    bits: u32,
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(width);
        (bits <= width).then_some(Self { address, bits })
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                same(u128::from(network.to_bits()), u128::from(address.to_bits()), 32, self.bits)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => same(network.to_bits(), address.to_bits(), 128, self.bits),
            _ => false,
        }
    }
}

fn same(one: u128, other: u128, width: u32, bits: u32) -> bool {
    (one ^ other).checked_shr(width - bits).is_none_or(|rest| rest == 0)
}

/// Whether one of the networks has the address.
pub fn contains(networks: &[Network], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(address))
}

pub(super) fn read(reader: &mut Reader, key: &str) -> Vec<Network> {
    let mut networks = Vec::new();
    for text in reader.list(key) {
        match Network::parse(&text) {
            Some(network) => networks.push(network),
            None => reader.problem(key, &format!("has \"{text}\", which is neither an address nor a network")),
        }
    }
    networks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_its_own_addresses_and_no_others() {
        let has = |network: &str, address: &str| Network::parse(network).unwrap().contains(address.parse().unwrap());
        for (network, address, expected) in [
            ("185.71.76.0/27", "185.71.76.31", true),
            ("185.71.76.0/27", "185.71.76.32", false),
            ("77.75.154.128/25", "77.75.154.127", false),
            ("77.75.154.128/25", "::ffff:77.75.154.129", true),
            ("77.75.156.11", "77.75.156.11", true),
            ("77.75.156.11", "77.75.156.12", false),
            ("2a02:5180::/32", "2a02:5180:ffff::1", true),
            ("2a02:5180::/32", "2a02:5181::1", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("::/0", "203.0.113.9", false),
        ] {
            assert_eq!(has(network, address), expected, "{address} in {network}");
        }
        for wrong in ["", "x", "1.2.3.4/33", "1.2.3.4/-1", "::/129", "1.2.3.0/"] {
            assert_eq!(Network::parse(wrong), None, "{wrong}");
        }
    }
}
