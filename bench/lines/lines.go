// Package lines runs the cases of a contender and prints a line of JSON for each.
package lines

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"syscall"
	"time"
)

// Value is the number that item i carries.
func Value(i uint64) uint64 {
	i += 0x9e3779b97f4a7c15
	i = (i ^ (i >> 30)) * 0xbf58476d1ce4e5b9
	i = (i ^ (i >> 27)) * 0x94d049bb133111eb
	return i ^ (i >> 31)
}

// Answer is what came: how many items, and the sum of what they carried.
type Answer struct{ Count, Sum uint64 }

// Add counts one item.
func (a *Answer) Add(value uint64) {
	a.Count++
	a.Sum += value
}

// Merge adds what somebody else received.
func (a *Answer) Merge(other Answer) {
	a.Count += other.Count
	a.Sum += other.Sum
}

// Expected is the right answer for the items 0 to n - 1.
func Expected(n uint64) (all Answer) {
	for i := uint64(0); i < n; i++ {
		all.Add(Value(i))
	}
	return all
}

// Case takes n items through and answers. With Fixed items there is no search for n.
type Case struct {
	Name  string
	Run   func(n uint64) Answer
	Fixed uint64
	// Where it is given, it runs instead, and tells its own counters.
	Tell func() map[string]interface{}
}

func targetSeconds() float64 {
	if asked, err := strconv.ParseFloat(os.Getenv("PENSTOCK_BENCH_MILLISECONDS"), 64); err == nil && asked > 0 {
		return asked / 1000
	}
	return 0.15
}

// ProcessorSeconds is the processor time of all threads so far.
func ProcessorSeconds() float64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	return float64(used.Utime.Nano()+used.Stime.Nano()) / 1e9
}

func (c Case) checked(n uint64) (wall, processor float64) {
	processor, start := ProcessorSeconds(), time.Now()
	got := c.Run(n)
	wall, processor = time.Since(start).Seconds(), ProcessorSeconds()-processor
	if right := Expected(n); got != right {
		fmt.Fprintf(os.Stderr, "%s: wrong answer: %v instead of %v\n", c.Name, got, right)
		os.Exit(1)
	}
	return wall, processor
}

func (c Case) items() uint64 {
	target := targetSeconds()
	for n := uint64(1000); ; {
		took, _ := c.checked(n)
		switch {
		case took >= target/5:
			return uint64(float64(n)*target/took) + 1
		case took < target/50:
			n *= 10
		default:
			n *= 4
		}
	}
}

func (c Case) measure() map[string]interface{} {
	if c.Tell != nil {
		return c.Tell()
	}
	n := c.Fixed
	if n == 0 {
		n = c.items()
	}
	wall, processor := c.checked(n)
	return map[string]interface{}{"items": n, "ns_per_item": wall * 1e9 / float64(n),
		"cpu_ns_per_item": processor * 1e9 / float64(n)}
}

// Main is the whole program of a contender.
func Main(cases []Case) {
	list := flag.Bool("list", false, "print the names of the cases")
	run := flag.String("run", ".", "run the cases that match")
	flag.Parse()
	wanted := regexp.MustCompile(*run)
	for _, c := range cases {
		if *list {
			fmt.Println(c.Name)
			continue
		}
		if !wanted.MatchString(c.Name) {
			continue
		}
		told := c.measure()
		told["case"], told["checked"] = c.Name, true
		line, _ := json.Marshal(told)
		fmt.Println(string(line))
	}
}
