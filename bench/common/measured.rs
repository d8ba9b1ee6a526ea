// What the Rust programs of the benchmarks share: the checked question, and measuring a case. See bench/common/*.hpp.
// Taken in by `#[path] mod measured;`.
use std::time::Instant;

#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Answer {
    pub count: u64,
    pub sum: u64,
}

impl Answer {
    pub fn add(&mut self, v: u64) {
        self.count += 1;
        self.sum = self.sum.wrapping_add(v);
    }
}

pub fn value(i: u64) -> u64 {
    let i = i.wrapping_add(0x9e3779b97f4a7c15);
    let i = (i ^ (i >> 30)).wrapping_mul(0xbf58476d1ce4e5b9);
    let i = (i ^ (i >> 27)).wrapping_mul(0x94d049bb133111eb);
    i ^ (i >> 31)
}

/// Of the items 0 to n - 1, unchanged.
#[allow(dead_code)]
pub fn expected(n: u64) -> Answer {
    let mut all = Answer::default();
    (0..n).for_each(|i| all.add(value(i)));
    all
}

#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}

extern "C" {
    // Of the C library, which every program of Rust's standard library links.
    fn clock_gettime(clock: i32, now: *mut Timespec) -> i32;
}

/// Of all threads of this process so far.
pub fn processor_seconds() -> f64 {
    const CLOCK_PROCESS_CPUTIME_ID: i32 = 2;
    let mut now = Timespec { seconds: 0, nanoseconds: 0 };
    // SAFETY: the C library fills in what it is given; the layout is that of 64-bit Linux.
    unsafe { clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &mut now) };
    now.seconds as f64 + now.nanoseconds as f64 * 1e-9
}

fn target_seconds() -> f64 {
    let asked = std::env::var("PENSTOCK_BENCH_MILLISECONDS").ok().and_then(|t| t.parse::<f64>().ok());
    asked.filter(|ms| *ms > 0.0).map_or(0.15, |ms| ms / 1000.0)
}

pub type Question = Box<dyn Fn(u64) -> Answer>;

pub struct Case {
    pub name: String,
    pub run: Question,
    pub right: Question,
}

fn check(case: &Case, n: u64, got: Answer) {
    let right = (case.right)(n);
    if got != right {
        eprintln!("{}: wrong answer: {:?} instead of {:?}", case.name, got, right);
        std::process::exit(1);
    }
}

fn items_for(target: f64, n: u64, took: f64) -> u64 {
    ((n as f64 * target / took) as u64).max(1)
}

/// How many items a repetition takes is tried out first, and it is made up to the target by further runs, as in
/// measured.hpp.
fn measure(case: &Case) {
    let target = target_seconds();
    let mut n = 1000;
    loop {
        let begin = Instant::now();
        let got = (case.run)(n);
        let took = begin.elapsed().as_secs_f64().max(1e-9);
        check(case, n, got);
        if took >= target / 5.0 {
            n = items_for(target, n, took);
            break;
        }
        n *= if took < target / 50.0 { 10 } else { 4 };
    }
    let (mut items, mut wall, mut processor) = (0, 0.0, 0.0);
    while wall < target * 0.75 {
        if items > 0 {
            n = items_for(target - wall, items, wall.max(1e-9));
        }
        let (begin, before) = (Instant::now(), processor_seconds());
        let got = (case.run)(n);
        processor += processor_seconds() - before;
        wall += begin.elapsed().as_secs_f64();
        items += n;
        check(case, n, got);
    }
    println!(
        "{{\"case\": \"{}\", \"items\": {}, \"ns_per_item\": {}, \"cpu_ns_per_item\": {}, \"checked\": true}}",
        case.name,
        items,
        wall * 1e9 / items as f64,
        processor * 1e9 / items as f64
    );
}

/// Of the words that `--run` takes: `^`, `$` and `.*` at the ends are understood, nothing else of regular expressions.
fn wanted(pattern: &str, name: &str) -> bool {
    let core = pattern.trim_start_matches('^').trim_end_matches('$');
    let whole = pattern.starts_with('^') && pattern.ends_with('$');
    core == "." || core == ".*" || (if whole { name == core } else { name.contains(core) })
}

/// Obeys the command line: --list, or --run PATTERN.
pub fn compete(cases: Vec<Case>) {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--list"] => cases.iter().for_each(|case| println!("{}", case.name)),
        ["--run", pattern] => cases.iter().filter(|case| wanted(pattern, &case.name)).for_each(measure),
        _ => {
            eprintln!("usage: --list, or --run PATTERN");
            std::process::exit(2);
        }
    }
}

/// A case that measures itself, checks its answer, and gives its counters by name.
#[allow(dead_code)]
pub type Told = Box<dyn Fn() -> Vec<(&'static str, f64)>>;

/// The same command line for cases that measure themselves.
#[allow(dead_code)]
pub fn compete_raw(cases: Vec<(String, Told)>) {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--list"] => cases.iter().for_each(|(name, _)| println!("{}", name)),
        ["--run", pattern] => cases.iter().filter(|(name, _)| wanted(pattern, name)).for_each(|(name, tell)| {
            let counters: String = tell().iter().map(|(key, v)| format!(", \"{}\": {}", key, v)).collect();
            println!("{{\"case\": \"{}\"{}, \"checked\": true}}", name, counters);
        }),
        _ => {
            eprintln!("usage: --list, or --run PATTERN");
            std::process::exit(2);
        }
    }
}
