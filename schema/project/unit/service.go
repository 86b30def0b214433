package unit

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"gsrv/schema"
)

var variableName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`) })

// service reads what the [Service] sections say.
func (r *reader) service() {
	g := getter{r, "Service"}
	s := &Service{}
	r.unit.Service = s
	s.ExecStart = g.commands("ExecStart")
	s.ExecStartPre, s.ExecStartPost = g.commands("ExecStartPre"), g.commands("ExecStartPost")
	s.ExecReload = g.commands("ExecReload")
	s.ExecStop, s.ExecStopPost = g.commands("ExecStop"), g.commands("ExecStopPost")
	s.Type = g.enum("Type", "")
	if s.Type.Value == "" {
		s.Type.Value = "simple"
		switch {
		case g.r.unit.Get("Service", "BusName") != nil:
			s.Type.Value = "dbus"
		case len(s.ExecStart) == 0:
			s.Type.Value = "oneshot"
		}
	}
	s.User, s.Group = g.text("User", ""), g.text("Group", "")
	s.WorkingDirectory = g.last("WorkingDirectory", "", func(a *Assignment, t *Text) bool {
		path := strings.TrimPrefix(t.Value, "-")
		if path == "~" || strings.HasPrefix(path, "/") {
			return true
		}
		if placeholder().MatchString(path + "/") {
			t.Open = true
			return true
		}
		if !strings.HasPrefix(a.Value, "-") {
			r.fail(a.Range, a.line, "WorkingDirectory= path is not absolute: "+path, "invalid-value", "Give the whole path, or ~ for the account's home directory.")
		} else {
			r.warn(a.Range, a.line, "WorkingDirectory= path is not absolute, ignoring: "+path, "invalid-value", "Give the whole path, or ~ for the account's home directory.")
		}
		return false
	})
	s.RootDirectory, s.PIDFile = g.text("RootDirectory", ""), g.text("PIDFile", "")
	s.UMask = g.mode("UMask", "0022")
	g.environment(s)
	s.PassEnvironment = g.words("PassEnvironment")
	s.KillMode, s.KillSignal = g.enum("KillMode", "control-group"), g.signal("KillSignal", "SIGTERM")
	g.timeouts(s)
	s.Restart, s.NotifyAccess = g.enum("Restart", "no"), g.enum("NotifyAccess", "none")
	if !s.NotifyAccess.Set && strings.HasPrefix(s.Type.Value, "notify") {
		s.NotifyAccess.Value = "main"
	}
	s.LimitNOFILE = g.limit("LimitNOFILE")
	s.RuntimeDirectory = g.words("RuntimeDirectory")
	s.RuntimeDirectoryMode = g.mode("RuntimeDirectoryMode", "0755")
	s.Sockets = g.words("Sockets")
	s.PrivateTmp = g.boolean("PrivateTmp", false)
	r.runnable(s)
}

// runnable reports what systemd refuses of a service as a whole.
func (r *reader) runnable(s *Service) {
	section := r.section("Service")
	switch {
	case r.diags.HasErrors():
	case section == nil && len(r.unit.Files) == 1 && len(r.files.Text(r.unit.File)) == 0:
		// an empty file masks the unit
	case section == nil:
		r.whole("Service has no ExecStart=, ExecStop=, or SuccessAction=. Refusing.", "Add a [Service] section with ExecStart=.")
	case len(s.ExecStart)+len(s.ExecStop) == 0 && r.unit.Get("Unit", "SuccessAction") == nil:
		r.whole("Service has no ExecStart=, ExecStop=, or SuccessAction=. Refusing.", "Give ExecStart= and the command with its whole path.")
	case s.Type.Value != "oneshot" && len(s.ExecStart) == 0:
		r.whole("Service has no ExecStart= setting, which is only allowed for Type=oneshot services. Refusing.", "Give ExecStart= and the command with its whole path.")
	case len(s.ExecStart) == 0 && !getter{r, "Service"}.boolean("RemainAfterExit", false).Value && r.unit.Get("Unit", "SuccessAction") == nil:
		r.whole("Service has no ExecStart= and no SuccessAction= settings and does not have RemainAfterExit=yes set. Refusing.", "Give ExecStart= and the command with its whole path.")
	case s.Type.Value != "oneshot" && len(s.ExecStart) > 1:
		r.whole("Service has more than one ExecStart= setting, which is only allowed for Type=oneshot services. Refusing.", "A drop-in that replaces the command has an empty ExecStart= before its own.")
	}
}

func (r *reader) section(name string) *Section {
	for _, s := range r.unit.Sections {
		if s.Name == name {
			return s
		}
	}
	return nil
}

func (r *reader) whole(message, advice string) {
	at := newDocument(r.unit.File, r.files.Text(r.unit.File)).span(0, 0)
	if s := r.section("Service"); s != nil {
		at = s.Range
	}
	if commands := r.unit.All("Service", "ExecStart"); len(commands) > 1 {
		at = commands[len(commands)-1].Range
	}
	d := schema.Errorf("unit-refused", at, "systemd refuses this unit", "%s %s", sentence(message), advice)
	schema.DetailOf(d).ServerMessage = r.unit.Name + ": " + message
	r.diags = append(r.diags, d)
}

func (g getter) timeouts(s *Service) {
	base := Duration{Value: 90 * time.Second}
	s.TimeoutStart, s.TimeoutStop = base, base
	if s.Type.Value == "oneshot" {
		s.TimeoutStart = Duration{Infinite: true}
	}
	both := g.duration("TimeoutSec", "Failed to parse TimeoutSec= parameter, ignoring: ", Duration{}, true)
	if both.Set {
		s.TimeoutStart, s.TimeoutStop = both, both
	}
	s.TimeoutStart = g.duration("TimeoutStartSec", "Failed to parse TimeoutStartSec= parameter, ignoring: ", s.TimeoutStart, true)
	s.TimeoutStop = g.duration("TimeoutStopSec", "Failed to parse time value, ignoring: ", s.TimeoutStop, true)
	s.RestartSec = g.duration("RestartSec", "Failed to parse sec value, ignoring: ", Duration{Value: 100 * time.Millisecond}, false)
}

func (g getter) limit(key string) Int {
	out := Int{}
	g.each(key, func(a *Assignment) {
		t := a.text()
		n, unlimited, crossed, ok := parseLimit(t.Value)
		switch {
		case a.Value == "":
			out = Int{}
		case crossed && !t.Open:
			g.r.warn(a.Range, a.line, "Soft resource limit chosen higher than hard limit, ignoring: "+a.Value, "invalid-value", "It is SOFT:HARD.")
		case t.Open:
			out = Int{Set: true, Open: true, Range: a.Range}
		case ok:
			out = Int{Value: n, Unlimited: unlimited, Set: true, Range: a.Range}
		default:
			g.r.warn(a.Range, a.line, "Failed to parse resource value, ignoring: "+a.Value, "invalid-value", "Give a number, SOFT:HARD or infinity.")
		}
	})
	return out
}

// environment reads Environment= and EnvironmentFile=.
func (g getter) environment(s *Service) {
	g.each("Environment", func(a *Assignment) {
		if a.Value == "" {
			s.Environment = nil
		}
		for i := 0; ; {
			w, next, unknown, ok, bad := nextWord(a.Value, i)
			if bad || unknown {
				g.r.warn(a.Sub(w.start, w.end), a.line, "Invalid syntax, ignoring: "+a.Value, "invalid-value", "Close the quote, and write two backslashes for one that is meant; what stands behind it is not read.")
			}
			if !ok || bad || unknown {
				return
			}
			i = next
			text, open := specifiers(w.text)
			name, value, has := strings.Cut(text, "=")
			if !has || !variableName().MatchString(name) {
				if !open && !templated(text) {
					g.r.warn(a.Sub(w.start, w.end), a.line, "Invalid environment assignment, ignoring: "+text, "invalid-value", "Write NAME=value, and quotes around the whole of it where the value holds spaces: \"NAME=a b\".")
				}
				continue
			}
			t := Text{Value: value, Set: true, Open: open || templated(value), Range: a.Sub(w.start, w.end)}
			s.set(name, t)
		}
	})
	g.each("EnvironmentFile", func(a *Assignment) {
		if a.Value == "" {
			s.EnvironmentFiles = nil
			return
		}
		t := a.text()
		path := strings.TrimPrefix(t.Value, "-")
		if !strings.HasPrefix(path, "/") && !t.Open {
			g.r.warn(a.Range, a.line, fmt.Sprintf("EnvironmentFile= path is not absolute, ignoring: %s", path), "invalid-value", "Give the whole path.")
			return
		}
		file := EnvironmentFile{Path: t, Optional: path != t.Value}
		file.Path.Value = path
		s.EnvironmentFiles = append(s.EnvironmentFiles, file)
	})
}

// maxVariables bounds the variables of a service.
const maxVariables = 20_000

func (s *Service) set(name string, value Text) {
	if len(s.Environment) == 0 || s.index == nil {
		s.index = map[string]int{}
	}
	if i, ok := s.index[name]; ok {
		s.Environment[i].Value = value
		return
	}
	if len(s.Environment) < maxVariables {
		s.index[name] = len(s.Environment)
		s.Environment = append(s.Environment, Variable{name, value})
	}
}
