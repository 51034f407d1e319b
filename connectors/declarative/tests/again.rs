//! Is a list asked for again only when it has changed, and does 304 prove no more than the kept page?

use chrono::TimeDelta;

use super::*;

/// Polls three times, a day apart: the list, then whatever the server says; the last look is fresh.
async fn thrice(manifest: &str, first: Answer, then: Answer) -> (Vec<Looked>, Vec<Asked>) {
    let manifest = Arc::new(Manifest::parse(manifest, "city").unwrap());
    let stage = Stage::open().await.unwrap();
    let http = stage.client().unwrap();
    let say = Say { base_url: Some(stage.url()), complete: true };
    let connector = DeclarativeConnector::new(manifest, say);
    let script = |asked: &Asked| match asked.header("if-none-match") {
        Some("\"v1\"") => then.clone(),
        _ => first.clone(),
    };
    let (mut looks, mut memo) = (Vec::new(), None::<String>);
    for day in 0..3 {
        let cx = PollContext {
            now: now() + TimeDelta::days(day),
            budget: Duration::from_secs(5),
            http: &http,
            secrets: &NoSecrets,
            memo: memo.as_deref(),
            fresh: day == 2,
        };
        let result = stage.during(&script, connector.poll(&Target::new("42"), &cx)).await;
        memo = result.as_ref().ok().and_then(|seen| seen.hint.memo.clone());
        looks.push(Looked { result, asked: Vec::new() });
    }
    (looks, stage.log())
}

fn dated(dates: &[&str]) -> Answer {
    Answer::json(&list(dates)).header("etag", "\"v1\"")
}

#[tokio::test]
async fn an_unchanged_list_vouches_as_the_kept_one_would_now() {
    let unchanged = Answer::status(304).header("age", "3600");
    let (looks, asked) = thrice(BASE, dated(&["2026-11-20", "2026-11-02"]), unchanged).await;
    let seen: Vec<Observation> = looks.into_iter().map(Looked::seen).collect();
    let since = spans(&seen[0])[0].since;
    let again = spans(&seen[1]);
    assert_eq!(again[0].since, since);
    assert_eq!(
        again[0].until,
        now() + TimeDelta::days(1) - TimeDelta::hours(1),
        "the cache is old"
    );
    assert!(seen[1].sightings.is_empty());
    let sent: Vec<_> = asked.iter().map(|asked| asked.header("if-none-match")).collect();
    assert_eq!(sent, [None, Some("\"v1\""), None], "a fresh look asks for the list itself");
}

#[tokio::test]
async fn a_kept_last_page_reaches_back_from_now_and_not_from_then() {
    let manifest = BASE.replace(
        r#"vouched_by = "operator" }"#,
        r#"vouched_by = "operator", last_page = [{ at = "/more", is = false }], last_page_days = 30 }"#,
    );
    let mut body = list(&["2026-11-20", "2026-11-19"]);
    body["more"] = json!(false);
    let first = Answer::json(&body).header("etag", "\"v1\"");
    let (looks, _) = thrice(&manifest, first, Answer::status(304)).await;
    let since: Vec<_> = looks.into_iter().map(|look| spans(&look.seen())[0].since).collect();
    assert_eq!(since[0], now() - TimeDelta::days(30));
    assert_eq!(since[1], now() - TimeDelta::days(29));
}

#[tokio::test]
async fn what_reads_otherwise_later_or_hangs_on_more_is_not_kept() {
    let posted =
        BASE.replace(r#"request = { url"#, r#"request = { method = "POST", form = { n = 1 }, url"#);
    let opened = BASE.replace(
        "[fields]",
        "[detail]\nshape = \"json\"\npublished = \"/date\"\npages_max = 1\n[fields]",
    );
    for (manifest, dates) in [
        (BASE, ["1天前", "3天前"]),
        (BASE, ["11-20", "11-02"]),
        (BASE, ["2026-11-20", "2026-11-24"]),
        (posted.as_str(), ["2026-11-20", "2026-11-02"]),
        (opened.as_str(), ["2026-11-20", "2026-11-02"]),
    ] {
        let (_, asked) = thrice(manifest, dated(&dates), Answer::status(304)).await;
        let conditional = asked.iter().filter(|asked| asked.header("if-none-match").is_some());
        assert_eq!(conditional.count(), 0, "{dates:?}");
    }
    let (looks, _) = thrice(BASE, Answer::status(304), Answer::status(304)).await;
    assert!(looks.iter().all(|look| look.result.is_err()), "304 that nobody asked for");
}

#[tokio::test]
async fn a_form_is_sent_as_browsers_send_it() {
    let manifest = POSTED.replace(
        r#"body = { page = "{page}", who = "{id}", deep = [{ n = 1 }], none = [] }"#,
        r#"form = { page = "{page}", who = "{id} 号&", n = 1, all = true }"#,
    );
    let looked = Try { target: "a=", ..Try::new(&manifest) };
    let looked = looked.look(|_| Answer::json(&list(&["2026-11-20"]))).await;
    let asked = &looked.asked[0];
    let kind = asked.header("content-type").unwrap();
    assert!(kind.starts_with("application/x-www-form-urlencoded"), "{kind}");
    assert_eq!(asked.body, "all=true&n=1&page=0&who=a%3D+%E5%8F%B7%26");
    assert_eq!(looked.seen().sightings.len(), 1);
}
