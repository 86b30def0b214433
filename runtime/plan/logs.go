package plan

import (
	"path/filepath"

	"gsrv/schema"
)

// loggerSettings let Python write the logs: by server, the settings' own names and gunicorn's for them.
var loggerSettings = map[string][][2]string{
	"gunicorn": {{"logconfig", ""}, {"logconfig_dict", ""}, {"logconfig_json", ""}, {"logger_class", ""}},
	"gsrv":     {{"log.config_file", "logconfig"}, {"log.config", "logconfig_dict"}, {"log.class", "logger_class"}},
}

// pythonLogs finds out whether Python's logging writes the logs. What the settings say is for Python: a dictionary or a class
// of a configuration file may be anything.
func (r *reader) pythonLogs(l *Log) {
	for _, names := range loggerSettings[r.server] {
		if s := r.native[names[0]]; s != nil && s.Layer != schema.LayerDefault && !idle(s) {
			l.Python = true
		}
	}
	if l.Python && l.Format == "json" {
		r.refuse(r.model["log.access.format"], "run-log", "Two ways to write JSON", "The access log's format json is for a log that gsrv writes itself, and here Python's logging does. Take it out, and set a formatter for JSON in the configuration of logging; or take that out.")
	}
}

// loggers gives the settings that set Python's logging up, under gunicorn's names, for a configuration of another server.
func (r *reader) loggers(p *Plan, out map[string]any) {
	if !p.Log.Python {
		return
	}
	for _, names := range loggerSettings[r.server] {
		s := r.own(names[0])
		if s == nil {
			continue
		}
		v, _ := plain(s.OnHost)
		name := names[1]
		if name == "logconfig" {
			v = p.path(textOf(s, ""))
			switch filepath.Ext(textOf(s, "")) {
			case ".json":
				name = "logconfig_json"
			case ".yaml", ".yml":
				r.refuse(s, "run-log", "Not a file that Python's logging reads", "Python's logging reads its configuration from ini and JSON files. Write this one as JSON, or put it into log { config = … }.")
			}
		}
		out[name] = v
	}
	out["capture_output"] = p.Log.CaptureOutput
	if y := p.Log.Syslog; y != nil {
		out["syslog"], out["syslog_addr"], out["syslog_prefix"], out["syslog_facility"] = true, y.Address, y.Prefix, y.Facility
	}
}
