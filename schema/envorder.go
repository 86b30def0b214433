package schema

import (
	"maps"
	"os"
	"slices"
	"strings"
)

// EnvOrder lists the variables known to be set in the order of the process's environment, for servers to which that
// order matters (uWSGI takes UWSGI_* variables as options, one after the other). Variables that only the user gave
// come last, by name.
func (h *HostInputs) EnvOrder() []string {
	var names []string
	seen := map[string]bool{}
	add := func(name string) {
		if _, state := h.Env(name); state == EnvSet && !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	switch {
	case !h.Machine || h.NoEnv:
	case h.Environ != nil:
		for _, name := range slices.Sorted(maps.Keys(h.Environ)) {
			add(name)
		}
	default:
		for _, kv := range os.Environ() {
			if name, _, ok := strings.Cut(kv, "="); ok && name != "" {
				add(name)
			}
		}
	}
	for _, name := range sortedKeys(h.Vars) {
		add(name)
	}
	return names
}
