package eval

import (
	"testing"

	"gsrv/schema"
)

// BenchmarkModule evaluates a configuration of the usual kind.
func BenchmarkModule(b *testing.B) {
	src := []byte(`import multiprocessing
import os

bind = os.getenv("BIND", "0.0.0.0:" + os.getenv("PORT", "8000"))
workers = int(os.getenv("WEB_CONCURRENCY", multiprocessing.cpu_count() * 2 + 1))
threads = int(os.environ.get("THREADS") or 2)
if os.getenv("APP_ENV") == "production":
    loglevel = "info"
    preload_app = True
else:
    loglevel = "debug"
    reload = True
logconfig_dict = {"version": 1, "root": {"level": loglevel.upper(), "handlers": ["console"]}}

for k, v in os.environ.items():
    if k.startswith("GUNICORN_"):
        locals()[k.split("_", 1)[1].lower()] = v

def post_fork(server, worker):
    server.log.info("spawned %s", worker.pid)
`)
	dir := b.TempDir()
	host := &schema.HostInputs{Machine: true, Environ: map[string]string{"PORT": "80"}, CPUs: 4, Dir: dir}
	b.ReportAllocs()
	for b.Loop() {
		Module(Options{Files: schema.NewFiles(dir), Dir: dir, Filename: "conf.py", Source: src, ModuleName: "__config__", SysPath: []string{dir}, Host: host})
	}
}
