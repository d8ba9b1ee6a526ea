//! Runs the cases of a contender and prints a line of JSON for each.

use std::time::Instant;

/// The number that item i carries.
pub fn value(i: u64) -> u64 {
    let mut v = i.wrapping_add(0x9e3779b97f4a7c15);
    v = (v ^ (v >> 30)).wrapping_mul(0xbf58476d1ce4e5b9);
    v = (v ^ (v >> 27)).wrapping_mul(0x94d049bb133111eb);
    v ^ (v >> 31)
}

/// What came: how many items, and the sum of what they carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub count: u64,
    pub sum: u64,
}

impl Answer {
    pub fn add(&mut self, value: u64) {
        self.count += 1;
        self.sum = self.sum.wrapping_add(value);
    }
    pub fn merge(&mut self, other: Answer) {
        self.count += other.count;
        self.sum = self.sum.wrapping_add(other.sum);
    }
}

/// The right answer for the items 0 to n - 1.
pub fn expected(n: u64) -> Answer {
    let mut all = Answer::default();
    (0..n).for_each(|i| all.add(value(i)));
    all
}

/// An item of W words, that shows when it was torn.
#[derive(Clone, Copy, Debug)]
pub struct Item<const W: usize>([u64; W]);

impl<const W: usize> Item<W> {
    pub fn new(i: u64) -> Self {
        Item([value(i); W])
    }
    pub fn carried(&self) -> u64 {
        self.0[0].wrapping_add(self.0[0] ^ self.0[W - 1])
    }
}

/// Takes n items through and answers, or tells the counters by itself.
pub enum Work {
    Items(Box<dyn Fn(u64) -> Answer>),
    Told(Box<dyn Fn() -> Vec<(&'static str, f64)>>),
}

pub struct Case {
    pub name: String,
    pub work: Work,
}

impl Case {
    pub fn items(name: String, run: impl Fn(u64) -> Answer + 'static) -> Self {
        Case { name, work: Work::Items(Box::new(run)) }
    }
    pub fn told(name: String, tell: impl Fn() -> Vec<(&'static str, f64)> + 'static) -> Self {
        Case { name, work: Work::Told(Box::new(tell)) }
    }
}

/// Ends the program when the answer is wrong.
pub fn check(what: &str, got: Answer, n: u64) {
    if got != expected(n) {
        eprintln!("{}: wrong answer: {:?} instead of {:?}", what, got, expected(n));
        std::process::exit(1);
    }
}

/// Processor time of all threads so far.
pub fn processor_seconds() -> f64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut now) };
    now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9
}

fn checked(name: &str, run: &dyn Fn(u64) -> Answer, n: u64) -> (f64, f64) {
    let (processor, start) = (processor_seconds(), Instant::now());
    let got = run(n);
    let took = (start.elapsed().as_secs_f64(), processor_seconds() - processor);
    check(name, got, n);
    took
}

fn target_seconds() -> f64 {
    let asked = std::env::var("PENSTOCK_BENCH_MILLISECONDS").ok().and_then(|text| text.parse::<f64>().ok());
    asked.filter(|ms| *ms > 0.0).map_or(0.15, |ms| ms / 1000.0)
}

fn find_items(name: &str, run: &dyn Fn(u64) -> Answer) -> u64 {
    let (target, mut n) = (target_seconds(), 1000);
    loop {
        let (took, _) = checked(name, run, n);
        if took >= target / 5.0 {
            return (n as f64 * target / took) as u64 + 1;
        }
        n *= if took < target / 50.0 { 10 } else { 4 };
    }
}

fn measure(case: &Case) -> Vec<(&'static str, f64)> {
    match &case.work {
        Work::Told(tell) => tell(),
        Work::Items(run) => {
            let n = find_items(&case.name, run);
            let (wall, processor) = checked(&case.name, run, n);
            let per_item = 1e9 / n as f64;
            vec![("items", n as f64), ("ns_per_item", wall * per_item), ("cpu_ns_per_item", processor * per_item)]
        }
    }
}

/// A pattern of `|`-separated alternatives, each a text that a name contains; `^` and `$` bind it to the ends, `.*` and
/// `.` stand for anything. The standard library has no regular expressions, and this is what names need.
pub fn matches(pattern: &str, name: &str) -> bool {
    fn here(p: &[u8], s: &[u8]) -> bool {
        match p {
            [] => true,
            [b'$'] => s.is_empty(),
            [c, b'*', rest @ ..] => {
                (0..=s.len()).take_while(|&i| i == 0 || *c == b'.' || s[i - 1] == *c).any(|i| here(rest, &s[i..]))
            }
            [b'\\', c, rest @ ..] => s.first() == Some(c) && here(rest, &s[1..]),
            [c, rest @ ..] => !s.is_empty() && (*c == b'.' || s[0] == *c) && here(rest, &s[1..]),
        }
    }
    let name = name.as_bytes();
    pattern.split('|').any(|one| match one.strip_prefix('^') {
        Some(rest) => here(rest.as_bytes(), name),
        None => (0..=name.len()).any(|i| here(one.as_bytes(), &name[i..])),
    })
}

/// The whole program of a contender.
pub fn main(cases: Vec<Case>) {
    let arguments: Vec<String> = std::env::args().collect();
    let list = arguments.iter().any(|a| a == "--list");
    let wanted = arguments.iter().position(|a| a == "--run").and_then(|i| arguments.get(i + 1)).map_or("", |s| s);
    for case in &cases {
        if list {
            println!("{}", case.name);
        } else if matches(wanted, &case.name) {
            let told: String = measure(case).iter().map(|(key, v)| format!(", \"{}\": {}", key, v)).collect();
            println!("{{\"case\": \"{}\", \"checked\": true{}}}", case.name, told);
        }
    }
}
