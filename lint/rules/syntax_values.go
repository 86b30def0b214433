package rules

import (
	"strings"

	"gsrv/lint"
)

// syntaxValueRules are about values of the wrong kind, and words the server does not know.
var syntaxValueRules = []*lint.Rule{
	{
		ID: "S010", Name: "wrong-value-type", Severity: lint.Error, Fix: lint.FixSafe,
		Summary: "The value is of a kind that the setting does not take.",
		Explain: `The server checks values while it loads them. gunicorn takes True and False but not 1 and 0 for a switch, whole numbers but not
30.5 for a time; waitress turns texts into numbers and fails on the rest. A value
that is refused ends the start: ` + "`Error: Not a boolean: 1`" + `.

A value that is taken although it cannot be meant, such as the text None or a umask in decimal, is reported as a warning. Values that depend on
the environment are not judged unless they are wrong for certain.`,
		Sources: []string{"gunicorn config.py, validators", "waitress adjustments.py", "PasteDeploy converters.py"},
		Codes:   claimed("S010"),
		Check:   takeOver(literalFix),
	},
	{
		ID: "S016", Name: "enum-value-invalid", Severity: lint.Error, Fix: lint.FixOffer,
		Summary: "The value is none of the words that the option takes.",
		Explain: `Most such words end the start. gunicorn's loglevel does not: an unknown level quietly means info, so that is a warning. uvicorn
fails with a KeyError for an unknown --log-level.

The message lists the words, or the one that was likely meant.`,
		Sources: []string{"gunicorn config.py", "gunicorn glogging.py (LOG_LEVELS)", "uvicorn config.py"},
		Codes:   claimed("S016"),
		Check: takeOver(func(p *lint.Pass, x *diagnosis, f *lint.Finding) {
			word := x.detail.Suggest
			if x.is("loglevel") && word == "" {
				_, after, found := strings.Cut(x.Detail, "Did you mean ")
				if word = strings.TrimSuffix(after, "?"); !found {
					word = ""
				}
			}
			quoteFix(p, x, f, word)
		}),
	},
	{
		ID: "S024", Name: "bind-address-malformed", Severity: lint.Error, Servers: []string{"gunicorn", "waitress"}, Fix: lint.FixOffer,
		Summary: "The server cannot listen on this address, or takes it for another one than meant.",
		Explain: `gunicorn accepts nearly any text for bind while it checks the configuration and fails when it opens the socket: one text is one
address, a path needs ` + "`unix:`" + ` in front, an IPv6 address needs brackets. waitress takes addresses as host:port and several of them separated by blanks.

Write ` + "`127.0.0.1:8000`, `[::1]:8000`, `unix:/run/shop.sock`" + ` or a list of them.`,
		Sources: []string{"gunicorn util.py, parse_address", "gunicorn documentation, Settings: bind", "waitress adjustments.py"},
		Codes:   claimed("S024"),
		Check: takeOver(func(p *lint.Pass, x *diagnosis, f *lint.Finding) {
			if p.Server() == "gunicorn" {
				severe(p, x, f)
				bindFix(p, x, f)
			}
		}),
	},
	{
		ID: "S028", Name: "forwarded-ips-not-address", Severity: lint.Error, Servers: []string{"gunicorn"}, Fix: lint.FixSafe,
		Summary: "The list of trusted proxies holds something that is no address.",
		Explain: `forwarded_allow_ips, proxy_allow_ips and uwsgi_allow_ips hold IP addresses separated by commas, or * for everybody. Since
gunicorn 23.0 each entry is checked: a host name, a service name of Compose or a network with host bits set ends the start. Before 23.0 such an entry
was taken and never matched, so the proxy's headers were ignored: that is a warning, and so is an entry where the release is not known.

Name the proxy's address or, from 24.1.1 on, its network: ` + "`10.0.0.0/24`" + `.`,
		Sources: []string{"gunicorn config.py, validate_string_to_addr_list", "gunicorn documentation, News 23.0.0"},
		Codes:   claimed("S028"),
		Check: takeOver(literalFix, func(p *lint.Pass, x *diagnosis, f *lint.Finding) {
			if !strings.HasPrefix(x.source, "[") {
				unlessPinned(p, x, f)
			}
		}),
	},
	{
		ID: "S033", Name: "raw-env-no-equals", Severity: lint.Error, Servers: []string{"gunicorn"},
		Summary: "An entry of a NAME=VALUE list has no equals sign.",
		Explain: `gunicorn takes the list as it is and parts its entries when the start uses them: the entry without = ends it with
` + "`environment setting … invalid`" + `. --check-config does not notice.

Write NAME=VALUE; to pass a variable on, read it in the configuration: ` + "`\"HOME=\" + os.environ[\"HOME\"]`" + `.`,
		Sources: []string{"gunicorn config.py, Config.env"},
		Codes:   claimed("S033"),
		Check:   takeOver(severe),
	},
	{
		ID: "S035", Name: "worker-class-unknown", Severity: lint.Error, Servers: []string{"gunicorn"}, Fix: lint.FixOffer,
		Summary: "gunicorn has no worker of this name.",
		Explain: `The check of the configuration takes any text; the start fails with ` + "`class uri … invalid or not found`" + `. A word without a
dot has to be one of gunicorn's own workers in the release that runs: sync, gthread, gevent, tornado; asgi from 24 on. The
eventlet and gaiohttp workers, which are gone, have rules of their own (W006, W007). Any other worker is
named by its whole path, as in ` + "`uvicorn.workers.UvicornWorker`" + `.`,
		Sources: []string{"gunicorn workers/__init__.py", "gunicorn util.py, load_class"},
		Codes:   claimed("S035"),
		Check: takeOver(severe, func(p *lint.Pass, x *diagnosis, f *lint.Finding) {
			if class, _ := p.Text("worker_class"); gunicornWorker(p) == workerEventlet || class == "gaiohttp" {
				p.Drop(f) // W006 and W007 say more
				return
			}
			if x.Summary != "Unknown worker class" {
				unlessPinned(p, x, f) // one that another release has
			}
			word := x.detail.Suggest
			if strings.Trim(x.source, `"'`) == "uvicorn" {
				if word = "uvicorn.workers.UvicornWorker"; p.Unit.Pins != nil {
					if _, ok := p.Pin("uvicorn-worker"); ok {
						word = "uvicorn_worker.UvicornWorker"
					}
				}
			}
			quoteFix(p, x, f, word)
		}),
	},
	{
		ID: "S036", Name: "scheme-headers-shape", Severity: lint.Warning, Servers: []string{"gunicorn"},
		Summary: "An entry of secure_scheme_headers can never match a request.",
		Explain: `gunicorn turns the names of a request's headers into capitals and looks them up in secure_scheme_headers, then compares the value
character by character. A key with small letters, or a value that is no text, never matches: wsgi.url_scheme stays http, and the application
redirects to https for ever or builds http links.

Write ` + "`{\"X-FORWARDED-PROTO\": \"https\"}`" + `.`,
		Sources: []string{"gunicorn http/message.py, parse_headers", "gunicorn documentation, Settings: secure_scheme_headers"},
		Codes:   claimed("S036"),
		Check:   takeOver(),
	},
	{
		ID: "S038", Name: "sendfile-true-disables", Severity: lint.Warning, Servers: []string{"gunicorn"}, Since: "19.6.0", Fix: lint.FixOffer,
		Summary: "sendfile = True switches sendfile off.",
		Explain: `gunicorn asks whether the setting differs from None, which the flag --no-sendfile makes it do. Any value, True too, therefore turns
sendfile off, and files are copied through the worker's memory.

Leave the setting out to use sendfile; write False where it is meant to be off.`,
		Sources: []string{"gunicorn config.py, Sendfile", "gunicorn config.py, Config.sendfile"},
		Codes:   claimed("S038"),
		Check: takeOver(func(p *lint.Pass, x *diagnosis, f *lint.Finding) {
			if s := p.Set("sendfile"); s != nil {
				if fix := p.DeleteFix(s, ""); fix != nil {
					f.With(p.MendFix(fix.Title, fix.Edits, nil, "sendfile"))
				}
			}
		}),
	},
}

