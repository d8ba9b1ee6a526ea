// As many goroutines as requests are under way, on one transport that keeps as many connections.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

func main() {
	url := os.Args[1]
	requests, _ := strconv.ParseInt(os.Args[2], 10, 64)
	concurrency, _ := strconv.Atoi(os.Args[3])
	client := &http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{MaxIdleConns: concurrency, MaxIdleConnsPerHost: concurrency, DisableCompression: true},
	}
	var next, well, bytes atomic.Int64
	var all sync.WaitGroup
	for i := 0; i < concurrency; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for next.Add(1) <= requests {
				answer, err := client.Get(url)
				if err != nil {
					continue
				}
				body, err := io.ReadAll(answer.Body)
				answer.Body.Close()
				if err == nil && answer.StatusCode == 200 {
					well.Add(1)
				}
				bytes.Add(int64(len(body)))
			}
		}()
	}
	all.Wait()
	fmt.Println(well.Load(), bytes.Load())
}
