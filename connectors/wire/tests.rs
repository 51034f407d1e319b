//! Do the contract's own lines read, and does an observation come back as it was sent?

use freshd_core::observation::ProfileState;
use serde_json::json;

use super::*;

fn at(text: &str) -> Timestamp {
    chrono::DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

/// The contract's lines, with its placeholders filled.
#[test]
fn the_conversation_of_the_contract_reads() {
    let daemon = Line::parse(r#"{"v":1,"hello":{"daemon":"freshd/0.1.0"}}"#).unwrap();
    assert_eq!(daemon, Line::hello("freshd/0.1.0"));
    assert_eq!(daemon.write(), r#"{"v":1,"hello":{"daemon":"freshd/0.1.0"}}"#);

    let child = Line::parse(
        r#"{"v":1,"hello":{"name":"douyin","platform":"抖音","channels":["posts"],"courtesy":{"at_once":1,"per_minute":20}}}"#,
    )
    .unwrap();
    let hello = child.hello.unwrap();
    assert_eq!((hello.name.as_str(), hello.channels), ("douyin", vec![Channel::posts()]));
    assert_eq!(hello.courtesy, Some(WireCourtesy { at_once: 1, per_minute: 20 }));

    let poll = Line::parse(
        r#"{"id":7,"poll":{"target":"x","now":"2026-11-22T10:00:00+08:00","budget_ms":20000,"secrets":{},"memo":null}}"#,
    )
    .unwrap();
    assert_eq!((poll.id, poll.poll.as_ref().unwrap().budget_ms), (Some(7), 20_000));
    assert_eq!(Line::parse(&poll.write()).unwrap(), poll);
}

#[test]
fn the_observation_of_the_contract_reads() {
    let line = Line::parse(
        r#"{"id":7,"observation":{"sightings":[
        {"key":"1","channel":"posts","published":"2026-11-20T09:30:00+08:00","title":"t","url":"https://example.gov.cn/1","pinned":false},
        {"key":"2","channel":"posts","published":{"earliest":"2026-11-18T00:00:00+08:00","latest":"2026-11-18T23:59:59+08:00"},"title":"","url":null,"pinned":true},
        {"key":"3","published":{"latest":"2026-11-22T00:00:00Z"}}],
        "coverage":[{"channel":"posts","since":"2026-11-01T00:00:00+08:00","until":"2026-11-22T10:00:00+08:00"}],
        "profile":{"name":"n","holder":"h","state":"frozen"},
        "menu":{"open":true,"whole":true,"entries":[{"path":["服务","办事指南"],"type":"view","target":"https://example.gov.cn/"}]},
        "interaction":[{"kind":"comments","works":true,"what":"x"}],
        "faults":[{"scope":"platform","kind":"rate_limited","retry":60,"detail":"slow"},{"scope":"local","kind":"unreachable"}],
        "evidence":[{"url":"https://example.gov.cn/","at":"2026-11-22T10:00:00+08:00","body":"b"}],
        "hint":{"not_before":"2026-11-23T09:00:00+08:00","memo":"m"}}}"#,
    )
    .unwrap();
    let seen = Observation::try_from(line.observation.unwrap()).unwrap();
    assert_eq!(seen.sightings[0].published, Published::at(at("2026-11-20T09:30:00+08:00")));
    let day = Published::between(at("2026-11-18T00:00:00+08:00"), at("2026-11-18T23:59:59+08:00"));
    assert_eq!((seen.sightings[1].published, seen.sightings[1].pinned), (day, true));
    assert_eq!(seen.sightings[2].published, Published::before(at("2026-11-22T00:00:00Z")));
    let spans = seen.coverage.on(&Channel::posts());
    assert!(spans.covers(at("2026-11-01T00:00:00+08:00"), at("2026-11-22T10:00:00+08:00")));
    assert_eq!(seen.profile.as_ref().unwrap().state, ProfileState::Frozen);
    assert_eq!(seen.menu.as_ref().unwrap().entries[0].kind, "view");
    assert_eq!((seen.faults[0].retry, seen.faults[1].retry), (Retry::After(60), Retry::Backoff));
    assert_eq!(seen.hint.memo.as_deref(), Some("m"));

    let sent = WireObservation::from(seen.clone());
    let line = Line { id: Some(7), observation: Some(sent), ..Line::default() }.write();
    assert!(!line.contains('\n'));
    let back = Line::parse(&line).unwrap().observation.unwrap();
    assert_eq!(Observation::try_from(back).unwrap(), seen);
}

#[test]
fn every_retry_has_its_form() {
    for retry in
        [Retry::Backoff, Retry::After(9), Retry::At(at("2026-11-23T00:00:00Z")), Retry::Operator]
    {
        let fault = Fault::new(FaultScope::Account, FaultKind::Gone, "x").retry(retry);
        let wire = serde_json::to_value(WireFault::from(fault.clone())).unwrap();
        let back: WireFault = serde_json::from_value(wire).unwrap();
        assert_eq!(back.read().unwrap(), fault);
        let journal: WireFault =
            serde_json::from_value(serde_json::to_value(&fault).unwrap()).unwrap();
        assert_eq!(journal.read().unwrap(), fault);
    }
}

#[test]
fn nothing_said_is_nothing_seen_or_proven() {
    let line = Line::parse(r#"{"id":1,"observation":{}}"#).unwrap();
    assert_eq!(Observation::try_from(line.observation.unwrap()).unwrap(), Observation::default());
}

#[test]
fn bad_lines_are_refused_with_the_reason() {
    for (line, part) in [
        ("", "not an observation/1 line"),
        ("[]", "not an observation/1 line"),
        (r#"{"id":1,"observation":{"sightings":[{"published":"2026-11-22T10:00:00Z"}]}}"#, "key"),
        (r#"{"id":1,"observation":{"faults":[{"scope":"world","kind":"gone"}]}}"#, "world"),
    ] {
        let error = Line::parse(line).unwrap_err().to_string();
        assert!(error.contains(part), "{line}: {error}");
    }
    assert_eq!(
        Line::parse(&" ".repeat(LINE_BYTES_MAX + 1)),
        Err(WireError::TooLong(LINE_BYTES_MAX + 1))
    );
    let observation = |value: serde_json::Value| {
        Observation::try_from(serde_json::from_value::<WireObservation>(value).unwrap())
            .unwrap_err()
    };
    let naive =
        observation(json!({"sightings": [{"key": "1", "published": "2026-11-22 10:00:00"}]}));
    assert!(matches!(naive, WireError::Time { field: "published", .. }));
    let order = json!({"earliest": "2026-11-23T00:00:00Z", "latest": "2026-11-22T00:00:00Z"});
    assert_eq!(
        observation(json!({"sightings": [{"key": "1", "published": order}]})),
        WireError::Order("published")
    );
    let span = json!({"since": "2026-11-23T00:00:00Z", "until": "2026-11-22T00:00:00Z"});
    assert_eq!(observation(json!({"coverage": [span]})), WireError::Order("coverage"));
}
