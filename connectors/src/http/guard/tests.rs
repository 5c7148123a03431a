//! Addresses that must not be reached, in every spelling that is known, and those that must.

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use domain::ErrorKind;
use url::Url;

use super::{Guard, Lookup, Refused};

/// Addresses that are refused as they are written.
const REFUSED: &[&str] = &[
    // Loopback, plain and in odd spellings.
    "https://127.0.0.1/",
    "https://127.1/",
    "https://127.0.1/",
    "https://127.255.255.254/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0x7f.1/",
    "https://017700000001/",
    "https://0177.0.0.1/",
    "https://0177.0.0.01/",
    "https://127.0.0.1./",
    "https://127.0.0.1:8443/",
    "https://%31%32%37.0.0.1/",
    "https://①②⑦.⓪.⓪.①/",
    "https://１２７.０.０.１/",
    "https://127。0。0。1/",
    "https://127．0．0．1/",
    "https:127.0.0.1/",
    "https:\\\\127.0.0.1\\",
    "https://[::1]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::127.0.0.1]/",
    "https://[::ffff:0:127.0.0.1]/",
    "https://localhost/",
    "https://LOCALHOST/",
    "https://localhost./",
    "https://foo.localhost/",
    "https://localhost.localdomain/",
    "https://ｌｏｃａｌｈｏｓｔ/",
    "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
    "https://loc\u{ad}alhost/",
    // Unspecified.
    "https://0/",
    "https://0.0.0.0/",
    "https://0.1.2.3/",
    "https://00/",
    "https://0x0/",
    "https://[::]/",
    "https://[::ffff:0.0.0.0]/",
    // Private, shared, link-local.
    "https://10.0.0.1/",
    "https://10.255.255.255/",
    "https://167772161/",
    "https://012.0.0.1/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.168.0.1/",
    "https://0xc0a80001/",
    "https://3232235521/",
    "https://100.64.0.1/",
    "https://100.127.255.255/",
    "https://169.254.0.1/",
    "https://[fe80::1]/",
    "https://[febf::1]/",
    "https://[fc00::1]/",
    "https://[fd12:3456::1]/",
    "https://[fec0::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[::ffff:c0a8:1]/",
    // Metadata services.
    "https://169.254.169.254/latest/meta-data/",
    "https://2852039166/",
    "https://0xa9fea9fe/",
    "https://0251.0376.0251.0376/",
    "https://169.254.170.2/",
    "https://100.100.100.200/",
    "https://[fd00:ec2::254]/",
    "https://[::ffff:169.254.169.254]/",
    "https://metadata.google.internal/",
    "https://metadata/",
    "https://instance-data/",
    "https://kubernetes/",
    "https://printer.local/",
    // Translated and tunnelled.
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[64:ff9b:1::1]/",
    "https://[2002:7f00:1::]/",
    "https://[2002:a9fe:a9fe::1]/",
    "https://[2002:c0a8:1::1]/",
    "https://[2001:0:1::1]/",
    "https://[2600::5efe:7f00:1]/",
    "https://[2600::200:5efe:a00:1]/",
    // Multicast, broadcast, reserved.
    "https://224.0.0.1/",
    "https://239.255.255.255/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "https://[ff02::1]/",
    "https://192.0.0.1/",
    "https://192.0.2.1/",
    "https://198.18.0.1/",
    "https://198.51.100.1/",
    "https://203.0.113.1/",
    "https://[2001:db8::1]/",
    "https://[3fff::1]/",
    "https://[2001:10::1]/",
    "https://[4000::1]/",
    "https://[100::1]/",
    // A user name hides the host; other schemes are no web.
    "https://api.github.com@127.0.0.1/",
    "https://user:pass@api.github.com/",
    "https://user@api.github.com/",
    "http://api.github.com/",
    "ftp://api.github.com/",
    "file:///etc/passwd",
    "gopher://api.github.com/",
    "data:text/plain,x",
];

/// Addresses that are let through as they are written.
const PUBLIC: &[&str] = &[
    "https://api.github.com/",
    "https://slack.com/api/",
    "https://1.1.1.1/",
    "https://[2606:4700::1111]/",
    "https://172.32.0.1/",
    "https://100.128.0.1/",
    "https://11.0.0.1/",
    "https://[2002:808:808::1]/",
    "https://[64:ff9b::808:808]/",
    "https://github.acme.example:8443/",
    "https://internal.acme.example/",
    "https://notlocalhost.example/",
];

