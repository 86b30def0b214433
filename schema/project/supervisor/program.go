package supervisor

import (
	"fmt"
	"strconv"
	"strings"

	"gsrv/schema/ini"
)

// program reads one section; group is the name of the group it belongs to.
func (r *reader) program(s *section, group string, host any) {
	kind, name, _ := strings.Cut(s.name, ":")
	p := &Program{Kind: kind, Name: ini.Strip(name), Group: group, Range: s.at, Keys: map[string]Text{}}
	r.cfg.Programs = append(r.cfg.Programs, p)
	had := len(r.diags)
	r.name(name, s)
	if len(r.diags) > had {
		return
	}
	for k, v := range s.keys {
		p.Keys[k] = Text{Value: v.Value, Set: true, Range: v.Range}
	}
	base := r.names.with(map[string]any{"here": r.here, "program_name": p.Name, "host_node_name": host, "group_name": group})
	g := &getter{r: r, s: s, names: base, suffix: fmt.Sprintf(" in section %s (file: %s)", ini.PythonRepr(s.name), ini.PythonRepr(s.file))}
	if kind == "eventlistener" {
		r.listener(g)
	}
	if kind == "fcgi-program" {
		p.Socket = g.text("socket", "")
		if p.Socket.Value == "" {
			r.refuse(s.at, "missing-value", fmt.Sprintf("[%s] section requires a \"socket\" line", s.name), "Give socket = unix:///path or tcp://host:port.")
		}
	}
	g.settings(p)
	g.processes(p, base)
}

// listener checks what an event listener may not have.
func (r *reader) listener(g *getter) {
	had := len(r.diags)
	events := g.text("events", "")
	if !events.Open && events.Value == "" {
		r.refuse(g.s.at, "missing-value", fmt.Sprintf("[%s] section requires an \"events\" line", g.s.name), "Name the events, such as PROCESS_STATE.")
	}
	if len(r.diags) == had && g.boolean("redirect_stderr", false).Value {
		r.refuse(g.s.keys["redirect_stderr"].Range, "invalid-value", fmt.Sprintf("[%s] section sets redirect_stderr=true but this is not allowed because it will interfere with the eventlistener protocol", g.s.name), "Leave it out.")
	}
}

// settings reads the keys that are the same for all processes, in supervisord's order.
func (g *getter) settings(p *Program) {
	p.Priority = g.number("priority", 999)
	if p.Kind == "eventlistener" && !p.Priority.Set {
		p.Priority.Value = -1
	}
	p.AutoStart = g.boolean("autostart", true)
	p.AutoRestart = g.restart()
	p.StartSecs = g.number("startsecs", 1)
	p.StartRetries = g.number("startretries", 3)
	p.StopSignal = g.signal("stopsignal")
	p.StopWaitSecs = g.number("stopwaitsecs", 10)
	p.StopAsGroup = g.boolean("stopasgroup", false)
	p.KillAsGroup = g.boolean("killasgroup", p.StopAsGroup.Value)
	p.ExitCodes = g.text("exitcodes", "0")
	g.exitCodes(p.ExitCodes)
	p.RedirectStderr = g.boolean("redirect_stderr", false)
	p.NumProcs = g.number("numprocs", 1)
	p.NumStart = g.number("numprocs_start", 0)
	g.size("stdout_capture_maxbytes")
	g.boolean("stdout_events_enabled", false)
	g.size("stderr_capture_maxbytes")
	g.boolean("stderr_events_enabled", false)
	p.User = g.text("user", "")
	p.Umask = g.octal("umask", "")
	p.SocketOwner, p.SocketMode = g.text("socket_owner", ""), g.text("socket_mode", "")
	p.ProcessName = Text{Value: "%(program_name)s"}
	if k := g.s.keys["process_name"]; k != nil {
		p.ProcessName = Text{Value: ini.Strip(k.value.text), Set: true, Range: k.Range}
		for _, c := range " :/" {
			if strings.ContainsRune(p.ProcessName.Value, c) {
				g.refuse(k, "invalid-name", fmt.Sprintf("Invalid name: %s because of character: '%c'", ini.PythonRepr(p.ProcessName.Value), c), "Names hold no spaces, colons or slashes.")
				break
			}
		}
	}
	if p.NumProcs.Value > 1 && !strings.Contains(p.ProcessName.Value, "%(process_num)") {
		g.refuse(g.s.keys["numprocs"], "invalid-value", "%(process_num) must be present within process_name when numprocs > 1", "Add process_name = %(program_name)s_%(process_num)02d.")
	}
	if p.StopAsGroup.Value && !p.KillAsGroup.Value {
		g.refuse(g.s.keys["killasgroup"], "invalid-value", "Cannot set stopasgroup=true and killasgroup=false", "Leave killasgroup out.")
	}
}

