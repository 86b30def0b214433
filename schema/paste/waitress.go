package paste

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema/waitress"
)

// checkWaitress checks the settings of egg:waitress#main.
func checkWaitress(r *reading) {
	a := r.adjustments()
	a.Check(a.Conflicts())
	r.diags = append(r.diags, a.Diags...)
}

// adjustments gives the settings in the form that package waitress checks.
func (r *reading) adjustments() *waitress.Adjustments {
	a := &waitress.Adjustments{
		Given: map[string]*waitress.Adjustment{}, Header: r.header,
		Spell: func(name, value string) string {
			if value != "" {
				name += " = " + value
			}
			return name
		},
		Variables: "shell variables are not expanded in the file (write %(NAME)s and start with NAME=VALUE)",
	}
	for _, name := range r.context.Local.Names() {
		value, ok := r.values[name]
		if !ok {
			continue
		}
		v := r.given(name)
		a.Given[name] = &waitress.Adjustment{
			Text: v.Text, Known: v.Known, Value: value, Range: v.Range, NameRange: v.NameRange,
			Sub: func(i, j int) hcl.Range { return v.sub(field{v.Text[i:j], i}) },
		}
	}
	return a
}

// checkPasteHTTP checks what egg:Paste#http checks when it starts.
func checkPasteHTTP(r *reading) {
	if v, ok := r.values["use_threadpool"]; ok && (!v.IsKnown() || v.False()) {
		return
	}
	workers, known := r.number("threadpool_workers")
	spawn, known2 := r.number("threadpool_spawn_if_under")
	hung, known3 := r.number("threadpool_hung_thread_limit")
	kill, known4 := r.number("threadpool_kill_thread_limit")
	if known && known2 && spawn > workers {
		at, what := r.at("threadpool_workers"), "Add threadpool_spawn_if_under with a smaller number, or use more workers."
		if r.has("threadpool_spawn_if_under") {
			at, what = r.at("threadpool_spawn_if_under"), "Make it smaller."
		}
		r.refuse("conflict", at, fmt.Sprintf("AssertionError: spawn_if_under (%d) should be less than nworkers (%d)", spawn, workers), "Too few threads",
			"threadpool_spawn_if_under (%d) must not be over threadpool_workers (%d), and the server does not start. %s", spawn, workers, what)
	}
	if known3 && known4 && kill != 0 && kill < hung {
		r.refuse("conflict", r.at(r.first("threadpool_kill_thread_limit", "threadpool_hung_thread_limit")), fmt.Sprintf("AssertionError: kill_thread_limit (%d) should be higher than hung_thread_limit (%d)", kill, hung), "Limits in the wrong order",
			"threadpool_kill_thread_limit (%d seconds) must not be under threadpool_hung_thread_limit (%d seconds), and the server does not start.", kill, hung)
	}
}
