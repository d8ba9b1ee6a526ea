// Go: a goroutine per item, bounded by a channel that serves as a semaphore. Every run is a process of its own, as in
// waits.hpp.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	. "penstock/bench/common/measured"
)

func wait(waits, n uint64, pause time.Duration) Answer {
	var count, sum uint64
	var all sync.WaitGroup
	slots := make(chan struct{}, waits)
	for i := uint64(0); i < n; i++ {
		slots <- struct{}{}
		all.Add(1)
		go func(item uint64) {
			defer all.Done()
			time.Sleep(pause)
			atomic.AddUint64(&count, 1)
			atomic.AddUint64(&sum, item)
			<-slots
		}(Value(i))
	}
	all.Wait()
	return Answer{Count: count, Sum: sum}
}

func peakBytes() float64 {
	status, _ := os.ReadFile("/proc/self/status")
	for _, line := range strings.Split(string(status), "\n") {
		var kilobytes float64
		if n, _ := fmt.Sscanf(line, "VmHWM: %f kB", &kilobytes); n == 1 {
			return kilobytes * 1024
		}
	}
	return 0
}

func inChild(name string) Counters {
	child := exec.Command(os.Args[0], "--run", "^"+name+"$")
	child.Env = append(os.Environ(), "PENSTOCK_BENCH_CHILD=1")
	child.Stderr = os.Stderr
	printed, err := child.Output()
	var items, wall, cpu, memory float64
	if _, scanned := fmt.Sscan(string(printed), &items, &wall, &cpu, &memory); err != nil || scanned != nil {
		os.Exit(1)
	}
	told := Counters{"items": items, "ns_per_item": wall, "cpu_ns_per_item": cpu}
	if strings.HasSuffix(name, "/once") {
		told["bytes_per_wait"] = memory
	}
	return told
}

func addCase(name string, waits, n uint64, pause time.Duration) {
	AddRaw(name, func() Counters {
		if os.Getenv("PENSTOCK_BENCH_CHILD") == "" {
			return inChild(name)
		}
		base, processor, begin := peakBytes(), ProcessorSeconds(), time.Now()
		got := wait(waits, n, pause)
		wall, cpu := time.Since(begin).Seconds(), ProcessorSeconds()-processor
		grown := peakBytes() - base
		Check(name, got, Expected(n))
		fmt.Println(n, wall*1e9/float64(n), cpu*1e9/float64(n), grown/float64(waits))
		os.Exit(0)
		return nil
	})
}

func main() {
	addCase("waits/10000/20ms", 10_000, 100_000, 20*time.Millisecond)
	addCase("waits/100000/20ms", 100_000, 400_000, 20*time.Millisecond)
	addCase("waits/10000/once", 10_000, 10_000, time.Second)
	addCase("waits/100000/once", 100_000, 100_000, time.Second)
	Compete()
}