func (g *getter) exitCodes(t Text) {
	if t.Open || !t.Set || t.Value == "" {
		return
	}
	for _, code := range strings.Split(t.Value, ",") {
		n, err := strconv.Atoi(strings.TrimPrefix(ini.Strip(code), "+"))
		if err != nil || n < 0 || n > 255 {
			g.refuse(g.s.keys["exitcodes"], "invalid-value", "not a valid list of exit codes: "+ini.PythonRepr(t.Value), "Give numbers from 0 to 255 with commas between them.")
			return
		}
	}
}

// processes lists what the section starts.
func (g *getter) processes(p *Program, base names) {
	count := min(p.NumProcs.Value, maxProcesses)
	size := 200 + 50*len(g.r.cfg.Daemon.Environment)
	for _, k := range g.s.keys {
		size += len(k.Value)
	}
	for i := range max(count, 0) {
		if g.r.listed += size; i > 0 && g.r.listed > maxListed {
			break
		}
		num := p.NumStart.Value + i
		g.quiet = i > 0
		g.names = base.with(map[string]any{"process_num": num, "numprocs": p.NumProcs.Value})
		one := Process{Num: num}
		own := g.environment("environment")
		for _, v := range own {
			if v.Value.Open {
				g.names.values["ENV_"+v.Name] = open{}
			} else {
				g.names.values["ENV_"+v.Name] = v.Value.Value
			}
		}
		one.Environment = merge(g.r.cfg.Daemon.Environment, own)
		one.Directory = g.text("directory", "")
		one.StdoutLogfile = g.logfile("stdout_logfile")
		one.StderrLogfile = g.logfile("stderr_logfile")
		if p.RedirectStderr.Value {
			one.StderrLogfile.Value = "none"
		}
		for _, k := range []string{"stdout_logfile_backups", "stderr_logfile_backups"} {
			g.number(k, 10)
		}
		for _, k := range []string{"stdout_logfile_maxbytes", "stderr_logfile_maxbytes"} {
			g.size(k)
		}
		command, ok := g.command()
		if !ok && i == 0 {
			g.refuse(nil, "missing-value", fmt.Sprintf("program section %s does not specify a command", g.s.name), "Give command = and the program with its arguments.")
		}
		one.Command = command
		if v, bad := expand(plainMapped(p.ProcessName.Value), g.names, "process_name"); bad != nil {
			g.refuse(g.s.keys["process_name"], "bad-expansion", bad.message, "")
		} else {
			one.Name = Text{Value: v.text, Set: p.ProcessName.Set, Open: v.open, Range: p.ProcessName.Range}
		}
		if i == 0 {
			p.Command = command
		}
		p.Processes = append(p.Processes, one)
	}
	if count <= 0 { // numprocs = 0 starts nothing
		g.quiet = true
		p.Command, _ = g.command()
	}
}

// merge lays the variables of a section over those of [supervisord].
func merge(outer, inner []Variable) []Variable {
	out := append([]Variable(nil), outer...)
next:
	for _, v := range inner {
		for i := range out {
			if out[i].Name == v.Name {
				out[i] = v
				continue next
			}
		}
		out = append(out, v)
	}
	return out
}