// quoteFix offers a word in the place of another, in the quotes that stand there.
func quoteFix(p *lint.Pass, x *diagnosis, f *lint.Finding, word string) {
	if word == "" || x.setting == nil || x.source == "" {
		return
	}
	if q := x.source[0]; q == '"' || q == '\'' {
		if len(x.source) < 2 || x.source[len(x.source)-1] != q || strings.ContainsAny(x.source[1:len(x.source)-1], `"'\`) {
			return
		}
		word = string(q) + word + string(q)
	} else if lint.FormOf(f.Range.Filename) == lint.FormPython {
		return
	}
	f.With(p.ReplaceFix(lint.Edit{Range: f.Range, New: word}, nil, x.setting.Native))
}

// bindFix writes a comma list as a list, and a bare path as a socket's.
func bindFix(p *lint.Pass, x *diagnosis, f *lint.Finding) {
	if lint.FormOf(f.Range.Filename) != lint.FormPython || x.setting == nil {
		return
	}
	text, ok := plainText(x.source)
	if !ok {
		return
	}
	switch {
	case strings.Contains(x.Summary, "Several addresses") && x.setting.Range == f.Range:
		f.With(p.ReplaceFix(lint.Edit{Range: f.Range, New: listOf(text, x.source[:1])}, nil, "bind"))
	case strings.Contains(x.Summary, "Path without unix:") && strings.HasPrefix(text, "/"):
		f.With(p.ReplaceFix(lint.Edit{Range: f.Range, New: x.source[:1] + "unix:" + text + x.source[:1]}, nil, "bind"))
	}
}

func listOf(commas, quote string) string {
	var parts []string
	for part := range strings.SplitSeq(commas, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, quote+part+quote)
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// plainText gives the text of a Python literal without escapes.
func plainText(src string) (string, bool) {
	if len(src) < 2 || src[0] != '"' && src[0] != '\'' || src[len(src)-1] != src[0] {
		return "", false
	}
	inner := src[1 : len(src)-1]
	return inner, !strings.ContainsAny(inner, "\"'\\\n")
}

// literalFix mends literals that have only one reading: 1 for True, 30.0 for 30, "022" for 0o022, a list where a text with
// commas is wanted for addresses, a network with host bits.
func literalFix(p *lint.Pass, x *diagnosis, f *lint.Finding) {
	if x.option() == nil || p.Config.Dialect != "gunicorn" || lint.FormOf(f.Range.Filename) != lint.FormPython || x.setting.Range != f.Range {
		return
	}
	text := ""
	switch name := x.setting.Native; {
	case x.option().Type == "bool" && (x.source == "1" || x.source == "0"):
		text = map[string]string{"1": "True", "0": "False"}[x.source]
	case name == "umask" && x.refused():
		if inner, ok := plainText(x.source); ok && strings.HasPrefix(inner, "0") && strings.Trim(inner, "01234567") == "" {
			text = "0o" + inner
		}
	case strings.HasSuffix(x.source, ".0") && strings.Trim(x.source, "0123456789") == ".":
		text = strings.TrimSuffix(x.source, ".0")
	case addressLists(x) && strings.HasPrefix(x.source, "["):
		if items, complete := p.Items(name); complete && len(items) > 0 {
			var all []string
			for _, i := range items {
				all = append(all, i.Text)
			}
			text = `"` + strings.Join(all, ",") + `"`
		} else {
			text = joined(x.source)
		}
	case addressLists(x):
		if inner, ok := plainText(x.source); ok {
			if masked := maskedNetworks(inner); masked != inner {
				text = x.source[:1] + masked + x.source[:1]
			}
		}
	}
	if text != "" {
		f.With(p.ReplaceFix(lint.Edit{Range: f.Range, New: text}, nil, x.setting.Native))
	}
}
