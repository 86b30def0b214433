package rules

import (
	"slices"

	"github.com/hashicorp/hcl/v2"

	"gsrv/lint"
	"gsrv/schema"
)

// readerRules gives the rules that see to it that nothing the readers say is lost: they report what none of the others takes over.
func readerRules(others []*lint.Rule) []*lint.Rule {
	return []*lint.Rule{
		{
			ID: "Z001", Name: "server-refuses", Severity: lint.Error,
			Summary: "The server refuses this configuration or command line for a reason that has no rule of its own.",
			Explain: `The server, or the loader in front of it, ends at the start instead of serving. The message gives the place, the words that
the server itself prints where they are known, and the way out.

Nothing is served until this is mended, so it is an error in development too.`,
			Sources: []string{"The servers' own checks, compared with the real programs: gunicorn, uWSGI, PasteDeploy, waitress, uvicorn, mod_wsgi-express"},
			Check:   func(p *lint.Pass) { leftOver(p, others, true) },
		},
		{
			ID: "Z002", Name: "reader-warns", Severity: lint.Warning, Fix: lint.FixOffer,
			Summary: "The server takes this silently although it cannot be meant, and no rule of its own is about it.",
			Explain: `The server starts and reads the line otherwise than it looks: quotes that become a part of the value, a word that is not the
one for "no", a variable that nothing replaces. The message says what the server makes of it and what to write instead.`,
			Sources: []string{"The servers' own parsers, compared with the real programs: gunicorn, uWSGI, PasteDeploy, waitress, uvicorn, mod_wsgi-express"},
			Check:   func(p *lint.Pass) { leftOver(p, others, false) },
		},
	}
}

// ownLimits are the codes of what gsrv does not follow to the end, though a server would.
var ownLimits = []string{"gave-up", "module-unreadable", "too-large", "evaluation"}

// leftOver reports the errors, or the warnings, of the reader that belong to no rule. Notes fail nothing and are left to the
// commands that show a configuration.
func leftOver(p *lint.Pass, others []*lint.Rule, refused bool) {
	for _, d := range p.Diags {
		if (d.Severity == hcl.DiagError) != refused || schema.DetailOf(d).Note || hidden(p.Unit, d) {
			continue
		}
		rule, x := ownerOf(p.Unit, d)
		if rule != "" || saidElsewhere(p.Unit, others, d) {
			continue
		}
		if x == nil {
			x = diagnose(p.Unit, d)
		}
		f := report(p, d)
		if slices.Contains(ownLimits, x.detail.Code) && !refused {
			f.As(lint.Info) // the server itself reads on
		}
		if s := x.setting; s != nil && x.detail.Suggest != "" && !refused {
			f.With(p.ReplaceFix(lint.Edit{Range: f.Range, New: x.detail.Suggest}, nil, s.Native))
		}
	}
}

// saidElsewhere tells whether a rule of another family reports the diagnostic: it names its code and has a finding there.
func saidElsewhere(u *lint.Unit, others []*lint.Rule, d *hcl.Diagnostic) bool {
	for _, r := range others {
		if r.ID[0] == 'S' || !slices.Contains(r.Codes, schema.DetailOf(d).Code) {
			continue
		}
		if slices.ContainsFunc(r.Run(u), func(f *lint.Finding) bool { return d.Subject != nil && f.Range == *d.Subject }) {
			return true
		}
	}
	return false
}
