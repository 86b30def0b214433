package rules

import (
	"path"
	"slices"
	"strings"

	"gsrv/lint"
	"gsrv/schema"
	"gsrv/schema/uwsgi"
)

// emperorRules are those about emperors and their vassals.
var emperorRules = []*lint.Rule{
	{
		ID: "C010", Name: "emperor-option-not-inherited", Severity: lint.Error, Servers: []string{"uwsgi"}, Fix: lint.FixOffer,
		Summary: "Options next to emperor stay with the emperor; vassals do not inherit them.",
		Explain: `An emperor starts every vassal as a uWSGI of its own, which reads its own file and nothing of the emperor's. What stands beside ` + "`emperor`" + ` and is meant
for the applications (lazy-apps, enable-threads, single-interpreter, processes, harakiri …) has no effect on them: the vassals run with
the defaults, and nothing is logged. The emperor itself loads no application, so the option does nothing at all.

Put the option into each vassal's file, or let the emperor hand it over:

    vassal-set = lazy-apps=true

(since 1.9.19). A vassal's own file wins over what vassal-set says. ` + "`vassals-include`" + ` and ` + "`vassals-inherit`" + ` name a file of options for all of them.

Options that the emperor itself uses are not meant: uid, gid, plugins, log files, stats, touch-reload, env (the environment is inherited) and those
that begin with emperor or vassal. Where the same file loads an application and listens, it is emperor and server in one on purpose, and the rule
is silent. An unknown emperor (` + "`emperor = $(VASSALS)`" + `) is one all the same.`,
		Sources: []string{"uWSGI documentation, The uWSGI Emperor", "New Relic manual, Python agent and uWSGI: emperor mode", "uWSGI 2.0.21: uwsgi.opt of a vassal printed"},
		Check:   checkEmperorOptions,
	},
	{
		ID: "C011", Name: "uwsgi-emperor-with-master", Severity: lint.Info, Servers: []string{"uwsgi"}, Fix: lint.FixOffer,
		Summary: "An emperor seldom needs a master process of its own.",
		Explain: `An emperor watches its vassals, and each vassal has a master. ` + "`master = true`" + ` in the emperor's own file puts one more process in front that has no
workers to watch: a signal or a supervisor's pid then means that process and not the emperor, and after a crash the emperor's death is noticed a
step later.

The rule is silent where something in the file is the master's work: stats, touch-reload, cron, a FIFO, log-master and all the options that switch
a master on. Otherwise remove the line.`,
		Sources: []string{"uWSGI documentation, The uWSGI Emperor: notes"},
		Check: func(p *lint.Pass) {
			emperor, master := uwsgiEmperor(p), p.Set("master")
			if emperor == nil || master == nil || !p.True("master") || impliedBy(p, master) != "" || uwsgiLoader(p) != nil || p.Development() {
				return
			}
			for i := range master.Shadowed {
				if impliedBy(p, &master.Shadowed[i]) != "" {
					return
				}
			}
			if p.FirstSet("die-on-term", "master-fifo", "safe-pidfile", "zerg", "legion", "spooler", "mule", "mules") != nil {
				return
			}
			p.Report(keyOf(master), "The emperor has a master process of its own, without workers or anything else to do: each vassal has its own master. Remove this line.").
				Also(keyOf(emperor), "the emperor").With(p.DeleteFix(master, "false"))
		},
	},
	{
		ID: "C012", Name: "uwsgi-vassal-daemonized", Severity: lint.Error, Servers: []string{"uwsgi"}, Fix: lint.FixOffer,
		Summary: "A vassal that goes into the background escapes its emperor.",
		Explain: "A vassal with `daemonize`" + ` forks and leaves the process that its emperor started. The emperor sees it end and starts it again, the second
cannot bind the first one's socket, and so on in a loop; the instance that serves is nobody's child and no reload or stop
reaches it.

The rule speaks of files in a directory that is named for vassals (vassals, vassals-enabled, emperor.d …). Write ` + "`logto = FILE`" + ` instead of
` + "`daemonize = FILE`" + `: the log goes to the same file. daemonize2 only redirects the log under an emperor and is a note.`,
		Sources: []string{"uWSGI documentation, The uWSGI Emperor: do not daemonize", "uWSGI documentation, Systemd"},
		Check: func(p *lint.Pass) {
			if !vassalFile(p.Name) {
				return
			}
			if s := p.Set("daemonize"); s != nil {
				p.Report(keyOf(s), "daemonize takes this vassal out of its emperor's hands: the emperor starts it again and again, and cannot reload or stop the one that serves. Write logto for the log file.").
					With(p.RenameFix(s, "logto", s.Text))
			}
			if s := p.Set("daemonize2"); s != nil {
				p.Report(keyOf(s), "A vassal does not go into the background: under an emperor daemonize2 only redirects the log. Write logto.").As(lint.Info).
					With(p.RenameFix(s, "logto", s.Text))
			}
		},
	},
}

