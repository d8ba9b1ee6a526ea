// Rust: a tokio task per stage, a bounded mpsc channel between two, on tokio's pool of one thread per core; 1024 items, as
// Penstock's edges. A send tries first and awaits only if need be, which costs a sixth less at 16 stages; a receive that tried
// first cost up to a fifth more, for it looks before it waits anyway. Its channel has one receiver, so there is no stage with
// several workers here.
#[path = "../common/measured.rs"]
mod measured;

use measured::{compete, value, Answer, Case};
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{channel, Receiver, Sender};

const CAPACITY: usize = 1024;

fn step(v: u64) -> u64 {
    (v ^ 0x55).wrapping_add(1)
}

async fn send(out: &Sender<u64>, v: u64) {
    if out.try_send(v).is_err() {
        out.send(v).await.unwrap();
    }
}

fn source(n: u64) -> Receiver<u64> {
    let (out, edge) = channel(CAPACITY);
    tokio::spawn(async move {
        for i in 0..n {
            send(&out, value(i)).await;
        }
    });
    edge
}

fn stage(mut input: Receiver<u64>) -> Receiver<u64> {
    let (out, edge) = channel(CAPACITY);
    tokio::spawn(async move {
        while let Some(v) = input.recv().await {
            send(&out, step(v)).await;
        }
    });
    edge
}

async fn line(k: usize, n: u64) -> Answer {
    let mut edge = (0..k).fold(source(n), |edge, _| stage(edge));
    tokio::spawn(async move {
        let mut all = Answer::default();
        while let Some(v) = edge.recv().await {
            all.add(v);
        }
        all
    })
    .await
    .unwrap()
}

fn after(k: usize, n: u64) -> Answer {
    let mut all = Answer::default();
    (0..n).for_each(|i| all.add((0..k).fold(value(i), |v, _| step(v))));
    all
}

fn main() {
    let case = |name: &str, k: usize| {
        let machinery = Runtime::new().unwrap();
        Case {
            name: format!("pipeline/{}/8B", name),
            run: Box::new(move |n| machinery.block_on(line(k, n))),
            right: Box::new(move |n| after(k, n)),
        }
    };
    compete(vec![
        case("serial/k1", 1),
        case("serial/k4", 4),
        case("serial/k16", 16),
        case("many_stages/k64", 64),
    ]);
}
