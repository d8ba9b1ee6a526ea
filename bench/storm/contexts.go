// Go: goroutines in a receive that close() ends, and in a select on a channel, or a timer, and a context that is cancelled.
// The storm breaks 20 ms after all have come.
package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	. "penstock/bench/common/measured"
)

type waiter func(ctx context.Context, items chan uint64) bool

func received(_ context.Context, items chan uint64) bool {
	_, open := <-items
	return !open
}

func selected(ctx context.Context, items chan uint64) bool {
	select {
	case <-items:
		return false
	case <-ctx.Done():
		return true
	}
}

func slept(ctx context.Context, _ chan uint64) bool {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	select {
	case <-timer.C:
		return false
	case <-ctx.Done():
		return true
	}
}

// One storm: how long the end took.
func storm(name string, n uint64, wait waiter, closes bool) (wall, cpu float64) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	items := make(chan uint64, 16)
	heard := make([]bool, n)
	var come int64
	var all sync.WaitGroup
	all.Add(int(n))
	for i := uint64(0); i < n; i++ {
		go func(i uint64) {
			defer all.Done()
			atomic.AddInt64(&come, 1)
			heard[i] = wait(ctx, items)
		}(i)
	}
	for atomic.LoadInt64(&come) != int64(n) {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(20 * time.Millisecond)
	processor, begin := ProcessorSeconds(), time.Now()
	if closes {
		close(items)
	} else {
		cancel()
	}
	all.Wait()
	wall, cpu = time.Since(begin).Seconds(), ProcessorSeconds()-processor
	var seen Answer
	for i, cancelled := range heard {
		if cancelled {
			seen.Add(Value(uint64(i)))
		}
	}
	Check(name, seen, Expected(n))
	return wall, cpu
}

func addCase(name string, wait waiter, closes bool) {
	AddRaw(name, func() Counters {
		const waiters, storms = 10_000, 5
		var wall, cpu float64
		for i := 0; i < storms; i++ {
			w, c := storm(name, waiters, wait, closes)
			wall, cpu = wall+w, cpu+c
		}
		const all = waiters * storms
		return Counters{"items": all, "ns_per_item": wall * 1e9 / all, "cpu_ns_per_item": cpu * 1e9 / all}
	})
}

func main() {
	addCase("storm/coroutines/10000/queue", received, true)
	addCase("storm/coroutines/10000/token", selected, false)
	addCase("storm/timers/10000", slept, false)
	Compete()
}
