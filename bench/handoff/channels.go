// Go's buffered channels between goroutines. A goroutine is Go's thread and its coroutine, so it answers both questions:
// as threads on all processors, as coroutines on two at most, as the others' pools have. An item is received from the
// channel at once or waited for (`async`), or tried with a select that has a default first (`try_first`). Channels have no batches.
package main

import (
	"fmt"
	"runtime"
	"sync"

	. "penstock/bench/common/measured"
)

const capacity = 1024

type small struct{ words [1]uint64 }
type large struct{ words [8]uint64 }

func makeSmall(i uint64) small { return small{[1]uint64{Value(i)}} }
func makeLarge(i uint64) (item large) {
	value := Value(i)
	for w := range item.words {
		item.words[w] = value
	}
	return item
}
func (s small) carried() uint64 { return s.words[0] }
func (l large) carried() uint64 { return l.words[0] + (l.words[0] ^ l.words[7]) }

type item interface {
	small | large
	carried() uint64
}

func send[T item](channel chan<- T, one T, tryFirst bool) {
	if tryFirst {
		select {
		case channel <- one:
			return
		default:
		}
	}
	channel <- one
}

func receive[T item](channel <-chan T, tryFirst bool) (T, bool) {
	if tryFirst {
		select {
		case one, open := <-channel:
			return one, open
		default:
		}
	}
	one, open := <-channel
	return one, open
}

func handOver[T item](n, producers, consumers uint64, create func(uint64) T, tryFirst bool) (all Answer) {
	channel := make(chan T, capacity)
	seen := make([]Answer, consumers)
	var producing, consuming sync.WaitGroup
	for p := uint64(0); p < producers; p++ {
		producing.Add(1)
		go func(first, last uint64) {
			defer producing.Done()
			for i := first; i < last; i++ {
				send(channel, create(i), tryFirst)
			}
		}(p*n/producers, (p+1)*n/producers)
	}
	for c := range seen {
		consuming.Add(1)
		go func(into *Answer) {
			defer consuming.Done()
			var own Answer
			for one, open := receive(channel, tryFirst); open; one, open = receive(channel, tryFirst) {
				own.Add(one.carried())
			}
			*into = own
		}(&seen[c])
	}
	producing.Wait()
	close(channel)
	consuming.Wait()
	for _, own := range seen {
		all.Count += own.Count
		all.Sum += own.Sum
	}
	return all
}

func alone(n uint64, tryFirst bool) (own Answer) {
	channel := make(chan small, capacity)
	for i := uint64(0); i < n; i++ {
		send(channel, makeSmall(i), tryFirst)
		one, _ := receive(channel, tryFirst)
		own.Add(one.carried())
	}
	return own
}

func main() {
	processors := runtime.NumCPU()
	on := func(most int, run func(uint64) Answer) func(uint64) Answer {
		return func(n uint64) Answer {
			runtime.GOMAXPROCS(most)
			return run(n)
		}
	}
	for _, sides := range []uint64{1, 2, 4, 8} {
		sides := sides
		name := fmt.Sprintf("handoff/threads/%dx%d/", sides, sides)
		AddCase(name+"8B/single", on(processors, func(n uint64) Answer {
			return handOver(n, sides, sides, makeSmall, false)
		}), Expected)
		AddCase(name+"64B/single", on(processors, func(n uint64) Answer {
			return handOver(n, sides, sides, makeLarge, false)
		}), Expected)
	}
	for _, tryFirst := range []bool{false, true} {
		tryFirst, way := tryFirst, "async"
		if tryFirst {
			way = "try_first"
		}
		for _, sides := range []uint64{1, 2} {
			sides := sides
			AddCase(fmt.Sprintf("handoff/coroutines/%dx%d/8B/%s", sides, sides, way),
				on(2, func(n uint64) Answer { return handOver(n, sides, sides, makeSmall, tryFirst) }), Expected)
		}
		AddCase("handoff/coroutines/alone/8B/"+way, on(1, func(n uint64) Answer { return alone(n, tryFirst) }), Expected)
	}
	Compete()
}
