package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gsrv/schema"
	"gsrv/schema/native"
	"gsrv/schema/project/deploy"
	"gsrv/schema/project/start"
)

// readDeployment reads the configuration of a deployment of the project below dir, for a start on this machine: variables that the
// deployment leaves to its environment are this process's, and paths of its container or machine lead into the project.
func (s *session) readDeployment(q *runRequest, dir string, host *schema.HostInputs) (*reading, error) {
	m, err := mapDeployments(dir, q.target, deploy.Options{Host: host})
	if err != nil {
		return nil, err
	}
	d, err := chooseDeployment(q, m)
	if err != nil {
		return nil, err
	}
	h, _ := d.Input.Host.(*schema.HostInputs)
	for name, v := range d.Command.Env {
		if _, set := h.Env(name); v.Open && !v.PassedOn && set != schema.EnvSet && v.Text != "" && !strings.Contains(v.Text, "$") {
			h.Vars[name] = &v.Text // what it is where nobody says otherwise
		}
	}
	r := &reading{dialect: d.Dialect, host: h, launch: d.Launch, subject: d.Name, files: d.Input.Files}
	r.place = func(path string) string {
		if name, ok := d.Input.Files.At(path); ok {
			if here := filepath.Join(dir, name); onDisk(here) {
				return here
			}
		}
		return path
	}
	takeOver(q, d, r.place)
	if r.dir = r.place(d.Input.Dir); !onDisk(r.dir) {
		r.dir = dir
	}
	in := d.Input
	if in.Command != nil {
		if in.Command, err = knownWords(d, h); err != nil {
			return nil, err
		}
	}
	d.Config, d.Diags = d.Dialect.Read(in)
	d.InProject()
	r.config, r.diags, r.files, r.input = d.Config, d.Diags, d.Config.Files, in
	fmt.Fprintf(s.stderr, "gsrv run: deployment %s: %s [%s]\n", d.Name, d.Command, lineOf(d.Command.Range))
	return r, nil
}

// takeOver gives a request the options of the gsrv run that a deployment starts, as far as it has none of its own.
func takeOver(q *runRequest, d *deploy.Deployment, place func(string) string) {
	var words []string
	for _, w := range d.Command.Words {
		words = append(words, w.Text)
	}
	i := slices.IndexFunc(words, func(w string) bool { return filepath.Base(w) == "gsrv" })
	if i < 0 || len(words) < i+2 || words[i+1] != "run" {
		return
	}
	own, rest := words[i+2:], []string(nil)
	if j := slices.Index(own, "--"); j >= 0 {
		own, rest = own[:j], own[j+1:]
	}
	its, err := parseRun(own, rest, func(string) bool { return false })
	if err != nil {
		return // the reader tells
	}
	for _, o := range []struct{ ours, theirs *string }{
		{&q.python, &its.python}, {&q.control, &its.control}, {&q.admin, &its.admin}, {&q.requestID, &its.requestID}, {&q.health, &its.health}, {&q.ready, &its.ready},
	} {
		if *o.ours == "" {
			*o.ours = *o.theirs
		}
	}
	if strings.Contains(its.python, "/") && q.python == its.python {
		q.python = place(its.python)
	}
	if q.listen == nil {
		q.listen = its.listen
	}
	q.batch = q.batch || its.batch
}

// chooseDeployment finds the deployment that is asked for, or the only one.
func chooseDeployment(q *runRequest, m *deploy.Map) (*deploy.Deployment, error) {
	switch {
	case q.deployment != "":
		if d := m.Deployment(q.deployment); d != nil {
			return d, nil
		}
		return nil, noDeployment(m, q.deployment)
	case len(m.Deployments) == 1:
		return m.Deployments[0], nil
	case len(m.Deployments) == 0:
		return nil, usagef("run: nothing to serve: there is no %s here, and nothing that starts a server was found in the project. Give a configuration file, gunicorn's options, or a command line after --, as in gsrv run -- gunicorn app:app", native.DefaultFile)
	}
	return nil, usagef("run: there is no %s here, and the project starts several servers. Say which with --deployment: %s (gsrv deployments shows them)", native.DefaultFile, strings.Join(m.Names(), ", "))
}

// knownWords gives the words of a deployment's server with the variables of this machine put in, as the shell or the service manager
// would.
func knownWords(d *deploy.Deployment, host *schema.HostInputs) ([]schema.Word, error) {
	words := d.Launch.Words
	offset := len(d.Command.Words) - len(words)
	opens := map[int][]start.Open{}
	for _, o := range d.Command.Open {
		if i := o.Word - offset; o.Word >= 0 && i >= 0 && i < len(words) {
			opens[i] = append(opens[i], o)
		}
	}
	var out []schema.Word
	for i, w := range words {
		texts := []string{w.Text}
		for _, o := range opens[i] {
			value, state := host.Env(o.Name)
			form := openText(o, w.Text)
			switch {
			case form == "" || !variableName().MatchString(o.Name):
				return nil, &exitError{exitProblems, fmt.Sprintf("%s: the command has %s, and what that is cannot be told: %s. Give the command itself: gsrv run -- %s …", lineOf(o.Range), o.Name, o.Why, d.Launch.Program)}
			case state == schema.EnvSet && value != "" || state == schema.EnvSet && !o.HasDefault:
				if w.Text == form && !o.HasDefault {
					texts = strings.Fields(value) // a shell takes it apart
				} else {
					texts[0] = strings.Replace(texts[0], form, value, 1)
				}
			case o.HasDefault:
			case w.Text == form && !strings.HasPrefix(before(words, i), "-"):
				texts = nil // options that nobody gives
			default:
				return nil, &exitError{exitProblems, fmt.Sprintf("%s: the command needs the variable %s, which is not set here: %s=… gsrv run --deployment %s", lineOf(o.Range), o.Name, o.Name, schema.ShellQuote(d.Name))}
			}
		}
		for _, text := range texts {
			out = append(out, schema.Word{Text: text, Range: w.Range})
		}
	}
	return out, nil
}

// openText is what stands in a word for what is open; empty where it cannot be found.
func openText(o start.Open, word string) string {
	forms := []string{"${" + o.Name + "}", "%(ENV_" + o.Name + ")s", "$(" + o.Name + ")", "$" + o.Name}
	if o.HasDefault {
		forms = []string{o.Default}
	}
	for _, form := range forms {
		if form != "" && strings.Contains(word, form) {
			return form
		}
	}
	return ""
}

func before(words []schema.Word, i int) string {
	if i == 0 || strings.Contains(words[i-1].Text, "=") {
		return ""
	}
	return words[i-1].Text
}

var variableName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`) })

func onDisk(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
