//! Which addresses are not of the public internet (IANA's special-purpose registries).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What `ip` is, unless it is a public unicast address. An IPv6 address that carries an IPv4 one is what either of them is.
pub(super) fn special(ip: IpAddr) -> Option<&'static str> {
    match ip {
        IpAddr::V4(ip) => v4(ip),
        IpAddr::V6(ip) => v6(ip),
    }
}

/// Whether `ip` is where clouds hand out credentials to their machines. Naming a host does not open these; naming the address does.
pub(super) fn metadata(ip: IpAddr) -> bool {
    const SERVICES: [IpAddr; 4] = [
        IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
        IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
        IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
        IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    ];
    let ip = match ip {
        IpAddr::V6(six) => embedded(six).map_or(ip, IpAddr::V4),
        IpAddr::V4(_) => ip,
    };
    SERVICES.contains(&ip)
}

/// What a name stands for that never leads to the public internet.
pub(super) fn local_name(name: &str) -> Option<&'static str> {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let ends = |suffix: &str| {
        name.strip_suffix(suffix)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    if ends("localhost") || ends("localdomain") {
        return Some("this machine");
    }
    if ends("internal") || ends("local") || name == "metadata" || name == "instance-data" {
        return Some("a name of a private network");
    }
    (!name.contains('.')).then_some("a name without a domain")
}

fn v4(ip: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = ip.octets();
    Some(match (a, b, c) {
        (0, ..) => "an unspecified address",
        (127, ..) => "a loopback address",
        (10, ..) | (192, 168, _) | (172, 16..=31, _) => "a private address",
        (100, 64..=127, _) => "a shared address of a carrier",
        (169, 254, _) => "a link-local address",
        (192, 88, 99) => "a relay's address",
        (192, 0, 2) | (198, 51, 100) | (203, 0, 113) => "an address for documentation",
        (198, 18..=19, _) => "an address for benchmarks",
        (224..=239, ..) => "a multicast address",
        (240..=255, ..) | (192, 0, 0) | (192, 31, 196) | (192, 52, 193) | (192, 175, 48) => "a reserved address",
        _ => return None,
    })
}

fn v6(ip: Ipv6Addr) -> Option<&'static str> {
    if ip.is_unspecified() {
        return Some("an unspecified address");
    }
    if ip.is_loopback() {
        return Some("a loopback address");
    }
    if let Some(inner) = embedded(ip) {
        return v4(inner);
    }
    let [first, second, third, ..] = ip.segments();
    Some(match (first, second, third) {
        (0xfc00..=0xfdff, ..) => "a private address",
        (0xfe80..=0xfebf, ..) => "a link-local address",
        (0xfec0..=0xfeff, ..) => "a site-local address",
        (0xff00..=0xffff, ..) => "a multicast address",
        (0x64, 0xff9b, 1) => "a private translated address",
        (0x2001, 0, _) => "a tunnelled address",
        (0x2001, 0xdb8, _) | (0x3fff, 0..=0xfff, _) => "an address for documentation",
        // Everything public is within 2000::/3, but for parts that are set aside.
        (0x2000..=0x3fff, second, _)
            if !(first == 0x2001 && second <= 0x1ff) && (first, second, third) != (0x2620, 0x4f, 0x8000) =>
        {
            return None;
        }
        _ => "a reserved address",
    })
}

/// The IPv4 address that an IPv6 one carries: by 6to4, mapped, compatible, translated (NAT64), or as an interface's identifier
/// (ISATAP) under any prefix.
fn embedded(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let ([0x2002, high, low, ..]
    | [0, 0, 0, 0, 0, 0xffff | 0, high, low]
    | [0, 0, 0, 0, 0xffff, 0, high, low]
    | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
    | [_, _, _, _, 0 | 0x200, 0x5efe, high, low]) = ip.segments()
    else {
        return None;
    };
    Some(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)))
}
