//! Do small answers that grow, heads without end and cookies stay within their limits?

use axum::body::Body;
use axum::http::Response as Answer;
use axum::routing::get;

use super::*;

/// Bits of fields, lowest first, as deflate and brotli write numbers.
#[derive(Default)]
struct Bits(Vec<u8>, usize);

impl Bits {
    fn put(&mut self, value: u32, count: usize) {
        for n in 0..count {
            if self.1.is_multiple_of(8) {
                self.0.push(0);
            }
            self.0[self.1 / 8] |= u8::try_from(value >> n & 1).unwrap() << (self.1 % 8);
            self.1 += 1;
        }
    }
}

/// So many times 16 MiB of zeros as brotli (RFC 7932): each meta-block is one command of four literals and one copy.
fn brotli(blocks: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(0, 1); // window of 64 KiB
    for _ in 0..blocks {
        bits.put(0, 1); // not the last
        bits.put(2, 2); // six nibbles of length
        bits.put(0xff_ffff, 24);
        bits.put(0, 1); // compressed
        bits.put(0, 3); // one block type of literals, commands, distances
        bits.put(0, 2 + 4); // no postfix, no direct distances
        bits.put(0, 2); // context mode
        bits.put(0, 2); // one tree of literals, one of distances
        for (symbol, width) in [(0, 8), (384 + (4 << 3) + 7, 10), (0, 6)] {
            bits.put(1, 2); // a simple code
            bits.put(0, 2); // of one symbol, which then takes no bits
            bits.put(symbol, width);
        }
        bits.put((1 << 24) - 4 - 2118, 24); // the length of the copy, from the last distance: 4
    }
    bits.put(3, 2); // last, empty
    bits.0
}

/// `(300 MB of zeros)` as zlib.
fn zlib() -> Vec<u8> {
    [&[0x78, 0x01], &bomb()[10..]].concat()
}

/// Anything as gzip, in stored blocks.
fn stored(inner: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    for chunk in inner.chunks(0xffff) {
        let length = u16::try_from(chunk.len()).unwrap();
        out.push(0);
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(chunk);
    }
    out.extend([1, 0, 0, 0xff, 0xff]);
    out
}

/// The greatest memory of this process so far, MiB.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// A page with these headers.
async fn page(headers: Vec<(String, String)>, body: Vec<u8>) -> Url {
    let answer = move || async move {
        let named = headers.iter().fold(Answer::builder(), |made, (name, value)| {
            made.header(name.as_str(), value.as_str())
        });
        named.body(Body::from(body.clone())).unwrap()
    };
    url(&serve(Router::new().route("/", get(answer))).await)
}

fn encoded(with: &str) -> Vec<(String, String)> {
    vec![("content-encoding".to_owned(), with.to_owned())]
}

#[tokio::test]
async fn what_grows_when_decoded_is_cut_and_takes_no_memory() {
    let small = brotli(64);
    assert!(small.len() < 1000, "1 GiB in {}", small.len());
    let before = peak_mib();
    for (encoding, body) in [("br", small), ("deflate", zlib()), ("gzip", bomb())] {
        let asked = page(encoded(encoding), body).await;
        let response = client().send(Request::get(asked)).await.unwrap();
        assert_eq!((response.body.len(), response.truncated), (2 << 20, true), "{encoding}");
        assert!(response.body.iter().all(|byte| *byte == 0), "{encoding}: really decoded");
    }
    let grown = peak_mib() - before;
    assert!(grown < 128, "{grown} MiB for answers of more than 1.5 GiB");
}

#[tokio::test]
async fn of_nested_encodings_no_layer_exceeds_the_limit() {
    let nested = stored(&bomb());
    let once = page(encoded("gzip"), nested.clone()).await;
    let mut request = Request::get(once);
    request.body_bytes_max = 1 << 20;
    let response = client().send(request).await.unwrap();
    assert_eq!((response.body.len(), response.truncated), (1 << 20, true));
    assert_eq!(response.body[..3], [0x1f, 0x8b, 8], "the inner one stays as it is");
    for encoding in ["gzip, gzip", "gzip,gzip", "br, gzip", "x-gzip, deflate"] {
        let mut request = Request::get(page(encoded(encoding), nested.clone()).await);
        request.body_bytes_max = 1 << 20;
        if let Ok(response) = client().send(request).await {
            assert!(response.body.len() <= 1 << 20, "{encoding}");
        }
    }
}

#[tokio::test]
async fn a_head_is_limited_in_bytes_and_in_number() {
    let many = |count: usize, bytes: usize| -> Vec<(String, String)> {
        (0..count).map(|n| (format!("x-{n}"), "y".repeat(bytes))).collect()
    };
    let ask =
        async |headers| client().send(Request::get(page(headers, b"ok".to_vec()).await)).await;
    assert_eq!(&ask(many(80, 100)).await.unwrap().body[..], b"ok");
    for (count, bytes) in [(1, 66 << 10), (80, 1000), (150, 1), (5000, 1)] {
        let error = ask(many(count, bytes)).await.unwrap_err();
        assert_eq!(error.kind, HttpErrorKind::Broken, "{count} of {bytes}: {error}");
    }
}

#[tokio::test]
async fn a_cookie_that_one_site_sets_is_shown_to_none() {
    let seen = Arc::new(AtomicUsize::new(0));
    let counted = seen.clone();
    let end = get(move |headers: HeaderMap| async move {
        counted.fetch_add(usize::from(headers.contains_key(header::COOKIE)), SeqCst);
        "end"
    });
    let other = serve(Router::new().route("/end", end.clone())).await;
    let set = |target: String| {
        get(move || async move {
            let cookie = (header::SET_COOKIE, "sid=1; Path=/; Domain=127.0.0.1".to_owned());
            (StatusCode::FOUND, [cookie, (header::LOCATION, target)])
        })
    };
    let router = Router::new()
        .route("/far", set(format!("{other}/end")))
        .route("/near", set("/end".to_owned()))
        .route("/end", end);
    let base = serve(router).await;
    let client = client();
    for path in ["/far", "/near", "/far", "/end"] {
        let response = client.send(Request::get(url(&format!("{base}{path}")))).await.unwrap();
        assert_eq!(&response.body[..], b"end");
    }
    assert_eq!(seen.load(SeqCst), 0);
}
