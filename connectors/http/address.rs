//! May this address be asked? The guard against private and special addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// What the guard says of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// An ordinary public address.
    Public,
    /// A special address that the configuration lists: anything goes there, whatever the port.
    Listed,
    /// A special address that nobody listed; what it is, in Chinese.
    Refused(&'static str),
}

/// Judges one address. An IPv4 address inside an IPv6 one (`::ffff:a.b.c.d`) is judged as itself;
/// tunnels (NAT64, 6to4, Teredo) are refused whatever they carry. `allow` opens exactly its
/// networks.
pub fn admit(ip: IpAddr, allow: &[IpNet]) -> Admission {
    let plain = plain(ip);
    let listed = allow.iter().any(|net| net.contains(&ip) || net.contains(&plain));
    if listed {
        return Admission::Listed;
    }
    let special = match plain {
        IpAddr::V4(v4) => special_v4(v4),
        IpAddr::V6(v6) => special_v6(v6),
    };
    special.map_or(Admission::Public, Admission::Refused)
}

/// The IPv4 address inside a mapped one, else the address itself.
fn plain(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(ip, IpAddr::V4),
        IpAddr::V4(_) => ip,
    }
}

/// The IANA special-purpose registry for IPv4 (RFC 6890 and successors), and multicast.
fn special_v4(ip: Ipv4Addr) -> Option<&'static str> {
    let octets = ip.octets();
    match octets {
        [0, ..] => Some("未指定地址"),
        [127, ..] => Some("本机地址"),
        [10, ..] | [192, 168, ..] | [172, 16..=31, ..] => Some("内网地址"),
        [100, 64..=127, ..] => Some("运营商内部地址"),
        [169, 254, ..] => Some("链路本地地址"),
        [192, 0, 0, _] => Some("协议保留地址"),
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Some("文档示例地址"),
        [192, 88, 99, _] => Some("隧道中继地址"),
        [198, 18..=19, ..] => Some("测试专用地址"),
        [224..=239, ..] => Some("组播地址"),
        [240..=255, ..] => Some("保留地址"),
        _ => None,
    }
}

/// Global unicast is `2000::/3`, less the blocks that the IANA registry sets aside.
fn special_v6(ip: Ipv6Addr) -> Option<&'static str> {
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("未指定地址"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("本机地址"),
        [0, ..] => Some("保留地址"),
        [0x0064, 0xff9b, ..] => Some("地址转换隧道"),
        [0x2001, 0, ..] | [0x2002, ..] => Some("隧道地址"),
        [0x2001, 1..=0x1ff, ..] => Some("协议保留地址"),
        [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => Some("文档示例地址"),
        [0xfc00..=0xfdff, ..] => Some("内网地址"),
        [0xfe80..=0xfebf, ..] => Some("链路本地地址"),
        [0xff00..=0xffff, ..] => Some("组播地址"),
        [0x2000..=0x3fff, ..] => None,
        _ => Some("保留地址"),
    }
}

#[cfg(test)]
mod tests;