// vassalFile tells whether a file lies in a directory that is named for an emperor's vassals.
func vassalFile(name string) bool {
	for dir := path.Dir(name); dir != "." && dir != "/"; dir = path.Dir(dir) {
		base := strings.ToLower(path.Base(dir))
		if strings.HasPrefix(base, "vassal") || base == "emperor.d" || strings.HasSuffix(base, "-vassals") || strings.HasSuffix(base, "_vassals") {
			return true
		}
	}
	return false
}

// forVassals are options that do something only where an application is loaded or requests are served. Those that New Relic's
// and Contrast's manuals ask for come first: the application or its agent does not work without them.
var forVassals = []string{
	"lazy-apps", "lazy", "enable-threads", "single-interpreter",
	"module", "wsgi-file", "paste", "mount", "eval", "callable", "manage-script-name", "need-app", "py-auto-reload",
	"processes", "threads", "cheaper", "cheaper-initial", "cheaper-algo", "cheaper-step", "gevent", "async",
	"harakiri", "harakiri-verbose", "max-requests", "max-requests-delta", "max-worker-lifetime", "min-worker-lifetime", "worker-reload-mercy",
	"reload-on-rss", "reload-on-as", "evil-reload-on-rss", "evil-reload-on-as",
	"buffer-size", "post-buffering", "http-timeout", "socket-timeout", "listen", "limit-post", "close-on-exec", "thunder-lock",
	"py-call-osafterfork", "py-call-uwsgi-fork-hooks", "wsgi-env-behaviour", "offload-threads", "static-map", "check-static", "vacuum",
}

func checkEmperorOptions(p *lint.Pass) {
	emperor := uwsgiEmperor(p)
	if emperor == nil || uwsgiLoader(p) != nil && servesItself(p) {
		return
	}
	for _, name := range forVassals {
		s := p.Set(name)
		if s == nil || impliedBy(p, s) != "" || usedByEmperor(p, name) {
			continue
		}
		own := []schema.Setting{*s}
		if len(s.Parts) > 0 {
			own = s.Parts
		}
		for i := range own {
			reportForVassals(p, emperor, &own[i])
		}
	}
}

// servesItself tells whether the emperor listens for requests besides.
func servesItself(p *lint.Pass) bool {
	return p.FirstSet("socket", "uwsgi-socket", "http-socket", "https-socket", "http", "https", "fastcgi-socket", "scgi-socket", "http11-socket") != nil
}

// usedByEmperor tells of options that a router or a socket of the emperor's own may need.
func usedByEmperor(p *lint.Pass, name string) bool {
	switch name {
	case "http-timeout", "socket-timeout", "buffer-size", "listen", "static-map", "check-static", "offload-threads", "vacuum", "close-on-exec", "limit-post", "post-buffering", "processes", "threads":
		return servesItself(p) || p.FirstSet("fastrouter", "rawrouter", "sslrouter", "pidfile", "stats", "master-fifo", "zergpool", "http-subscription-server") != nil
	}
	return false
}

func reportForVassals(p *lint.Pass, emperor, s *schema.Setting) {
	how := "Put it into each vassal's file."
	if s.Text != "" && !s.Maybe && !slices.Contains(uwsgiLoaders, s.Native) {
		how = "Write vassal-set = " + s.Native + "=" + s.Text + ", or put it into each vassal's file."
		if lint.FormOf(s.Range.Filename) == lint.FormCommand {
			how = "Write --vassal-set " + s.Native + "=" + s.Text + ", or put it into each vassal's file."
		}
	}
	f := p.Report(keyOf(s), "%s stays with the emperor: vassals are servers of their own, do not inherit it and run without. %s", s.Native, how).
		Also(keyOf(emperor), "the emperor is started here").With(vassalSetFix(p, s))
	if !slices.Contains(forVassals[:4], s.Native) {
		f.As(lint.Warning)
	}
}

// vassalSetFix makes the fix that hands an option over to the vassals; nil where the place cannot be edited, or where more
// than the option would change.
func vassalSetFix(p *lint.Pass, s *schema.Setting) *lint.Fix {
	if s.Text == "" || s.Maybe || slices.Contains(uwsgiLoaders, s.Native) || p.Before("1.9.19") || lint.FormOf(s.Range.Filename) != lint.FormINI || s.NameRange.Filename != s.Range.Filename || s.NameRange.End.Byte >= s.Range.Start.Byte {
		return nil
	}
	if len(p.Set(s.Native).Parts) > 1 {
		return nil
	}
	if info, ok := s.Option.Extra.(*uwsgi.Info); !ok || info.Flags&^uwsgi.Immediate != 0 {
		return nil
	}
	below := ""
	for _, x := range s.Shadowed {
		if x.Layer != schema.LayerDefault {
			return nil
		}
		below = x.Text
	}
	set := s.Native + "=" + s.Text
	promised := set
	if all := p.Set("vassals-set"); all != nil {
		if last := all.Parts[len(all.Parts)-1]; last.Range.Filename != s.Range.Filename || last.Range.Start.Byte > s.Range.Start.Byte {
			promised = last.Text
		}
	}
	return &lint.Fix{
		Title:   "Write vassal-set = " + set,
		Edits:   []lint.Edit{{Range: s.NameRange, New: "vassal-set"}, {Range: s.Range, New: set}},
		Promise: map[string]string{"vassals-set": promised, s.Native: below},
	}
}
