// Rust: threads at a crossbeam channel, whose last sender is dropped: the nearest that it has. The storm breaks 20 ms after
// all have come.
#[allow(dead_code)]
#[path = "../common/measured.rs"]
mod measured;

use crossbeam_channel::bounded;
use measured::{compete_raw, expected, processor_seconds, value, Answer};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const NAME: &str = "storm/threads/64/queue";
const WAITERS: u64 = 64;
const STORMS: u64 = 50;

fn storm() -> (f64, f64) {
    let (sender, receiver) = bounded::<u64>(16);
    let (tell, told) = bounded(WAITERS as usize);
    let come = Arc::new(AtomicU64::new(0));
    for i in 0..WAITERS {
        let (receiver, tell, come) = (receiver.clone(), tell.clone(), come.clone());
        thread::spawn(move || {
            come.fetch_add(1, Ordering::SeqCst);
            let cancelled = receiver.recv().is_err();
            tell.send((i, cancelled)).unwrap();
        });
    }
    while come.load(Ordering::SeqCst) != WAITERS {
        thread::yield_now();
    }
    thread::sleep(Duration::from_millis(20));
    let (processor, begin) = (processor_seconds(), Instant::now());
    drop(sender);
    let heard: Vec<(u64, bool)> = told.iter().take(WAITERS as usize).collect();
    let took = (begin.elapsed().as_secs_f64(), processor_seconds() - processor);
    let mut seen = Answer::default();
    heard.iter().filter(|(_, cancelled)| *cancelled).for_each(|(i, _)| seen.add(value(*i)));
    if seen != expected(WAITERS) {
        eprintln!("{}: wrong answer: {:?} instead of {:?}", NAME, seen, expected(WAITERS));
        std::process::exit(1);
    }
    took
}

fn main() {
    let tell = || {
        let took: Vec<_> = (0..STORMS).map(|_| storm()).collect();
        let per_item = 1e9 / (WAITERS * STORMS) as f64;
        vec![
            ("items", (WAITERS * STORMS) as f64),
            ("ns_per_item", took.iter().map(|(wall, _)| wall).sum::<f64>() * per_item),
            ("cpu_ns_per_item", took.iter().map(|(_, cpu)| cpu).sum::<f64>() * per_item),
        ]
    };
    compete_raw(vec![(NAME.to_string(), Box::new(tell))]);
}
