//! crossbeam-channel's bounded channel between threads. It has no batches. Receivers iterate until every sender is gone.

use bench::{Answer, Case, Item};
use std::thread;

fn hand_over<const W: usize>(n: u64, producers: u64, consumers: u64) -> Answer {
    let (sender, receiver) = crossbeam_channel::bounded(1024);
    for p in 0..producers {
        let sender = sender.clone();
        let numbers = p * n / producers..(p + 1) * n / producers;
        thread::spawn(move || numbers.for_each(|i| sender.send(Item::<W>::new(i)).unwrap()));
    }
    drop(sender);
    let consumers: Vec<_> = (0..consumers)
        .map(|_| {
            let receiver = receiver.clone();
            thread::spawn(move || {
                let mut own = Answer::default();
                receiver.iter().for_each(|item| own.add(item.carried()));
                own
            })
        })
        .collect();
    let mut all = Answer::default();
    consumers.into_iter().for_each(|one| all.merge(one.join().unwrap()));
    all
}

fn main() {
    let mut cases = Vec::new();
    for sides in [1, 2, 4, 8] {
        let name = format!("handoff/threads/{}x{}/", sides, sides);
        cases.push(Case::items(name.clone() + "8B/single", move |n| hand_over::<1>(n, sides, sides)));
        cases.push(Case::items(name + "64B/single", move |n| hand_over::<8>(n, sides, sides)));
    }
    bench::main(cases);
}
