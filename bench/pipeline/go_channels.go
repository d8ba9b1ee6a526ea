// Go: a goroutine per stage (and worker), a buffered channel between two. 1024 items, as Penstock's edges; 128 cost up to a
// quarter more, 4096 the same.
package main

import (
	"sync"

	. "penstock/bench/common/measured"
)

const capacity = 1024

func step(v uint64) uint64 { return (v ^ 0x55) + 1 }

func source(n uint64) chan uint64 {
	out := make(chan uint64, capacity)
	go func() {
		for i := uint64(0); i < n; i++ {
			out <- Value(i)
		}
		close(out)
	}()
	return out
}

func stageInto(in, out chan uint64, left *sync.WaitGroup) {
	for v := range in {
		out <- step(v)
	}
	left.Done()
}

// Closes out when all who send into it have come to their end.
func closeAfter(left *sync.WaitGroup, out chan uint64) { left.Wait(); close(out) }

func stage(in chan uint64, workers int) chan uint64 {
	out := make(chan uint64, capacity)
	var left sync.WaitGroup
	left.Add(workers)
	for w := 0; w < workers; w++ {
		go stageInto(in, out, &left)
	}
	go closeAfter(&left, out)
	return out
}

func sum(in chan uint64) Answer {
	var all Answer
	for v := range in {
		all.Add(v)
	}
	return all
}

func line(k, workers int) func(uint64) Answer {
	return func(n uint64) Answer {
		edge := source(n)
		for s := 0; s < k; s++ {
			edge = stage(edge, workers)
		}
		return sum(edge)
	}
}

func afterSteps(k int) func(uint64) Answer {
	return func(n uint64) Answer {
		var all Answer
		for i := uint64(0); i < n; i++ {
			v := Value(i)
			for s := 0; s < k; s++ {
				v = step(v)
			}
			all.Add(v)
		}
		return all
	}
}

func goesFirst(v uint64) bool { return v&0x100 == 0 }

func branches(split func(v uint64, left, right chan uint64)) func(uint64) Answer {
	return func(n uint64) Answer {
		in, left, right := source(n), make(chan uint64, capacity), make(chan uint64, capacity)
		go func() {
			for v := range in {
				split(v, left, right)
			}
			close(left)
			close(right)
		}()
		out := make(chan uint64, capacity)
		var open sync.WaitGroup
		open.Add(2)
		go stageInto(left, out, &open)
		go stageInto(stage(right, 1), out, &open)
		go closeAfter(&open, out)
		return sum(out)
	}
}

func main() {
	serial := func(name string, k int) {
		AddCase("pipeline/"+name+"/8B", line(k, 1), afterSteps(k))
	}
	serial("serial/k1", 1)
	serial("serial/k4", 4)
	serial("serial/k16", 16)
	serial("many_stages/k64", 64)
	AddCase("pipeline/parallel2/k4/8B", line(4, 2), afterSteps(4))
	AddCase("pipeline/tee/8B", branches(func(v uint64, left, right chan uint64) {
		left <- v
		right <- v
	}), func(n uint64) Answer {
		one, two := afterSteps(1)(n), afterSteps(2)(n)
		return Answer{one.Count + two.Count, one.Sum + two.Sum}
	})
	AddCase("pipeline/route/8B", branches(func(v uint64, left, right chan uint64) {
		if goesFirst(v) {
			left <- v
		} else {
			right <- v
		}
	}), func(n uint64) Answer {
		var all Answer
		for i := uint64(0); i < n; i++ {
			v := step(Value(i))
			if !goesFirst(Value(i)) {
				v = step(v)
			}
			all.Add(v)
		}
		return all
	})
	Compete()
}
