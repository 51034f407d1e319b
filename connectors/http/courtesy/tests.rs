//! Are turns evenly spaced, and are unused hosts forgotten?

use futures::FutureExt;

use super::*;

fn url(host: &str) -> Url {
    Url::parse(&format!("http://{host}/")).unwrap()
}

#[test]
fn turns_are_evenly_spaced_per_host() {
    let courtesy = Courtesy::new(0, 60);
    let (start, spacing) = (Instant::now(), courtesy.spacing.unwrap());
    let host = courtesy.host(&url("a.cn"), start);
    let turns: Vec<_> = (0..4).map(|_| (host.turn(start, spacing) - start).as_secs()).collect();
    assert_eq!(turns, [0, 1, 2, 3]);
    let later = start + Duration::from_secs(60);
    assert_eq!(host.turn(later, spacing), later, "unused turns are not saved up");
    assert_eq!(host.turn(later, spacing), later + spacing);
    let other = courtesy.host(&url("b.cn"), start);
    assert_eq!(other.turn(start, spacing), start, "another host waits for nobody");
    assert!(Arc::ptr_eq(&host, &courtesy.host(&url("a.cn:80"), start)), "one host, one courtesy");
}

#[test]
fn no_limit_waits_for_nothing_and_remembers_nothing() {
    let courtesy = Courtesy::new(0, 0);
    for n in 0..1000 {
        assert!(courtesy.seat(&url(&format!("h{n}.cn"))).now_or_never().is_some());
    }
    assert!(courtesy.hosts.lock().unwrap().by_name.is_empty());
}

#[tokio::test]
async fn seats_are_given_back() {
    let courtesy = Courtesy::new(1, 0);
    let held = courtesy.seat(&url("a.cn")).await;
    assert!(courtesy.seat(&url("a.cn")).now_or_never().is_none(), "the only seat is taken");
    assert!(courtesy.seat(&url("b.cn")).now_or_never().is_some());
    drop(held);
    assert!(courtesy.seat(&url("a.cn")).now_or_never().is_some());
}

#[test]
fn keys_do_not_pile_up() {
    let courtesy = Courtesy::new(2, 6000);
    let (start, spacing) = (Instant::now(), courtesy.spacing.unwrap());
    let held = courtesy.host(&url("held.cn"), start);
    for n in 0..5000u32 {
        let now = start + spacing * n;
        courtesy.host(&url(&format!("h{n}.cn")), now).turn(now, spacing);
    }
    let hosts = courtesy.hosts.lock().unwrap();
    assert!(hosts.by_name.len() <= HOSTS_MIN, "{}", hosts.by_name.len());
    assert!(hosts.by_name.contains_key("held.cn"), "somebody waits there");
    drop(held);
}
