// Package control lets people and programs look at a running server and steer it: a control socket that speaks JSON lines
// (gsrv ctl), and a listener of its own for health checks and metrics.
package control

import "time"

// A Server is what is looked at and steered. Its methods are safe for many goroutines.
type Server interface {
	Status() Status
	// Reload reads the configuration again and waits until the new workers serve, or gives the reason why the old ones
	// still do.
	Reload() error
	// Scale sets the number of workers; 0 gives it back to the configuration.
	Scale(n int) error
	// Stop ends the server, after what is being answered, or at once.
	Stop(graceful bool)
	// Configuration is the effective configuration as lines of text.
	Configuration() []string
}

// Status is a moment of the server.
type Status struct {
	Version string `json:"version,omitempty"`
	PID     int    `json:"pid"`
	// State is starting, serving, reloading, stopping.
	State   string    `json:"state"`
	Summary string    `json:"summary"`
	Started time.Time `json:"started"`
	// Reloads counts generations that took over; Failure is why the last one did not.
	Reloads int      `json:"reloads"`
	Failure string   `json:"failure,omitempty"`
	Listen  []string `json:"listen"`
	// Configured is the number of workers that the configuration asks for, Wanted what TTIN, TTOU or ctl made of it.
	Configured int `json:"configured"`
	Wanted     int `json:"wanted"`
	// Generation counts from 1.
	Generation int      `json:"generation"`
	Workers    []Worker `json:"workers"`
	// Draining are workers of earlier generations that finish their requests.
	Draining []Worker `json:"draining,omitempty"`
	// Waiting is how many requests no worker has taken yet.
	Waiting int `json:"waiting"`
	// Waits are the times that requests have waited for a worker.
	Waits Histogram `json:"waits"`
	// Events counts what happened to workers since the start: ready, exit, boot-failed, timeout, recycle.
	Events  map[string]int64 `json:"events,omitempty"`
	Traffic Traffic          `json:"traffic"`
}

// A Worker is one process.
type Worker struct {
	// Number is its place among the workers, from 1.
	Number int    `json:"number"`
	PID    int    `json:"pid"`
	State  string `json:"state"`
	// Requests it has answered; Busy is how many it runs now, Since when the oldest of them began.
	Requests int64      `json:"requests"`
	Busy     int        `json:"busy"`
	Since    *time.Time `json:"since,omitempty"`
	// RSS is its memory in bytes.
	RSS int64 `json:"rss"`
	// Age is how long it has run, in seconds.
	Age float64 `json:"age"`
}

// Traffic counts what the front has seen. All but Connections and Active only grow.
type Traffic struct {
	Connections int64 `json:"connections"`
	Accepted    int64 `json:"accepted"`
	Requests    int64 `json:"requests"`
	Active      int64 `json:"active"`
	// Aborted are requests whose client went away, Refused what could not be read as a request.
	Aborted int64 `json:"aborted"`
	Refused int64 `json:"refused"`
	// BytesIn are bodies, BytesOut all that was written; Spooled are bodies and answers that went to files.
	BytesIn  int64 `json:"bytes_in"`
	BytesOut int64 `json:"bytes_out"`
	Spooled  int64 `json:"spooled"`
	// Statuses counts answers by status, Timeouts by what took too long.
	Statuses map[int]int64    `json:"statuses,omitempty"`
	Timeouts map[string]int64 `json:"timeouts,omitempty"`
	// Durations are those of requests.
	Durations Histogram `json:"durations"`
}

// A Histogram counts times. Counts has one more number than Bounds (seconds): those above the last one.
type Histogram struct {
	Bounds []float64 `json:"bounds,omitempty"`
	Counts []int64   `json:"counts,omitempty"`
	Sum    float64   `json:"sum"`
}

// Ready tells whether requests would be answered.
func (s *Status) Ready() bool {
	if s.State != "serving" && s.State != "reloading" {
		return false
	}
	for _, w := range s.Workers {
		if w.State != "booting" {
			return true
		}
	}
	return false
}

// Busy counts the workers that run a request.
func (s *Status) Busy() int {
	n := 0
	for _, w := range s.Workers {
		if w.Busy > 0 {
			n++
		}
	}
	return n
}

// BusyRequests counts the requests that workers run.
func (s *Status) BusyRequests() int {
	n := 0
	for _, w := range s.Workers {
		n += w.Busy
	}
	return n
}
