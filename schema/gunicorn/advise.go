package gunicorn

import (
	"gsrv/schema/python/eval"
)

func (r *reader) adviseOnValues() {}

func (r *reader) adviseOnNames(file string, result *eval.Result) {}

func (r *reader) meant(name string) string { return "" }
