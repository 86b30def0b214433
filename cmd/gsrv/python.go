package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// An interpreter is the Python program that the application runs under.
type interpreter struct {
	// program is an absolute path, or a name that PATH resolves.
	program string
	// from says what chose it, for the log.
	from string
}

// pythonNames are the names of the interpreter in a virtual environment and on PATH, in the order in which they are tried: where
// both are on PATH, python may be Python 2.
var pythonNames = []string{"python3", "python"}

// projectPython finds the interpreter of a project, for gsrv run and check-config --load-app alike; docs/run.md tells the order. One
// that is named, by --python or as the configuration's virtualenv, must be there: another Python would have other packages, and uWSGI
// does not start without its own either. The others are looked for. Nothing is executed.
func projectPython(r *reading, named string) (interpreter, *hcl.Diagnostic) {
	if named != "" {
		if strings.Contains(named, "/") {
			named = within(r.dir, named)
		}
		if _, err := exec.LookPath(named); err != nil {
			return interpreter{}, schema.Errorf("python", onCommandLine(), "No such Python", "--python %s cannot be run: %v. Name the project's Python, such as .venv/bin/python3.", named, reason(err))
		}
		return interpreter{named, "--python"}, nil
	}
	// uWSGI enters chdir before it looks for its virtualenv.
	directory := r.at(r.dir, modelText(r.config, "app.directory"))
	if s := firstSetting(r.config, "app.virtualenv"); s != nil {
		if text, _ := schema.TextOf(s.OnHost); text != "" {
			venv := r.at(directory, text)
			program := pythonIn(venv)
			if program == "" {
				return interpreter{}, schema.Errorf("virtualenv", schema.At(s.Range, s.NameRange), "No Python in the virtual environment",
					"The virtual environment is %s, and there is no %s. Create it there (python3 -m venv %s), correct the path, or name the interpreter with --python.", text, filepath.Join(venv, "bin", "python3"), schema.ShellQuote(venv))
			}
			return interpreter{program, "the configuration's virtualenv"}, nil
		}
	}
	if p, ok := commandPython(r); ok {
		return p, nil
	}
	if venv, state := r.host.Env("VIRTUAL_ENV"); state == schema.EnvSet && venv != "" {
		if program := pythonIn(within(r.dir, venv)); program != "" {
			return interpreter{program, "VIRTUAL_ENV"}, nil
		}
	}
	for _, dir := range []string{r.dir, directory} {
		for _, name := range []string{".venv", "venv"} {
			if program := pythonIn(filepath.Join(dir, name)); program != "" {
				return interpreter{program, name + " in " + dir}, nil
			}
		}
	}
	path, _ := r.host.Env("PATH")
	for _, name := range pythonNames {
		if program := lookPath(path, name); program != "" {
			return interpreter{program, "PATH"}, nil
		}
	}
	return interpreter{"python3", "PATH"}, nil
}

// commandPython is the interpreter of the command line: the one of python -m gunicorn, or the one in the directory of
// /srv/venv/bin/gunicorn.
func commandPython(r *reading) (interpreter, bool) {
	if r.launch == nil {
		return interpreter{}, false
	}
	switch name := r.launch.Python; {
	case strings.Contains(name, "/"):
		if program := r.at(r.dir, name); runnable(program) {
			return interpreter{program, "the command line"}, true
		}
	case name != "" && !slices.Contains(pythonNames, name): // python3.11; a bare python3 is whatever is active
		path, _ := r.host.Env("PATH")
		if program := lookPath(path, name); program != "" {
			return interpreter{program, "the command line"}, true
		}
	}
	if word := r.launch.Words[0].Text; strings.Contains(word, "/") {
		for _, name := range pythonNames {
			if program := filepath.Join(filepath.Dir(r.at(r.dir, word)), name); runnable(program) {
				return interpreter{program, "the command line"}, true
			}
		}
	}
	return interpreter{}, false
}

// pythonIn is the interpreter of a virtual environment; empty where there is none.
func pythonIn(venv string) string {
	for _, name := range pythonNames {
		if program := filepath.Join(venv, "bin", name); runnable(program) {
			return program
		}
	}
	return ""
}

// lookPath is exec.LookPath for a PATH that is not this process's own.
func lookPath(path, name string) string {
	for _, dir := range filepath.SplitList(path) {
		if program := filepath.Join(dir, name); filepath.IsAbs(dir) && runnable(program) {
			return program
		}
	}
	return ""
}

func runnable(program string) bool {
	info, err := os.Stat(program)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// within makes a path absolute that is relative to dir.
func within(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// at makes a path of the configuration absolute, on this machine.
func (r *reading) at(dir, path string) string {
	path = within(dir, path)
	if r.place != nil {
		return r.place(path)
	}
	return path
}

// reason is an error without the name of the system call, which says nothing to an operator.
func reason(err error) error {
	if e, ok := errors.AsType[*exec.Error](err); ok {
		err = e.Err
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	}
	return err
}

func onCommandLine() hcl.Range {
	return hcl.Range{Filename: schema.CommandLine, Start: hcl.InitialPos, End: hcl.InitialPos}
}
