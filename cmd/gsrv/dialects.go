package main

import (
	"slices"

	"gsrv/schema"
	"gsrv/schema/gunicorn"
	"gsrv/schema/native"
	"gsrv/schema/paste"
	"gsrv/schema/uwsgi"
)

// dialects lists every server whose configuration is read; the first that is surest of a file reads it.
var dialects = []schema.Dialect{
	gunicorn.New(),
	uwsgi.New(),
	paste.New(map[string]paste.ServerReader{"gunicorn.app.pasterapp:serve": gunicorn.ReadPaste}),
	native.New(),
}

func dialectByName(name string) schema.Dialect {
	for _, d := range dialects {
		if d.Name() == name {
			return d
		}
	}
	return nil
}

func dialectOfProgram(program string) schema.Dialect {
	for _, d := range dialects {
		if slices.Contains(d.Programs(), program) {
			return d
		}
	}
	return nil
}

// dialectOfFile gives the dialect that is surest of a file, or nil where none recognises it.
func dialectOfFile(name string, text []byte) schema.Dialect {
	var best schema.Dialect
	most := 0
	for _, d := range dialects {
		if n := d.Recognise(name, text); n > most {
			best, most = d, n
		}
	}
	return best
}

func dialectNames() []string {
	var names []string
	for _, d := range dialects {
		names = append(names, d.Name())
	}
	return names
}

func programNames() []string {
	var names []string
	for _, d := range dialects {
		names = append(names, d.Programs()...)
	}
	return names
}
