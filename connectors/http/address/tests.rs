//! Is every special address refused, however it is written, and every public one admitted?

use std::net::IpAddr;

use url::{Host, Url};

use super::*;

/// The address that a URL's host stands for, as the client sees it.
fn literal(url: &str) -> Option<IpAddr> {
    match Url::parse(url).ok()?.host()? {
        Host::Ipv4(ip) => Some(ip.into()),
        Host::Ipv6(ip) => Some(ip.into()),
        Host::Domain(_) => None,
    }
}

#[test]
fn every_special_address_is_refused() {
    let hosts = "
        0.0.0.0 0.1.2.3 0.255.255.255 10.0.0.0 10.0.0.1 10.255.255.255 100.64.0.0 100.100.100.200
        100.127.255.255 127.0.0.0 127.0.0.1 127.1.2.3 127.255.255.255 169.254.0.1 169.254.169.254
        172.16.0.0 172.20.1.1 172.31.255.255 192.0.0.0 192.0.0.8 192.0.0.170 192.0.2.1 192.88.99.1
        192.168.0.1 192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1
        239.255.255.250 240.0.0.1 250.1.1.1 255.255.255.255
        2130706433 0x7f000001 0x7f.1 017700000001 0177.0.0.1 127.1 127.0.1 0 0x0 00000 127.0.0.1.
        127。0。0。1 ①②⑦.⓪.⓪.① 127.0.0.1 %31%32%37.0.0.1 0xa9fea9fe 2852039166 0xA9.0xFE.0xA9.0xFE
        0300.0250.0.1 3232235521 10.1 167772161
        [::] [::1] [0:0:0:0:0:0:0:1] [::ffff:127.0.0.1] [::ffff:7f00:1] [::ffff:10.0.0.1]
        [::ffff:169.254.169.254] [::ffff:0.0.0.0] [::127.0.0.1] [::7f00:1] [64:ff9b::7f00:1]
        [64:ff9b::8.8.8.8] [64:ff9b:1::1] [100::1] [2001::1] [2001:0:4136:e378:8000:63bf:3fff:fdd2]
        [2001:2::1] [2001:10::1] [2001:20::1] [2001:db8::1] [2002:7f00:1::] [2002:808:808::1]
        [3fff::1] [fc00::1] [fd12:3456:789a::1] [fe80::1] [febf::1] [fec0::1] [ff02::1] [ff05::2]
        [5f00::1] [4000::1] [8000::1]";
    let hosts: Vec<_> = hosts.split_whitespace().collect();
    assert!(hosts.len() >= 80, "{}", hosts.len());
    for host in hosts {
        let ip =
            literal(&format!("http://{host}/")).unwrap_or_else(|| panic!("{host}: no literal"));
        assert!(matches!(admit(ip, &[]), Admission::Refused(_)), "{host} = {ip}");
    }
}

#[test]
fn credentials_and_blanks_do_not_hide_the_host() {
    for url in [
        "http://gov.cn%2f@127.0.0.1/",
        "http://www.gov.cn@127.0.0.1/",
        "http://www.gov.cn:80@2130706433/",
        "http:/\t/127.0.0.1/",
        "http:\\\\127.0.0.1\\x",
        "http:127.0.0.1",
        "http:///127.0.0.1",
        " http://127.0.0.1 ",
    ] {
        let ip = literal(url).unwrap_or_else(|| panic!("{url}"));
        assert_eq!(admit(ip, &[]), Admission::Refused("本机地址"), "{url}");
    }
}

#[test]
fn public_addresses_are_admitted() {
    for host in [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "93.184.216.34",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.1.1",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.1",
        "192.167.1.1",
        "192.169.0.0",
        "198.17.0.1",
        "198.20.0.0",
        "223.255.255.255",
        "[2400:3200::1]",
        "[2001:4860:4860::8888]",
        "[2001:200::1]",
        "[2606:4700::1111]",
        "[::ffff:8.8.8.8]",
        "[3ffe::1]",
    ] {
        let ip = literal(&format!("http://{host}/")).unwrap();
        assert_eq!(admit(ip, &[]), Admission::Public, "{host}");
    }
}

#[test]
fn the_list_opens_exactly_its_networks() {
    let allow = ["127.0.0.0/8".parse().unwrap(), "fd00::/16".parse().unwrap()];
    let cases = [
        ("127.0.0.1", Admission::Listed),
        ("127.9.9.9", Admission::Listed),
        ("::ffff:127.0.0.1", Admission::Listed),
        ("fd00::5", Admission::Listed),
        ("fd01::5", Admission::Refused("内网地址")),
        ("10.0.0.1", Admission::Refused("内网地址")),
        ("::1", Admission::Refused("本机地址")),
        ("8.8.8.8", Admission::Public),
    ];
    for (ip, expected) in cases {
        assert_eq!(admit(ip.parse().unwrap(), &allow), expected, "{ip}");
    }
}
