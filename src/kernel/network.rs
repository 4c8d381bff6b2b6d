use std::net::{IpAddr, Ipv6Addr};

/// Bits of an address that one customer does not choose: a household is given a /56 of IPv6 (RFC 6177).
const HOUSEHOLD: u32 = 56;

/// The network that stands for whoever asks: an address of IPv4, of IPv6 its /56.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << (128 - HOUSEHOLD)))),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_household_is_one_network() {
        let of = |address: &str| network(address.parse().unwrap()).to_string();
        assert_eq!(of("198.51.100.7"), "198.51.100.7");
        assert_eq!(of("::ffff:198.51.100.7"), "198.51.100.7");
        for address in ["2001:db8:1:200::1", "2001:db8:1:2ff:ffff::9"] {
            assert_eq!(of(address), "2001:db8:1:200::");
        }
        assert_ne!(of("2001:db8:1:300::1"), "2001:db8:1:200::");
    }
}
