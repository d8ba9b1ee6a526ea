// Package measured is what the Go programs of the benchmarks share: the checked question, and measuring a case. See
// bench/common/*.hpp.
package measured

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"syscall"
	"time"
)

// Answer is how many items came out, and the sum of what they carried.
type Answer struct{ Count, Sum uint64 }

// Add counts one item.
func (a *Answer) Add(v uint64) { a.Count++; a.Sum += v }

// Value is item number i, mixed.
func Value(i uint64) uint64 {
	i += 0x9e3779b97f4a7c15
	i = (i ^ (i >> 30)) * 0xbf58476d1ce4e5b9
	i = (i ^ (i >> 27)) * 0x94d049bb133111eb
	return i ^ (i >> 31)
}

// Expected is the right answer for the items 0 to n - 1, unchanged.
func Expected(n uint64) (all Answer) {
	for i := uint64(0); i < n; i++ {
		all.Add(Value(i))
	}
	return all
}

// Counters of a repetition, by name.
type Counters map[string]float64

type namedCase struct {
	name string
	run  func() Counters
}

var cases []namedCase

// ProcessorSeconds of all threads so far.
func ProcessorSeconds() float64 {
	var used syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return float64(used.Utime.Sec+used.Stime.Sec) + float64(used.Utime.Usec+used.Stime.Usec)*1e-6
}

func targetSeconds() float64 {
	asked, _ := strconv.ParseFloat(os.Getenv("PENSTOCK_BENCH_MILLISECONDS"), 64)
	if asked > 0 {
		return asked / 1000
	}
	return 0.15
}

// Check ends the program when an answer is wrong.
func Check(name string, got, right Answer) {
	if got != right {
		fmt.Fprintf(os.Stderr, "%s: wrong answer: %v instead of %v\n", name, got, right)
		os.Exit(1)
	}
}

func itemsFor(target float64, n uint64, took float64) uint64 {
	return uint64(float64(n)*target/took) + 1
}

// AddCase registers a case: run(n) answers for n items, right(n) says what the answer must be. How many items a repetition
// takes is tried out first, and it is made up to the target by further runs, as in measured.hpp.
func AddCase(name string, run, right func(uint64) Answer) {
	AddRaw(name, func() Counters {
		n, target := uint64(1000), targetSeconds()
		for {
			begin := time.Now()
			got := run(n)
			took := time.Since(begin).Seconds() + 1e-9
			Check(name, got, right(n))
			if took >= target/5 {
				n = itemsFor(target, n, took)
				break
			}
			if took < target/50 {
				n *= 10
			} else {
				n *= 4
			}
		}
		var items, wall, processor float64
		for wall < target*3/4 {
			if items > 0 {
				n = itemsFor(target-wall, uint64(items), wall+1e-9)
			}
			begin, before := time.Now(), ProcessorSeconds()
			got := run(n)
			processor += ProcessorSeconds() - before
			wall += time.Since(begin).Seconds()
			items += float64(n)
			Check(name, got, right(n))
		}
		return Counters{"items": items, "ns_per_item": wall * 1e9 / items, "cpu_ns_per_item": processor * 1e9 / items}
	})
}

// AddRaw registers a case that measures itself.
func AddRaw(name string, run func() Counters) {
	cases = append(cases, namedCase{name, run})
}

// Compete obeys the command line: --list, or --run REGEX.
func Compete() {
	if len(os.Args) == 2 && os.Args[1] == "--list" {
		for _, c := range cases {
			fmt.Println(c.name)
		}
		return
	}
	if len(os.Args) != 3 || os.Args[1] != "--run" {
		fmt.Fprintln(os.Stderr, "usage: --list, or --run REGEX")
		os.Exit(2)
	}
	wanted := regexp.MustCompile(os.Args[2])
	for _, c := range cases {
		if !wanted.MatchString(c.name) {
			continue
		}
		line := map[string]any{"case": c.name, "checked": true}
		for name, value := range c.run() {
			line[name] = value
		}
		text, _ := json.Marshal(line)
		fmt.Println(string(text))
	}
}
