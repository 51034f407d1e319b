//! Do polls of one moment share a call, and does a dropped one harm nobody?

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use futures::future::join_all;

use super::*;

fn answer(ids: &[String]) -> Shared {
    Ok(Arc::new((ids.join(","), Value::Null, ids.len())))
}

#[tokio::test]
async fn questions_of_one_moment_are_one_call() {
    let (batcher, calls) = (Batcher::default(), AtomicUsize::new(0));
    let ask = |id: usize| {
        let (batcher, calls) = (&batcher, &calls);
        async move {
            let id = format!("{id:03}");
            let call = |ids: Vec<String>| async move {
                calls.fetch_add(1, SeqCst);
                answer(&ids)
            };
            let shared = batcher.ask(&id, call).await.unwrap();
            assert!(shared.0.split(',').any(|held| held == id), "{id} in {}", shared.0);
            assert!(shared.0.split(',').count() <= IDS_MAX);
        }
    };
    ask(1).await;
    assert_eq!(calls.swap(0, SeqCst), 1, "alone it is asked alone, and at once");
    join_all((0..IDS_MAX).map(ask)).await;
    assert_eq!(calls.swap(0, SeqCst), 1);
    join_all((0..IDS_MAX * 2 + 1).map(ask)).await;
    assert_eq!(calls.swap(0, SeqCst), 3);
    join_all([7, 7, 7].map(ask)).await;
    assert_eq!(calls.swap(0, SeqCst), 1, "the same app twice is one id");
}

#[tokio::test]
async fn when_the_first_is_dropped_the_next_takes_over() {
    let (batcher, calls) = (Batcher::default(), AtomicUsize::new(0));
    let never = |_: Vec<String>| {
        calls.fetch_add(1, SeqCst);
        futures::future::pending()
    };
    let mut first = Box::pin(batcher.ask("1", never));
    let mut second = Box::pin(batcher.ask("2", |ids: Vec<String>| async move { answer(&ids) }));
    for _ in 0..=YIELDS + 1 {
        assert!(futures::poll!(first.as_mut()).is_pending());
        assert!(futures::poll!(second.as_mut()).is_pending());
    }
    assert_eq!(calls.load(SeqCst), 1, "the first has asked, and waits for ever");
    drop(first);
    assert_eq!(second.await.unwrap().0, "1,2");
}

#[tokio::test]
async fn a_fault_is_everybodys() {
    let batcher = Batcher::default();
    let fault = || Fault::new(FaultScope::Platform, FaultKind::Unavailable, "503");
    let ask = |id: &'static str| batcher.ask(id, |_| async { Err(fault()) });
    let (one, other) = futures::join!(ask("1"), ask("2"));
    assert_eq!((one.unwrap_err(), other.unwrap_err()), (fault(), fault()));
}

#[test]
fn a_minute_holds_so_many_calls() {
    let pace = Pace::default();
    let at = |seconds: i64| Timestamp::from_timestamp(1_795_312_800 + seconds, 0).unwrap();
    for n in 0..20 {
        assert!(pace.take(20, at(n)).is_ok());
    }
    let fault = pace.take(20, at(20)).unwrap_err();
    assert_eq!((fault.kind, fault.retry), (FaultKind::RateLimited, Retry::After(40)));
    assert!(pace.take(20, at(59)).is_err());
    assert!(pace.take(20, at(60)).is_ok(), "the first is a minute ago");
    assert!(pace.take(20, at(60)).is_err());
    assert!(pace.take(20, at(-100_000)).is_ok(), "a clock that was set back");
}
