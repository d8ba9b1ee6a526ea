// Rust: tokio tasks that wait for a notification, or on a timer, in a select with a watch channel that tells them to stop, on
// two workers. (CancellationToken is in tokio-util, which Debian's package of tokio does not bring.)
#[allow(dead_code)]
#[path = "../common/measured.rs"]
mod measured;

use measured::{compete_raw, expected, processor_seconds, value, Answer, Told};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::runtime::Builder;
use tokio::sync::{mpsc, watch, Semaphore};

const WAITERS: u64 = 10_000;
const STORMS: u64 = 5;

/// tokio's own select is a macro of a feature that Debian's package leaves to others: two futures, the first that is ready.
struct Either<A, B>(A, B);

impl<A: Future + Unpin, B: Future + Unpin> Future for Either<A, B> {
    type Output = bool; // the second, which is the request to stop, was it
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
        if Pin::new(&mut self.1).poll(context).is_ready() {
            return Poll::Ready(true);
        }
        Pin::new(&mut self.0).poll(context).map(|_| false)
    }
}

fn storm(name: &str, timers: bool) -> (f64, f64) {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let (stop, asked) = watch::channel(false);
    let (tell, mut told) = mpsc::unbounded_channel();
    let come = Arc::new(AtomicU64::new(0));
    let items = Arc::new(Semaphore::new(0));
    for i in 0..WAITERS {
        let (mut asked, tell, come, items) = (asked.clone(), tell.clone(), come.clone(), items.clone());
        runtime.spawn(async move {
            come.fetch_add(1, Ordering::SeqCst);
            let stopped = Box::pin(asked.changed());
            let cancelled = if timers {
                Either(Box::pin(tokio::time::sleep(Duration::from_secs(3600))), stopped).await
            } else {
                Either(Box::pin(items.acquire()), stopped).await
            };
            tell.send((i, cancelled)).unwrap();
        });
    }
    while come.load(Ordering::SeqCst) != WAITERS {
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_millis(20));
    let (processor, begin) = (processor_seconds(), Instant::now());
    stop.send(true).unwrap();
    let heard: Vec<(u64, bool)> = (0..WAITERS).map(|_| told.blocking_recv().unwrap()).collect();
    let took = (begin.elapsed().as_secs_f64(), processor_seconds() - processor);
    let mut seen = Answer::default();
    heard.iter().filter(|(_, cancelled)| *cancelled).for_each(|(i, _)| seen.add(value(*i)));
    if seen != expected(WAITERS) {
        eprintln!("{}: wrong answer: {:?} instead of {:?}", name, seen, expected(WAITERS));
        std::process::exit(1);
    }
    took
}

fn case(name: &'static str, timers: bool) -> (String, Told) {
    let tell = move || {
        let took: Vec<_> = (0..STORMS).map(|_| storm(name, timers)).collect();
        let per_item = 1e9 / (WAITERS * STORMS) as f64;
        vec![
            ("items", (WAITERS * STORMS) as f64),
            ("ns_per_item", took.iter().map(|(wall, _)| wall).sum::<f64>() * per_item),
            ("cpu_ns_per_item", took.iter().map(|(_, cpu)| cpu).sum::<f64>() * per_item),
        ]
    };
    (name.to_string(), Box::new(tell))
}

fn main() {
    compete_raw(vec![case("storm/coroutines/10000/token", false), case("storm/timers/10000", true)]);
}
