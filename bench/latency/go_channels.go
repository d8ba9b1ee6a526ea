// Go: a goroutine per stage, a buffered channel between two; the source's goroutine has a thread of its own. See workload.hpp.
package main

import (
	"os"
	"runtime"
	"sort"
	"strconv"
	"syscall"
	"time"

	. "penstock/bench/common/measured"
)

const capacity = 1024

type item struct {
	due   time.Time
	value uint64
}

// Than a full repetition, by this factor.
var shorter = 1.0

func step(v uint64) uint64 { return (v ^ 0x55) + 1 }

func stage(in chan item) chan item {
	out := make(chan item, capacity)
	go func() {
		for i := range in {
			i.value = step(i.value)
			out <- i
		}
		close(out)
	}()
	return out
}

func threadSeconds() float64 {
	const thisThread = 1
	var used syscall.Rusage
	syscall.Getrusage(thisThread, &used)
	return float64(used.Utime.Sec+used.Stime.Sec) + float64(used.Utime.Usec+used.Stime.Usec)*1e-6
}

func atRate(name string, perSecond, seconds float64) func() Counters {
	return func() Counters {
		n := uint64(perSecond * seconds)
		gap := time.Duration(1e9 / perSecond)
		before := ProcessorSeconds()
		first := make(chan item, capacity)
		last := stage(stage(stage(first)))
		var own float64
		var took, handingOver time.Duration
		go func() {
			runtime.LockOSThread()
			own = -threadSeconds()
			begin := time.Now()
			for made := uint64(0); made < n; made++ {
				due := begin.Add(time.Duration(made) * gap)
				now := time.Now()
				for now.Before(due) {
					now = time.Now()
				}
				first <- item{due, Value(made)}
				// Whoever takes longer was not running meanwhile.
				if took := time.Since(now); took < 50*time.Microsecond {
					handingOver += took
				} else {
					handingOver += 50 * time.Microsecond
				}
			}
			own += threadSeconds() - handingOver.Seconds()
			took = time.Since(begin)
			close(first)
		}()
		var all, right Answer
		onTheWay := make([]float64, 0, n)
		for i := range last {
			onTheWay = append(onTheWay, float64(time.Since(i.due).Nanoseconds())*1e-3)
			all.Add(i.value)
		}
		used := ProcessorSeconds() - before
		for i := uint64(0); i < n; i++ {
			right.Add(step(step(step(Value(i)))))
		}
		Check(name, all, right)
		onTheWay = onTheWay[n/10:]
		sort.Float64s(onTheWay)
		percentile := func(p float64) float64 { return onTheWay[int(p*float64(len(onTheWay)))] }
		told := Counters{"items": float64(n), "ns_per_item": took.Seconds() * 1e9 / float64(n),
			"cpu_ns_per_item": used * 1e9 / float64(n), "p50_us": percentile(0.5), "p99_us": percentile(0.99),
			"cpu_percent": (used - own) / took.Seconds() * 100}
		if shorter >= 1 {
			told["p999_us"] = percentile(0.999)
		}
		return told
	}
}

func idle() Counters {
	first := make(chan item, capacity)
	last := stage(stage(stage(first)))
	time.Sleep(50 * time.Millisecond)
	before := ProcessorSeconds()
	time.Sleep(time.Second)
	used := ProcessorSeconds() - before
	close(first)
	for range last {
	}
	return Counters{"cpu_percent": used * 100}
}

func main() {
	if asked, _ := strconv.ParseFloat(os.Getenv("PENSTOCK_BENCH_MILLISECONDS"), 64); asked > 0 {
		shorter = asked / 150
	}
	AddRaw("latency/10k_per_s", atRate("latency/10k_per_s", 10_000, 1.5*shorter))
	AddRaw("latency/100k_per_s", atRate("latency/100k_per_s", 100_000, 0.75*shorter))
	AddRaw("latency/idle", idle)
	Compete()
}
