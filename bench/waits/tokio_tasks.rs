// Rust: a tokio task per item, bounded by a semaphore, on two workers. Every run is a process of its own, as in waits.hpp.
#[allow(dead_code)]
#[path = "../common/measured.rs"]
mod measured;

use measured::{compete_raw, expected, processor_seconds, value, Answer, Told};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Builder;
use tokio::sync::Semaphore;

#[derive(Default)]
struct Seen {
    count: AtomicU64,
    sum: AtomicU64,
}

fn wait(waits: u64, n: u64, pause: Duration) -> Answer {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let seen = Arc::new(Seen::default());
    let into = seen.clone();
    let all = runtime.spawn(async move {
        let slots = Arc::new(Semaphore::new(waits as usize));
        for i in 0..n {
            let slot = slots.clone().acquire_owned().await.unwrap();
            let (item, into) = (value(i), into.clone());
            tokio::spawn(async move {
                tokio::time::sleep(pause).await;
                into.count.fetch_add(1, Ordering::Relaxed);
                into.sum.fetch_add(item, Ordering::Relaxed);
                drop(slot);
            });
        }
        slots.acquire_many(waits as u32).await.map(|_| ()).unwrap();
    });
    runtime.block_on(all).unwrap();
    Answer { count: seen.count.load(Ordering::Relaxed), sum: seen.sum.load(Ordering::Relaxed) }
}

fn peak_bytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() * 1024.0
}

const COUNTERS: [&str; 4] = ["items", "ns_per_item", "cpu_ns_per_item", "bytes_per_wait"];

fn in_child(name: &str) -> Vec<(&'static str, f64)> {
    let program = std::env::current_exe().unwrap();
    let child = std::process::Command::new(program)
        .args(["--run", &format!("^{}$", name)])
        .env("PENSTOCK_BENCH_CHILD", "1")
        .output()
        .unwrap();
    let printed = String::from_utf8(child.stdout).unwrap();
    if !child.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&child.stderr));
        std::process::exit(1);
    }
    let told = if name.ends_with("/once") { 4 } else { 3 };
    COUNTERS.into_iter().take(told).zip(printed.split_whitespace().map(|v| v.parse().unwrap())).collect()
}

fn case(name: &'static str, waits: u64, n: u64, pause: Duration) -> (String, Told) {
    let tell = move || {
        if std::env::var("PENSTOCK_BENCH_CHILD").is_err() {
            return in_child(name);
        }
        let (base, processor, begin) = (peak_bytes(), processor_seconds(), Instant::now());
        let got = wait(waits, n, pause);
        let (wall, cpu) = (begin.elapsed().as_secs_f64(), processor_seconds() - processor);
        let grown = peak_bytes() - base;
        if got != expected(n) {
            eprintln!("{}: wrong answer: {:?} instead of {:?}", name, got, expected(n));
            std::process::exit(1);
        }
        println!("{} {} {} {}", n, wall * 1e9 / n as f64, cpu * 1e9 / n as f64, grown / waits as f64);
        std::process::exit(0);
    };
    (name.to_string(), Box::new(tell))
}

fn main() {
    let (short, long) = (Duration::from_millis(20), Duration::from_secs(1));
    compete_raw(vec![
        case("waits/10000/20ms", 10_000, 100_000, short),
        case("waits/100000/20ms", 100_000, 400_000, short),
        case("waits/10000/once", 10_000, 10_000, long),
        case("waits/100000/once", 100_000, 100_000, long),
    ]);
}
