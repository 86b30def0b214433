package schema

import (
	"maps"
	"os"
	"os/user"
	"runtime"
	"strconv"

	"github.com/zclconf/go-cty/cty"
)

// EnvState says what is known of an environment variable.
type EnvState uint8

// What can be known of an environment variable.
const (
	EnvUnknown EnvState = iota // it may or may not be set when the server starts
	EnvUnset                   // it is known not to be set
	EnvSet                     // its value is known
)

// A Host answers what only the machine that starts the server knows. Reading a configuration never changes it.
type Host interface {
	// Env gives an environment variable.
	Env(name string) (string, EnvState)
	// EnvNames lists the variables known to be set, sorted; complete is false where others may be set.
	EnvNames() (names []string, complete bool)
	// Fact gives a host fact as a string or number value, or false where it is not known.
	Fact(Fact) (cty.Value, bool)
	// LookupUser and LookupGroup give the numeric id of a named account; known is false where this host's
	// account database says nothing of the target's.
	LookupUser(name string) (id int, exists, known bool)
	LookupGroup(name string) (id int, exists, known bool)
}

// HostInputs is the Host that commands use: the machine's own answers, overlaid by what the user gave.
type HostInputs struct {
	// Vars overlays the environment; a nil pointer says the variable is not set.
	Vars map[string]*string
	// CPUs is the number of CPUs; 0 leaves it to the machine, or unknown without it.
	CPUs int
	// Dir is the directory the server is started in, absolute.
	Dir string
	// Machine says whether this machine's environment, CPUs, accounts and host name count.
	Machine bool
	// NoEnv says that the server starts with no variables but Vars (env -i).
	NoEnv bool
	// Environ replaces this process's environment (os.Environ) as the machine's; for tests.
	Environ map[string]string

	environ map[string]string
}

func (h *HostInputs) machineEnv() map[string]string {
	if h.Environ != nil {
		return h.Environ
	}
	if h.environ == nil {
		h.environ = map[string]string{}
		for _, kv := range os.Environ() {
			for i := 1; i < len(kv); i++ {
				if kv[i] == '=' {
					h.environ[kv[:i]] = kv[i+1:]
					break
				}
			}
		}
	}
	return h.environ
}

// Env implements Host.
func (h *HostInputs) Env(name string) (string, EnvState) {
	if v, ok := h.Vars[name]; ok {
		if v == nil {
			return "", EnvUnset
		}
		return *v, EnvSet
	}
	if h.NoEnv {
		return "", EnvUnset
	}
	if !h.Machine {
		return "", EnvUnknown
	}
	if v, ok := h.machineEnv()[name]; ok {
		return v, EnvSet
	}
	return "", EnvUnset
}

// EnvNames implements Host.
func (h *HostInputs) EnvNames() ([]string, bool) {
	set := map[string]bool{}
	if h.Machine && !h.NoEnv {
		for k := range h.machineEnv() {
			set[k] = true
		}
	}
	for k, v := range h.Vars {
		if v == nil {
			delete(set, k)
		} else {
			set[k] = true
		}
	}
	return sortedKeys(set), h.Machine || h.NoEnv
}

// Environment gives the environment for a process started on this host, NAME=VALUE each. Without the machine's
// own it holds what the user gave and PATH.
func (h *HostInputs) Environment() []string {
	vars := map[string]string{"PATH": os.Getenv("PATH")}
	if h.Machine && !h.NoEnv {
		vars = maps.Clone(h.machineEnv())
	}
	for name, value := range h.Vars {
		if value == nil {
			delete(vars, name)
		} else {
			vars[name] = *value
		}
	}
	var out []string
	for _, name := range sortedKeys(vars) {
		out = append(out, name+"="+vars[name])
	}
	return out
}

// Fact implements Host.
func (h *HostInputs) Fact(f Fact) (cty.Value, bool) {
	unknown := cty.DynamicVal
	switch f {
	case CPUCount:
		if h.CPUs > 0 {
			return cty.NumberIntVal(int64(h.CPUs)), true
		}
		if h.Machine {
			return cty.NumberIntVal(int64(runtime.NumCPU())), true
		}
		return unknown, false
	case CurrentDir:
		if h.Dir != "" {
			return cty.StringVal(h.Dir), true
		}
		return unknown, false
	case Platform:
		return cty.StringVal("linux"), true
	}
	if !h.Machine {
		return unknown, false
	}
	switch f {
	case Hostname:
		if name, err := os.Hostname(); err == nil {
			return cty.StringVal(name), true
		}
	case UserID:
		return cty.NumberIntVal(int64(os.Geteuid())), true
	case GroupID:
		return cty.NumberIntVal(int64(os.Getegid())), true
	case UserName:
		if u, err := user.LookupId(strconv.Itoa(os.Geteuid())); err == nil {
			return cty.StringVal(u.Username), true
		}
	case GroupName:
		if g, err := user.LookupGroupId(strconv.Itoa(os.Getegid())); err == nil {
			return cty.StringVal(g.Name), true
		}
	case HomeDir:
		if v, state := h.Env("HOME"); state == EnvSet {
			return cty.StringVal(v), true
		}
	case TempDir:
		for _, name := range []string{"TMPDIR", "TEMP", "TMP"} {
			if v, state := h.Env(name); state == EnvSet && v != "" {
				return cty.StringVal(v), true
			}
		}
		return cty.StringVal("/tmp"), true
	}
	return unknown, false
}

// LookupUser implements Host with the machine's account database.
func (h *HostInputs) LookupUser(name string) (id int, exists, known bool) {
	if !h.Machine {
		return 0, false, false
	}
	u, err := user.Lookup(name)
	if err != nil {
		return 0, false, true
	}
	id, err = strconv.Atoi(u.Uid)
	return id, err == nil, true
}

// LookupGroup implements Host with the machine's account database.
func (h *HostInputs) LookupGroup(name string) (id int, exists, known bool) {
	if !h.Machine {
		return 0, false, false
	}
	g, err := user.LookupGroup(name)
	if err != nil {
		return 0, false, true
	}
	id, err = strconv.Atoi(g.Gid)
	return id, err == nil, true
}

// NoHost is the Host that knows nothing: every input stays an expression.
var NoHost Host = &HostInputs{}
