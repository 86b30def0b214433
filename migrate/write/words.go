package write

import (
	"strings"

	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

// pinnedWords say, by target and setting, what a pinned default keeps from changing; SOURCE stands for the source's name.
// Settings without an entry get both defaults named.
var pinnedWords = map[string]map[string]string{
	"uwsgi": {
		"app.required":                 "SOURCE ends when the application cannot be loaded; without this uWSGI serves errors.",
		"listen.backlog":               "SOURCE's default; uWSGI's is 100. uWSGI does not start where net.core.somaxconn is lower (4096 since Linux 5.4, 128 before).",
		"workers.master":               "SOURCE always runs a master process, uWSGI when told to.",
		"workers.python_threads":       "Without this, threads that the application starts do not run before uWSGI 2.0.27.",
		"workers.single_interpreter":   "SOURCE runs the application in Python's main interpreter; uWSGI makes another, in which some C extensions fail.",
		"workers.graceful_timeout":     "SOURCE's default time for requests to finish when workers are stopped; uWSGI's is 60.",
		"workers.preload":              "SOURCE loads the application in each worker unless told otherwise, uWSGI in its master.",
		"http.limits.request_head":     "uWSGI refuses requests whose head is above this, 4096 bytes by default, which SOURCE takes. 65535 is the most there is.",
		"log.access.to":                "SOURCE logs no requests unless told to; uWSGI does.",
		"listen.mode":                  "SOURCE lets everybody use its unix sockets unless told otherwise; uWSGI's have what the umask leaves.",
		"process.supplementary_groups": "SOURCE leaves the account's other groups alone; uWSGI takes them over.",
		"process.stop_on_term":         "On SIGTERM SOURCE stops and lets its workers finish their requests. uWSGI's master reloads; with die-on-term alone it cuts requests off.",
	},
	"gunicorn": {
		"listen.mode":              "SOURCE gives its unix sockets these permissions unless told otherwise; gunicorn lets everybody use its own.",
		"workers.timeout":          "SOURCE has no limit unless it is told one; gunicorn's is 30 seconds.",
		"workers.graceful_timeout": "SOURCE's default time for requests to finish when workers are stopped; gunicorn's is 30.",
		"workers.preload":          "SOURCE loads the application before it forks its workers.",
		"log.access.to":            "SOURCE logs requests unless told not to; gunicorn only when told.",
	},
}

// pinned is the note above a default that is written out.
func (c *core) pinned(s *schema.Setting) string {
	if words := pinnedWords[c.target][s.Name]; words != "" {
		return strings.ReplaceAll(words, "SOURCE", title(c.source))
	}
	d := c.defaults[s.Name]
	if d != nil {
		if variable := variableOf(d.Value); variable != "" {
			return title(c.source) + "'s default; " + title(c.target) + " takes its own from the variable " + variable + "."
		}
	}
	theirs := "nothing"
	if d != nil {
		theirs = schema.ExprText(d.Value)
		if v, ok := constant(d.Value); ok && v.IsNull() {
			theirs = "none"
		}
	}
	return title(c.source) + "'s default; " + title(c.target) + "'s own is " + shortened(theirs) + "."
}

// moot tells, with the reason, that a setting which the target lacks says nothing that it would not do anyway.
func (c *core) moot(s *schema.Setting) (Class, string) {
	v, ok := constant(s.Value)
	if !ok || v.IsNull() {
		return "", ""
	}
	on := v.Type() == cty.Bool && v.True()
	switch c.target + " " + s.Name {
	case "uwsgi workers.temporary_directory":
		return DroppedNoEffect, "uWSGI's workers keep no heartbeat files"
	case "uwsgi http.send_file", "uwsgi tls.suppress_ragged_eofs", "uwsgi log.capture_output":
		if on {
			return ExactByDefault, "uWSGI always does so"
		}
	case "uwsgi log.level":
		if v.Type() == cty.String && v.AsString() == "info" {
			return DroppedNoEffect, "uWSGI's own messages have no levels, and the application's loggers have theirs"
		}
	case "gunicorn http.limits.request_head":
		if v.Type() == cty.Number && v.AsBigFloat().Sign() == 0 {
			return ExactByDefault, "gunicorn has no such limit"
		}
	}
	return "", ""
}

// perRequest are the sources whose timeout of a sync worker is one of each request, as it runs one at a time.
func (c *core) perRequest() bool {
	class, ok := c.textOf("workers.class")
	if threads, counted := c.numberOf("workers.threads"); counted && threads > 1 || !counted && c.settings["workers.threads"] != nil {
		return false
	}
	return ok && class == "sync"
}
