package master

import (
	"sync"
	"time"

	"gsrv/runtime/control"
)

// uwsgiStats is what uWSGI's stats server tells, under its names.
type uwsgiStats struct {
	Version     string        `json:"version"`
	ListenQueue int           `json:"listen_queue"`
	QueueErrors int           `json:"listen_queue_errors"`
	SignalQueue int           `json:"signal_queue"`
	Load        int           `json:"load"`
	PID         int           `json:"pid"`
	UID         int           `json:"uid"`
	GID         int           `json:"gid"`
	CWD         string        `json:"cwd"`
	Locks       []struct{}    `json:"locks"`
	Sockets     []statsSocket `json:"sockets"`
	Workers     []statsWorker `json:"workers"`
}

type statsSocket struct {
	Name       string `json:"name"`
	Proto      string `json:"proto"`
	Queue      int    `json:"queue"`
	MaxQueue   int    `json:"max_queue"`
	Shared     int    `json:"shared"`
	CanOffload int    `json:"can_offload"`
}

type statsWorker struct {
	ID            int         `json:"id"`
	PID           int         `json:"pid"`
	Accepting     int         `json:"accepting"`
	Requests      int64       `json:"requests"`
	DeltaRequests int64       `json:"delta_requests"`
	Exceptions    int64       `json:"exceptions"`
	HarakiriCount int64       `json:"harakiri_count"`
	Signals       int         `json:"signals"`
	SignalQueue   int         `json:"signal_queue"`
	Status        string      `json:"status"`
	RSS           int64       `json:"rss"`
	VSZ           int64       `json:"vsz"`
	RunningTime   int64       `json:"running_time"`
	LastSpawn     int64       `json:"last_spawn"`
	RespawnCount  int         `json:"respawn_count"`
	TX            int64       `json:"tx"`
	AvgRT         int64       `json:"avg_rt"`
	Apps          []statsApp  `json:"apps"`
	Cores         []statsCore `json:"cores,omitempty"`
}

type statsApp struct {
	ID          int    `json:"id"`
	Modifier1   int    `json:"modifier1"`
	Mountpoint  string `json:"mountpoint"`
	StartupTime int    `json:"startup_time"`
	Requests    int64  `json:"requests"`
	Exceptions  int64  `json:"exceptions"`
	Chdir       string `json:"chdir"`
}

type statsCore struct {
	ID        int        `json:"id"`
	Requests  int64      `json:"requests"`
	Static    int64      `json:"static_requests"`
	Routed    int64      `json:"routed_requests"`
	Offloaded int64      `json:"offloaded_requests"`
	Write     int64      `json:"write_errors"`
	Read      int64      `json:"read_errors"`
	InRequest int        `json:"in_request"`
	Vars      []struct{} `json:"vars"`
	ReqInfo   struct{}   `json:"req_info"`
}

// A tally adds up a process's requests.
type tally struct {
	requests, failed, late, bytes int64
	running                       time.Duration
	average                       time.Duration
}

func (t *tally) add(o *tally) {
	t.requests += o.requests
	t.failed += o.failed
	t.late += o.late
	t.bytes += o.bytes
	t.running += o.running
}

// tallies are of all processes, and of the places that they have had among the workers.
type tallies struct {
	mu     sync.Mutex
	byPID  map[int]*tally
	places map[int]*statsPlace
}

// A statsPlace is one of the workers by its number: its process, those before it, and how many there were.
type statsPlace struct {
	pid, spawned int
	before       tally
}

// request counts one.
func (t *tallies) request(worker, status int, took time.Duration, bytes int64) {
	if worker == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byPID == nil {
		t.byPID = map[int]*tally{}
	}
	p := t.byPID[worker]
	if p == nil {
		p = &tally{}
		t.byPID[worker] = p
	}
	p.requests++
	p.bytes += bytes
	p.running += took
	p.average = (p.average + took) / 2 // as uWSGI has it
	switch status {
	case 500, 502:
		p.failed++
	case 504:
		p.late++
	}
}

// look sees which processes there are, and adds those that have gone to their places.
func (t *tallies) look(workers []control.Worker) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.places == nil {
		t.places = map[int]*statsPlace{}
	}
	for _, w := range workers {
		p := t.places[w.Number]
		if p == nil {
			p = &statsPlace{}
			t.places[w.Number] = p
		}
		if p.pid == w.PID {
			continue
		}
		if old := t.byPID[p.pid]; old != nil {
			p.before.add(old)
			delete(t.byPID, p.pid)
		}
		p.pid = w.PID
		p.spawned++
	}
}

// of gives a worker's tally in all, and its present process's.
func (t *tallies) of(number, pid int) (all, now tally, spawned int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p := t.byPID[pid]; p != nil {
		now = *p
	}
	if p := t.places[number]; p != nil {
		all, spawned = p.before, p.spawned
	}
	all.add(&now)
	all.average = now.average
	return all, now, spawned
}
