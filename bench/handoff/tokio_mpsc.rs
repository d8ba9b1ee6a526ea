// tokio's bounded mpsc channel between tasks on two workers. It has one receiver, so the cases with more are not its.
#[path = "../common/measured.rs"]
mod measured;

use measured::{compete, expected, value, Answer, Case};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

const CAPACITY: usize = 1024;

fn workers(n: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(n).build().unwrap()
}

fn one_to_one(n: u64, try_first: bool) -> Answer {
    let runtime = workers(2);
    let (sender, mut receiver) = mpsc::channel(CAPACITY);
    runtime.spawn(async move {
        for i in 0..n {
            let item = value(i);
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
                    own.add(item);
                    continue;
                }
            }
            match receiver.recv().await {
                Some(item) => own.add(item),
                None => return own,
            }
        }
    });
    runtime.block_on(received).unwrap()
}

fn alone(n: u64, try_first: bool) -> Answer {
    let runtime = workers(1);
    let task = runtime.spawn(async move {
        let (sender, mut receiver) = mpsc::channel(CAPACITY);
        let mut own = Answer::default();
        for i in 0..n {
            let item = value(i);
            let got = if try_first {
                sender.try_send(item).unwrap();
                receiver.try_recv().unwrap()
            } else {
                sender.send(item).await.unwrap();
                receiver.recv().await.unwrap()
            };
            own.add(got);
        }
        own
    });
    runtime.block_on(task).unwrap()
}

fn add_case(cases: &mut Vec<Case>, name: String, run: impl Fn(u64) -> Answer + 'static) {
    cases.push(Case { name, run: Box::new(run), right: Box::new(expected) });
}

fn main() {
    let mut cases = Vec::new();
    for (way, try_first) in [("async", false), ("try_first", true)] {
        add_case(&mut cases, format!("handoff/coroutines/1x1/8B/{}", way), move |n| one_to_one(n, try_first));
        add_case(&mut cases, format!("handoff/coroutines/alone/8B/{}", way), move |n| alone(n, try_first));
    }
    compete(cases);
}