fn guard(allow: &[&str]) -> Guard {
    let allow: Vec<String> = allow.iter().map(ToString::to_string).collect();
    Guard::new(&allow).expect("a list")
}

#[test]
fn special_addresses_are_refused_in_every_spelling() {
    assert!(REFUSED.len() >= 80, "{}", REFUSED.len());
    let guard = guard(&[]);
    for text in REFUSED {
        // What does not parse cannot be asked for.
        let Ok(url) = Url::parse(text) else { continue };
        let error = guard.check(&url).expect_err(text);
        assert!(
            matches!(error.kind(), ErrorKind::Denied | ErrorKind::Invalid),
            "{text}: {error}"
        );
        assert!(!error.to_string().contains("pass@"), "{error}");
    }
    let parsed = REFUSED.iter().filter(|text| Url::parse(text).is_ok()).count();
    assert!(parsed >= 90, "{parsed} of them are addresses");
}

#[test]
fn public_addresses_are_let_through() {
    for text in PUBLIC {
        guard(&[]).check(&Url::parse(text).expect(text)).expect(text);
    }
}

#[test]
fn what_is_listed_is_let_through_and_nothing_beside_it() {
    let listed = guard(&["jira.acme.example", "10.1.0.0/16", "127.0.0.1", "[::1]", "fd12::/32"]);
    for text in [
        "http://jira.acme.example:8080/",
        "http://JIRA.acme.example./",
        "http://10.1.2.3/",
        "http://127.0.0.1:1/",
        "http://[::1]/",
        "https://[fd12::7]/",
        "https://[::ffff:10.1.2.3]/",
    ] {
        listed.check(&Url::parse(text).expect(text)).expect(text);
    }
    for text in [
        "http://10.2.0.1/",
        "http://127.0.0.2/",
        "http://wiki.acme.example/",
        "https://x.jira.acme.example.localhost/",
    ] {
        listed.check(&Url::parse(text).expect(text)).expect_err(text);
    }
    for entry in ["", "*.acme.example", "10.0.0.0/33", "a b"] {
        assert!(Guard::new(&[entry.to_owned()]).is_err(), "{entry}");
    }
}

/// Names and what a lying server says of them.
struct Lies(Vec<&'static str>);

#[async_trait]
impl Lookup for Lies {
    async fn addresses(&self, _name: &str) -> std::io::Result<Vec<IpAddr>> {
        Ok(self.0.iter().map(|text| text.parse().expect("address")).collect())
    }
}

async fn resolved(guard: &Guard, name: &str, addresses: &[&'static str]) -> Result<usize, Option<Refused>> {
    let guard = guard.clone().looking_up(Arc::new(Lies(addresses.to_vec())));
    let found = Guard::resolve(&guard, name).await;
    found
        .map(|addresses| addresses.len())
        .map_err(|error| error.downcast_ref::<Refused>().cloned())
}

#[tokio::test]
async fn every_address_of_a_name_is_checked() {
    let plain = guard(&[]);
    assert_eq!(resolved(&plain, "a.example", &["1.1.1.1", "2606:4700::1"]).await, Ok(2));
    for bad in [
        "127.0.0.1",
        "::1",
        "10.0.0.1",
        "169.254.169.254",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "fd00::1",
    ] {
        let refused = resolved(&plain, "a.example", &["1.1.1.1", bad]).await;
        assert!(matches!(refused, Err(Some(_))), "{bad}");
    }
}

#[tokio::test]
async fn a_listed_name_may_be_private_but_never_a_metadata_service() {
    let listed = guard(&["jira.acme.example"]);
    assert_eq!(resolved(&listed, "jira.acme.example", &["10.0.0.1"]).await, Ok(1));
    assert!(resolved(&listed, "wiki.acme.example", &["10.0.0.1"]).await.is_err());
    for bad in [
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "fd00:ec2::254",
        "100.100.100.200",
    ] {
        assert!(resolved(&listed, "jira.acme.example", &[bad]).await.is_err(), "{bad}");
    }
    let network = guard(&["169.254.0.0/16"]);
    assert_eq!(resolved(&network, "a.example", &["169.254.169.254"]).await, Ok(1));
}
