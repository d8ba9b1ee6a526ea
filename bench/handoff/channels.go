// Go's buffered channels between goroutines. A goroutine is Go's thread and its coroutine, so it answers both questions:
// as threads on all processors, as coroutines on two at most, as the others' pools have. An item is received from the
// channel at once or waited for (`async`), or tried with a select that has a default first (`try_first`). Channels have no batches.
package main

import (
	"fmt"
	"runtime"
	"sync"

	"penstock/bench/lines"
)

const capacity = 1024

type small struct{ words [1]uint64 }
type large struct{ words [8]uint64 }

func makeSmall(i uint64) small { return small{[1]uint64{lines.Value(i)}} }
func makeLarge(i uint64) (item large) {
	value := lines.Value(i)
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

func handOver[T item](n, producers, consumers uint64, create func(uint64) T, tryFirst bool) (all lines.Answer) {
	channel := make(chan T, capacity)
	seen := make([]lines.Answer, consumers)
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
		go func(into *lines.Answer) {
			defer consuming.Done()
			var own lines.Answer
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
		all.Merge(own)
	}
	return all
}

func alone(n uint64, tryFirst bool) (own lines.Answer) {
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
	on := func(most int, run func(uint64) lines.Answer) func(uint64) lines.Answer {
		return func(n uint64) lines.Answer {
			runtime.GOMAXPROCS(most)
			return run(n)
		}
	}
	var cases []lines.Case
	for _, sides := range []uint64{1, 2, 4, 8} {
		sides := sides
		name := fmt.Sprintf("handoff/threads/%dx%d/", sides, sides)
		cases = append(cases,
			lines.Case{Name: name + "8B/single", Run: on(processors, func(n uint64) lines.Answer {
				return handOver(n, sides, sides, makeSmall, false)
			})},
			lines.Case{Name: name + "64B/single", Run: on(processors, func(n uint64) lines.Answer {
				return handOver(n, sides, sides, makeLarge, false)
			})})
	}
	for way, tryFirst := range map[string]bool{"async": false, "try_first": true} {
		tryFirst := tryFirst
		for _, sides := range []uint64{1, 2} {
			sides := sides
			cases = append(cases, lines.Case{Name: fmt.Sprintf("handoff/coroutines/%dx%d/8B/%s", sides, sides, way),
				Run: on(2, func(n uint64) lines.Answer { return handOver(n, sides, sides, makeSmall, tryFirst) })})
		}
		cases = append(cases, lines.Case{Name: "handoff/coroutines/alone/8B/" + way,
			Run: on(1, func(n uint64) lines.Answer { return alone(n, tryFirst) })})
	}
	lines.Main(cases)
}
