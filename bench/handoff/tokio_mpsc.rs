//! tokio's bounded mpsc channel between tasks on two workers. It has one receiver, so the cases with more are not its.

use bench::{Answer, Case, Item};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

fn workers(n: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(n).build().unwrap()
}

fn one_to_one(n: u64, try_first: bool) -> Answer {
    let runtime = workers(2);
    let (sender, mut receiver) = mpsc::channel(1024);
    runtime.spawn(async move {
        for i in 0..n {
            let item = Item::<1>::new(i);
            if try_first && sender.try_send(item).is_ok() {
                continue;
            }
            if sender.send(item).await.is_err() {
                return;
            }
        }
    });
    let received = runtime.spawn(async move {
        let mut own = Answer::default();
        loop {
            if try_first {
                if let Ok(item) = receiver.try_recv() {
                    own.add(item.carried());
                    continue;
                }
            }
            match receiver.recv().await {
                Some(item) => own.add(item.carried()),
                None => return own,
            }
        }
    });
    runtime.block_on(received).unwrap()
}

fn alone(n: u64, try_first: bool) -> Answer {
    let runtime = workers(1);
    let task = runtime.spawn(async move {
        let (sender, mut receiver) = mpsc::channel(1024);
        let mut own = Answer::default();
        for i in 0..n {
            let item = Item::<1>::new(i);
            let got = if try_first {
                sender.try_send(item).unwrap();
                receiver.try_recv().unwrap()
            } else {
                sender.send(item).await.unwrap();
                receiver.recv().await.unwrap()
            };
            own.add(got.carried());
        }
        own
    });
    runtime.block_on(task).unwrap()
}

fn main() {
    let mut cases = Vec::new();
    for (way, try_first) in [("async", false), ("try_first", true)] {
        cases.push(Case::items(format!("handoff/coroutines/1x1/8B/{}", way), move |n| one_to_one(n, try_first)));
        cases.push(Case::items(format!("handoff/coroutines/alone/8B/{}", way), move |n| alone(n, try_first)));
    }
    bench::main(cases);
}
