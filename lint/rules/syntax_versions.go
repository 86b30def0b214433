package rules

import (
	"gsrv/lint"
	"gsrv/schema"
)

// syntaxVersionRules are about options that the release in use has no longer, or not yet.
var syntaxVersionRules = []*lint.Rule{
	{
		ID: "S020", Name: "removed-setting", Severity: lint.Error,
		Summary: "The release in use no longer has this setting.",
		Explain: `On the command line, and in a Paste file, a setting that was removed ends the start. In gunicorn's configuration file it is an
unknown name and silently does nothing, which is a warning.

The message says when it was removed and what took its place. Without a pinned release the newest one counts and nothing is more than
a warning; name the one in use with --target.`,
		Sources: []string{"gunicorn documentation, News 19.2, 19.7.0, 23.0.0", "uvicorn release notes 0.19.0"},
		Codes:   claimed("S020"),
		Check:   takeOver(unlessPinned),
	},
	{
		ID: "S021", Name: "deprecated-setting", Severity: lint.Warning,
		Summary: "The setting is deprecated.",
		Explain: `The server still takes it, prints a warning or ignores it, and a later release will refuse it. It is reported where the release in use
already deprecates it, as information where the setting has stopped doing anything.

The message says what to use instead.`,
		Sources: []string{"gunicorn documentation, Settings and News", "waitress documentation, Arguments to waitress.serve"},
		Codes:   claimed("S021"),
		Check: func(p *lint.Pass) {
			takeOver()(p)
			if p.Server() == "uwsgi" {
				for i := range p.Config.Settings {
					if s := &p.Config.Settings[i]; s.Option != nil && s.Option.Type == "deprecated" && s.Layer != schema.LayerDefault {
						p.Report(keyOf(s), "uWSGI takes %s and does nothing with it. Take the line out.", s.Native)
					}
				}
			}
			for name, instead := range deprecated[p.Server()] {
				s := p.Set(name)
				if s == nil || s.Option == nil || s.Option.Deprecated == "" || s.Maybe {
					continue
				}
				if v, _ := p.Version(); !v.AtLeast(s.Option.Deprecated) || p.False(name) {
					continue
				}
				p.Report(keyOf(s), "%s is deprecated since %s %s and can be gone in any later release. %s", s.Native, p.Server(), s.Option.Deprecated, instead)
			}
		},
	},
	{
		ID: "S022", Name: "setting-too-new", Severity: lint.Error,
		Summary: "The release that the project pins does not know this setting yet.",
		Explain: `On the command line a flag of a later release ends the start. In gunicorn's configuration file the name is silently skipped, and
uWSGI takes it for a placeholder: nothing fails and nothing happens, which is a warning.

Raise the pinned release to the one that the message names, or leave the setting out.`,
		Sources: []string{"gunicorn documentation, Settings (New in version …)", "uWSGI documentation, change logs", "uvicorn release notes"},
		Codes:   claimed("S022"),
		Check: takeOver(func(p *lint.Pass, _ *diagnosis, f *lint.Finding) {
			if !p.Pinned.IsZero() {
				f.Also(p.PinnedAt, "%s %s is pinned here", p.Server(), p.Pinned)
			}
		}),
	},
}

// deprecated says what to do instead of settings that the servers deprecate and their readers say nothing about;
// the switches of gunicorn's parser have rules of their own (V005 to V007).
var deprecated = map[string]map[string]string{
	"gunicorn": {
		"tmp_upload_dir":  "Nothing reads it. Take it out.",
		"django_settings": "Put DJANGO_SETTINGS_MODULE=… into raw_env.",
	},
}
