// crossbeam-channel's bounded channel between threads. It has no batches. Receivers iterate until every sender is gone.
#[path = "../common/measured.rs"]
mod measured;

use measured::{compete, expected, value, Answer, Case};
use std::thread;

/// An item of W words, that shows when it was torn.
#[derive(Clone, Copy, Debug)]
struct Item<const W: usize>([u64; W]);

impl<const W: usize> Item<W> {
    fn new(i: u64) -> Self {
        Item([value(i); W])
    }
    fn carried(&self) -> u64 {
        self.0[0].wrapping_add(self.0[0] ^ self.0[W - 1])
    }
}

const CAPACITY: usize = 1024;

fn hand_over<const W: usize>(n: u64, producers: u64, consumers: u64) -> Answer {
    let (sender, receiver) = crossbeam_channel::bounded(CAPACITY);
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
    for one in consumers {
        let own = one.join().unwrap();
        all.count += own.count;
        all.sum = all.sum.wrapping_add(own.sum);
    }
    all
}

fn add_case<const W: usize>(cases: &mut Vec<Case>, sides: u64) {
    cases.push(Case {
        name: format!("handoff/threads/{}x{}/{}B/single", sides, sides, 8 * W),
        run: Box::new(move |n| hand_over::<W>(n, sides, sides)),
        right: Box::new(expected),
    });
}

fn main() {
    let mut cases = Vec::new();
    for sides in [1, 2, 4, 8] {
        add_case::<1>(&mut cases, sides);
        add_case::<8>(&mut cases, sides);
    }
    compete(cases);
}
