package rules

import "gsrv/lint"

// syntaxNumberRules are about numbers beyond what the server keeps to.
var syntaxNumberRules = []*lint.Rule{
	{
		ID: "S011", Name: "value-out-of-range", Severity: lint.Error,
		Summary: "The number lies outside what the server accepts or can use.",
		Explain: `gunicorn refuses negative numbers for every whole-number setting and ends at the start; a port above 65535 fails when it is
opened. Some numbers are taken and lead nowhere: with workers = 0 a gunicorn master listens and nobody answers, with threads = 0 waitress
accepts connections and never answers. uWSGI's numbers wrap around silently: a value above 2147483647 may become negative. What is taken silently is reported as a warning.`,
		Sources: []string{"gunicorn config.py, validate_pos_int", "waitress adjustments.py", "uWSGI core/uwsgi.c, uwsgi_opt_set_int"},
		Codes:   claimed("S011"),
		Check:   takeOver(),
	},
	{
		ID: "S012", Name: "limit-request-line-range", Severity: lint.Warning, Servers: []string{"gunicorn"}, Fix: lint.FixSafe,
		Summary: "gunicorn takes any limit_request_line above 8190 as 8190.",
		Explain: `The longest request line that gunicorn can be told to read has 8190 bytes. A larger number has no effect and no message:
longer URLs still get 400 Bad Request. Only 0 lifts the limit altogether, which also lifts the protection.

Write 8190. Where longer URLs are needed, shorten them or move the data into the request's body.`,
		Sources: []string{"gunicorn http/message.py, Request.__init__", "gunicorn documentation, Settings: limit_request_line"},
		Codes:   claimed("S012"),
		Check:   takeOver(capAt("8190")),
	},
	{
		ID: "S013", Name: "limit-request-fields-range", Severity: lint.Warning, Servers: []string{"gunicorn"}, Fix: lint.FixSafe,
		Summary: "gunicorn takes 0 and anything above 32768 for limit_request_fields as 32768.",
		Explain: `The number of header fields is always bounded. 0 does not mean "no header" or "no limit" but 32768, and so does any larger
number. The default is 100, which is plenty behind a usual proxy.

Write the number that is meant.`,
		Sources: []string{"gunicorn http/message.py, Message.__init__", "gunicorn documentation, Settings: limit_request_fields"},
		Codes:   claimed("S013"),
		Check:   takeOver(capAt("32768")),
	},
	{
		ID: "S014", Name: "limit-request-field-size-range", Severity: lint.Warning, Servers: []string{"gunicorn"}, Until: "19.0", Fix: lint.FixSafe,
		Summary: "gunicorn up to 18.0 takes any limit_request_field_size above 8190 as 8190.",
		Explain: `Up to release 18.0 a header field could have at most 8190 bytes whatever was set, without a message. From 19.0 on larger numbers
count, and this rule is silent.

Upgrade where larger headers (Kerberos tickets, SAML cookies) have to pass; write 8190 otherwise.`,
		Sources: []string{"gunicorn http/message.py, Message.__init__, tags 18.0 and 19.0"},
		Codes:   claimed("S014"),
		Check:   takeOver(capAt("8190")),
	},
	{
		ID: "S015", Name: "backlog-range", Severity: lint.Info, Servers: []string{"gunicorn", "waitress"},
		Summary: "The queue of pending connections is unusually short.",
		Explain: `backlog is the number of connections that the kernel holds for a server that is busy. gunicorn's manual advises 64 to 2048. With a
short queue a burst of requests, or a reload, makes clients see refused or slow connections although workers are about to be free.

Leave backlog at its default (2048 for gunicorn, 1024 for waitress) unless refusing early is wanted. Queues longer than the kernel allows are
L013's.`,
		Sources: []string{"gunicorn documentation, Settings: backlog", "listen(2)"},
		Check: func(p *lint.Pass) {
			s := p.Set("backlog")
			n, ok := p.Int("backlog")
			if s == nil || !ok || n < 0 || n >= 64 {
				return
			}
			p.Report(s.Range, "backlog = %d lets at most about %d connections wait while every worker is busy: in a burst or during a reload clients are refused or kept waiting. 64 to 2048 is usual; without the line the default counts.", n, n)
		},
	},
	{
		ID: "S029", Name: "uwsgi-non-numeric-int", Severity: lint.Error, Servers: []string{"uwsgi"}, Fix: lint.FixOffer,
		Summary: "The value is no number, and uWSGI reads its leading digits or 0.",
		Explain: `uWSGI converts numbers with atoi(): it reads digits until something else comes and never complains. ` + "`processes = auto`" + ` is 0,
` + "`harakiri = 30s`" + ` is 30, ` + "`harakiri = \"30\"`" + ` is 0 and thus off.

Write the plain number, in the option's own unit. For one process per core write ` + "`processes = %k`" + `.

Text behind a number is a warning, since the number itself counts.`,
		Sources: []string{"uWSGI core/uwsgi.c, uwsgi_opt_set_int", "uWSGI documentation, Configuring uWSGI (magic variables)"},
		Codes:   claimed("S029"),
		Check: takeOver(func(p *lint.Pass, x *diagnosis, f *lint.Finding) {
			if x.detail.Code != "number-suffix" {
				severe(p, x, f)
			}
			text := x.detail.Suggest
			if x.is("processes") && x.source == "auto" {
				text = "%k"
			}
			if text != "" && x.setting != nil {
				f.With(p.ReplaceFix(lint.Edit{Range: f.Range, New: text}, nil, x.setting.Native))
			}
		}),
	},
	{
		ID: "S031", Name: "uwsgi-buffer-size-range", Severity: lint.Warning, Servers: []string{"uwsgi"}, Fix: lint.FixSafe,
		Summary: "uWSGI's buffer-size holds at most 65535.",
		Explain: `The size of the block with a request's variables is a 16-bit number. uWSGI takes 65535 for anything larger, so requests with larger
headers are still dropped with "invalid request block size".

Write 65535; 32768 is enough for nearly everything. Look for the cookies that make headers so large.`,
		Sources: []string{"uWSGI core/uwsgi.c, uwsgi_opt_set_16bit", "uWSGI documentation, Things to know"},
		Codes:   claimed("S031"),
		Check: takeOver(func(p *lint.Pass, x *diagnosis, f *lint.Finding) {
			if x.detail.Suggest != "" {
				f.With(p.ReplaceFix(lint.Edit{Range: f.Range, New: x.detail.Suggest}, nil, "buffer-size"))
			}
		}),
	},
}

// capAt writes the number that counts anyway. What gunicorn holds does change with it, what it does does not.
func capAt(number string) func(*lint.Pass, *diagnosis, *lint.Finding) {
	return func(p *lint.Pass, x *diagnosis, f *lint.Finding) {
		if x.setting != nil && x.setting.Range == f.Range {
			f.With(p.ReplaceFix(lint.Edit{Range: f.Range, New: number}, nil, x.setting.Native))
		}
	}
}
