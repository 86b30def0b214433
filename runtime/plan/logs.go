package plan

import "gsrv/schema"

// loggerSettings let Python write the logs.
var loggerSettings = []string{"logconfig", "logconfig_dict", "logconfig_json", "logger_class"}

// pythonLogs finds out whether Python's logging writes the logs. What the settings say is for Python: a dictionary or a class
// of a configuration file may be anything.
func (r *reader) pythonLogs(l *Log) {
	if r.server != "gunicorn" {
		return
	}
	for _, name := range loggerSettings {
		if s := r.native[name]; s != nil && s.Layer != schema.LayerDefault && !idle(s) {
			l.Python = true
		}
	}
	if s := r.native["access_log_format"]; l.Python && l.Format == "json" {
		r.refuse(s, "run-log", "Two ways to write JSON", "access_log_format = json is for a log that gsrv writes itself, and here Python's logging does. Take it out, and set a formatter for JSON in the configuration of logging; or take that out.")
	}
}
