package startup

import (
	"slices"
	"testing"

	"gsrv/schema"
)

func TestReportOrder(t *testing.T) {
	files := project(t, map[string]string{
		"shop/__init__.py": "",
		"shop/wsgi.py": `import django
from . import models
import newrelic.agent
newrelic.agent.initialize("newrelic.ini")
from prometheus_client import multiprocess
def child_exit(server, worker):
    multiprocess.mark_process_dead(worker.pid)
application = models.make()
`,
		"shop/models.py": "import json\ndef make():\n    return json.loads('1')\n",
	})
	r := App(files, Options{App: "shop.wsgi:application"})
	var names []string
	order := map[string]int{}
	for _, i := range r.Imports {
		names = append(names, i.Name)
		order[i.Name] = i.Order
		if i.Project != (i.Name == "shop") {
			t.Errorf("%s: project %v", i.Name, i.Project)
		}
	}
	if want := []string{"django", "shop", "json", "newrelic", "prometheus_client"}; !slices.Equal(names, want) {
		t.Errorf("imports %v, want %v", names, want)
	}
	if len(r.Effects) != 1 || r.Effects[0].Kind != Agent || r.Effects[0].Order < order["django"] || r.Effects[0].Order > order["prometheus_client"] {
		t.Errorf("the agent is not initialised between the imports: %+v", r.Effects)
	}
	if want := []string{"shop/__init__.py", "shop/wsgi.py", "shop/models.py"}; !slices.Equal(r.Modules, want) {
		t.Errorf("files %v, want %v", r.Modules, want)
	}
	if len(r.ProjectCalls) != 1 || r.ProjectCalls[0].Name != "shop.models.make" || r.ProjectCalls[0].Range.Start.Line != 8 {
		t.Errorf("calls of the project: %+v", r.ProjectCalls)
	}
	if r.Object.Defined != "yes" || r.Object.Class != "json.loads" {
		t.Errorf("the object: %+v", r.Object)
	}
	hook := Function(schema.NewFiles(files.Dir), Options{App: "shop/wsgi.py"}, "child_exit")
	if !hook.Found || len(hook.Effects) != 0 || len(hook.Calls) != 1 || hook.Calls[0].Name != "prometheus_client.multiprocess.mark_process_dead" {
		t.Errorf("the hook: %+v", hook)
	}
}

func TestObject(t *testing.T) {
	for _, c := range []struct {
		name, app, source string
		factory           bool
		want              Object
	}{
		{"class", "app:app", "from flask import Flask\napp = Flask(__name__)\n", false, Object{"app", "yes", "flask.Flask", false, false}},
		{"missing", "app:app", "application = 1\n", false, Object{"app", "no", "", false, false}},
		{"star", "app:app", "from somewhere import *\n", false, Object{"app", "", "", false, false}},
		{"lazy", "app:app", "def __getattr__(name):\n    return 1\n", false, Object{"app", "", "", false, false}},
		{"function", "app:app", "def app(e, s):\n    pass\n", false, Object{"app", "yes", "", true, false}},
		{"coroutine", "app:app", "async def app(s, r, t):\n    pass\n", false, Object{"app", "yes", "", true, true}},
		{"factory", "app:make", "from fastapi import FastAPI\ndef make():\n    return FastAPI()\n", true, Object{"make", "yes", "fastapi.FastAPI", false, false}},
		{"attribute", "app:web.server", "import dash\nclass Web:\n    server = dash.Dash()\nweb = Web()\n", false, Object{"web.server", "yes", "dash.Dash", false, false}},
		{"project class", "app:app", "class App:\n    pass\napp = App()\n", false, Object{"app", "yes", "app.App", false, false}},
		{"conditional", "app:app", "import os\nif os.environ.get('X'):\n    app = 1\n", false, Object{"app", "yes", "", false, false}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := App(project(t, map[string]string{"app.py": c.source}), Options{App: c.app, Factory: c.factory})
			if r.Object != c.want {
				t.Errorf("got %+v, want %+v", r.Object, c.want)
			}
		})
	}
}

// TestTables looks for entries of the tables that can never be met.
func TestTables(t *testing.T) {
	for name := range facts() {
		if c := canonical(name); c != name {
			t.Errorf("%s is looked up as %s", name, c)
		}
	}
	for name, to := range aliases() {
		if canonical(to) != to {
			t.Errorf("the alias %s leads to %s, which is an alias itself", name, to)
		}
	}
	for name, to := range results() {
		if c := canonical(name); c != name {
			t.Errorf("%s is looked up as %s", name, c)
		}
		if canonical(to) != to {
			t.Errorf("%s gives %s, which is known by another name", name, to)
		}
	}
	for name := range managers() {
		if canonical(name) != name {
			t.Errorf("%s is known by another name", name)
		}
	}
}
