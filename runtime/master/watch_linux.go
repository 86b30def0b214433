package master

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// quietTime is how long nothing must change before a reload: editors and version control write many files at once.
const quietTime = 150 * time.Millisecond

// A watcher asks for a reload when code changes, for development.
type watcher struct {
	notify *fsnotify.Watcher
	done   chan struct{}
	// what is watched, to tell whether another plan wants something else.
	what string
}

func (w *watcher) close() {
	close(w.done)
	if w.notify != nil {
		w.notify.Close()
	}
}

// startWatch watches the application's directories and the configuration where the plan asks for it.
func (m *master) startWatch() {
	p := m.plan
	touch := p.Reload.Touch && len(p.Reload.Files) > 0
	if !p.Reload.Enabled && !touch {
		m.stopWatch()
		return
	}
	w := &watcher{done: make(chan struct{})}
	roots := append([]string{p.App.Directory}, p.App.PythonPath...)
	files := slices.Clone(p.Reload.Files)
	if !p.Reload.Enabled {
		roots = nil
	} else if p.Config != nil && p.Config.Files != nil {
		for _, name := range p.Config.Files.Names() {
			if !strings.HasPrefix(name, "<") {
				files = append(files, p.Config.Files.Path(name))
			}
		}
	}
	w.what = fmt.Sprint(p.Reload.Poll, roots, files)
	if m.watch != nil && m.watch.what == w.what {
		return
	}
	m.stopWatch()
	changed := func(path string) {
		m.post(func() {
			switch {
			case m.watch != w:
			case m.state == "starting":
				m.changed = path // looked at when the start has come to something
			default:
				m.reloadFor(path)
			}
		})
	}
	m.watch = w
	if !p.Reload.Poll {
		n, err := fsnotify.NewWatcher()
		if err == nil {
			w.notify = n
			for _, root := range roots {
				w.addTree(root)
			}
			for _, f := range files {
				n.Add(filepath.Dir(f))
			}
			go w.follow(files, roots == nil, changed)
			m.log.infof("Watching %s for changes (%d directories)", strings.Join(append(roots, p.Reload.Files...), ", "), len(n.WatchList()))
			return
		}
		m.log.warningf("The kernel does not tell of changes (%v); looking every second", err)
	}
	go w.poll(roots, files, changed)
}

func (m *master) stopWatch() {
	if m.watch != nil {
		m.watch.close()
		m.watch = nil
	}
}

func (m *master) reloadFor(path string) {
	m.log.infof("%s has changed; reloading", path)
	m.reload(nil)
}

// catchUp reloads where code has changed, or HUP has come, while it was being loaded for the first time.
func (m *master) catchUp() {
	if m.again {
		m.again, m.changed = false, ""
		m.reload(nil)
		return
	}
	if path := m.changed; path != "" {
		m.changed = ""
		m.reloadFor(path)
	}
}

// skipped are directories with no code of the application's.
func skipped(name string) bool {
	return strings.HasPrefix(name, ".") && name != "." || name == "__pycache__" || name == "node_modules" || name == "site-packages"
}

func (w *watcher) addTree(root string) {
	filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if !d.IsDir() {
			return nil
		}
		if path != root && skipped(d.Name()) {
			return filepath.SkipDir
		}
		w.notify.Add(path)
		return nil
	})
}

// follow gathers what the kernel tells until it is quiet; with only, the files alone count.
func (w *watcher) follow(files []string, only bool, changed func(string)) {
	var timer <-chan time.Time
	path := ""
	for {
		select {
		case <-w.done:
			return
		case e, ok := <-w.notify.Events:
			if !ok {
				return
			}
			if e.Has(fsnotify.Create) {
				if info, err := os.Stat(e.Name); err == nil && info.IsDir() && !skipped(info.Name()) {
					w.addTree(e.Name)
				}
			}
			// touch changes times alone, which is told as Chmod.
			listed := slices.Contains(files, e.Name)
			if !listed && (e.Op == fsnotify.Chmod || only || !strings.HasSuffix(e.Name, ".py")) {
				continue
			}
			path, timer = e.Name, time.After(quietTime)
		case _, ok := <-w.notify.Errors:
			if !ok {
				return
			}
		case <-timer:
			timer = nil
			changed(path)
		}
	}
}

// poll compares times of change every second.
func (w *watcher) poll(roots, files []string, changed func(string)) {
	before := times(roots, files)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-w.done:
			return
		case <-tick.C:
		}
		now := times(roots, files)
		for path, t := range now {
			if old, ok := before[path]; !ok || !old.Equal(t) {
				changed(path)
				break
			}
		}
		before = now
	}
}

func times(roots, files []string) map[string]time.Time {
	out := map[string]time.Time{}
	look := func(path string) {
		if info, err := os.Stat(path); err == nil {
			out[path] = info.ModTime()
		}
	}
	for _, root := range roots {
		filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
			case d.IsDir() && path != root && skipped(d.Name()):
				return filepath.SkipDir
			case !d.IsDir() && strings.HasSuffix(path, ".py"):
				look(path)
			}
			return nil
		})
	}
	for _, f := range files {
		look(f)
	}
	return out
}
