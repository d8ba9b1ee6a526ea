// Rust: a thread per stage (and worker), a bounded crossbeam-channel between two; 1024 items, as Penstock's edges.
#[path = "../common/measured.rs"]
mod measured;

use crossbeam_channel::{bounded, Receiver, Sender};
use measured::{compete, value, Answer, Case};
use std::thread;

const CAPACITY: usize = 1024;

fn step(v: u64) -> u64 {
    (v ^ 0x55).wrapping_add(1)
}

fn goes_first(v: u64) -> bool {
    v & 0x100 == 0
}

fn source(n: u64) -> Receiver<u64> {
    let (out, edge) = bounded(CAPACITY);
    thread::spawn(move || (0..n).for_each(|i| out.send(value(i)).unwrap()));
    edge
}

/// A channel is closed when its last sender is dropped.
fn stage_into(input: Receiver<u64>, out: Sender<u64>) {
    thread::spawn(move || input.iter().for_each(|v| out.send(step(v)).unwrap()));
}

fn stage(input: Receiver<u64>, workers: usize) -> Receiver<u64> {
    let (out, edge) = bounded(CAPACITY);
    (0..workers).for_each(|_| stage_into(input.clone(), out.clone()));
    edge
}

fn sum(input: Receiver<u64>) -> Answer {
    let mut all = Answer::default();
    input.iter().for_each(|v| all.add(v));
    all
}

fn line(k: usize, workers: usize, n: u64) -> Answer {
    sum((0..k).fold(source(n), |edge, _| stage(edge, workers)))
}

fn branches(n: u64, copies: bool) -> Answer {
    let input = source(n);
    let (to_left, left) = bounded(CAPACITY);
    let (to_right, right) = bounded(CAPACITY);
    thread::spawn(move || {
        for v in input {
            if copies || goes_first(v) {
                to_left.send(v).unwrap();
            }
            if copies || !goes_first(v) {
                to_right.send(v).unwrap();
            }
        }
    });
    let (out, edge) = bounded(CAPACITY);
    stage_into(left, out.clone());
    stage_into(stage(right, 1), out);
    sum(edge)
}

fn after(n: u64, steps: impl Fn(u64) -> Vec<u64>) -> Answer {
    let mut all = Answer::default();
    (0..n).for_each(|i| steps(value(i)).into_iter().for_each(|v| all.add(v)));
    all
}

fn main() {
    let line_case = |name: &str, k: usize, workers: usize| Case {
        name: format!("pipeline/{}/8B", name),
        run: Box::new(move |n| line(k, workers, n)),
        right: Box::new(move |n| after(n, |v| vec![(0..k).fold(v, |v, _| step(v))])),
    };
    compete(vec![
        line_case("serial/k1", 1, 1),
        line_case("serial/k4", 4, 1),
        line_case("serial/k16", 16, 1),
        line_case("many_stages/k64", 64, 1),
        line_case("parallel2/k4", 4, 2),
        Case {
            name: "pipeline/tee/8B".into(),
            run: Box::new(|n| branches(n, true)),
            right: Box::new(|n| after(n, |v| vec![step(v), step(step(v))])),
        },
        Case {
            name: "pipeline/route/8B".into(),
            run: Box::new(|n| branches(n, false)),
            right: Box::new(|n| after(n, |v| vec![if goes_first(v) { step(v) } else { step(step(v)) }])),
        },
    ]);
}
