package startup

import "sync"

// A fact says what a call of a library's callable starts. Each was read in the library's source or manual.
type fact struct {
	kind Kind
	note string
	// unless tells from the arguments that this call starts nothing.
	unless func(known judge, args arguments) bool
	// pooled is set for what ends with the with statement of the object it is called on.
	pooled bool
}

// A judge tells the truth of a value: yes, no, or unknown.
type judge func(value) truth

// Notes that several facts share.
const (
	noteThread   = "a thread does not exist in a forked process"
	noteBatch    = "its worker is a thread; the SDK starts it anew after a fork by os.register_at_fork, which uWSGI does not call without py-call-uwsgi-fork-hooks or py-call-osafterfork"
	noteShared   = "processes forked afterwards share the connection"
	noteGRPC     = "gRPC's channels do not work in a process forked after they were made"
	noteMongo    = "its monitors are threads, and the client is not fork-safe"
	noteKafka    = "its sender is a thread, which does not exist in a forked process"
	noteForever  = "the call does not return: the import never ends"
	noteGreenlet = "it runs when the loop of this process gets to run"
	noteAgent    = "it watches what is imported and called after this"
)

// falseArgument tells that a keyword argument is given as False (or 0 or None).
func falseArgument(name string) func(judge, arguments) bool {
	return func(known judge, args arguments) bool {
		v, ok := args.kw[name]
		return ok && known(v) == no
	}
}

// notTrueArgument tells that an argument, given by place or name, is not given or given as False.
func notTrueArgument(i int, name string) func(judge, arguments) bool {
	return func(known judge, args arguments) bool {
		v, ok := args.get(i, name)
		return !ok && !args.open || ok && known(v) == no
	}
}

// zeroArgument tells that an argument is given as 0.
func zeroArgument(i int, name string) func(judge, arguments) bool {
	return func(_ judge, args arguments) bool {
		v, ok := args.get(i, name)
		c, isConstant := v.(constant)
		return ok && isConstant && isZero(c)
	}
}

// noArgument tells that an argument is not given.
func noArgument(i int, name string) func(judge, arguments) bool {
	return func(_ judge, args arguments) bool {
		v, ok := args.get(i, name)
		if s, isText := text(v); isText && s == "" {
			return true
		}
		return !ok && !args.open
	}
}

// facts are what the calls of libraries start, by the callable's full name. A class's name stands for its construction.
var facts = sync.OnceValue(func() map[string]fact {
	return merge(standardFacts(), taskFacts(), telemetryFacts(), connectionFacts(), serverFacts())
})

func merge(maps ...map[string]fact) map[string]fact {
	out := map[string]fact{}
	for _, m := range maps {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

var standardFacts = sync.OnceValue(func() map[string]fact {
	return map[string]fact{
		"threading.Thread.start":               {kind: Thread, note: noteThread},
		"threading.Timer.start":                {kind: Timer, note: noteThread},
		"_thread.start_new_thread":             {kind: Thread, note: noteThread},
		"_thread.start_new":                    {kind: Thread, note: noteThread},
		"logging.handlers.QueueListener.start": {kind: Thread, note: noteThread},

		"concurrent.futures.ThreadPoolExecutor.submit":  {kind: Thread, note: "the pool's threads start with the first job", pooled: true},
		"concurrent.futures.ThreadPoolExecutor.map":     {kind: Thread, note: "the pool's threads start with the first job", pooled: true},
		"concurrent.futures.ProcessPoolExecutor.submit": {kind: Process, note: "the pool's processes and its managing thread start with the first job", pooled: true},
		"concurrent.futures.ProcessPoolExecutor.map":    {kind: Process, note: "the pool's processes and its managing thread start with the first job", pooled: true},

		"multiprocessing.Process.start":              {kind: Process},
		"multiprocessing.Pool":                       {kind: Process, note: "the pool's processes and the threads that manage them start at once"},
		"multiprocessing.Manager":                    {kind: Process, note: "a manager is a process"},
		"multiprocessing.managers.BaseManager.start": {kind: Process, note: "a manager is a process"},
		"multiprocessing.managers.SyncManager.start": {kind: Process, note: "a manager is a process"},
		"multiprocessing.pool.ThreadPool":            {kind: Thread, note: "the pool's threads start at once"},
		"multiprocessing.Queue.put":                  {kind: Thread, note: "the queue's feeder thread starts with the first put"},

		"subprocess.Popen":           {kind: Process},
		"subprocess.run":             {kind: Command},
		"subprocess.call":            {kind: Command},
		"subprocess.check_call":      {kind: Command},
		"subprocess.check_output":    {kind: Command},
		"subprocess.getoutput":       {kind: Command},
		"subprocess.getstatusoutput": {kind: Command},
		"os.system":                  {kind: Command},
		"os.popen":                   {kind: Command},
		"os.fork":                    {kind: Process},
		"os.forkpty":                 {kind: Process},
		"os.posix_spawn":             {kind: Process},
		"os.posix_spawnp":            {kind: Process},
		"pty.fork":                   {kind: Process},

		"asyncio.create_task":                          {kind: Greenlet, note: noteGreenlet},
		"asyncio.ensure_future":                        {kind: Greenlet, note: noteGreenlet},
		"asyncio.AbstractEventLoop.create_task":        {kind: Greenlet, note: noteGreenlet},
		"asyncio.AbstractEventLoop.call_later":         {kind: Timer, note: noteGreenlet},
		"asyncio.AbstractEventLoop.call_at":            {kind: Timer, note: noteGreenlet},
		"asyncio.AbstractEventLoop.run_forever":        {kind: EventLoop, note: noteForever},
		"asyncio.AbstractEventLoop.run_in_executor":    {kind: Thread, note: noteThread},
		"asyncio.AbstractEventLoop.add_signal_handler": {kind: SignalHandler},
		"signal.signal":                                {kind: SignalHandler, note: "the server sets its own handlers for the signals it uses after this"},
		"signal.setitimer":                             {kind: Timer},
		"signal.alarm":                                 {kind: Timer},
		"time.sleep":                                   {kind: Sleep},

		"socket.create_connection":            {kind: Connection, note: noteShared},
		"socket.socket.connect":               {kind: Connection, note: noteShared},
		"socket.socket.listen":                {kind: Server, note: "it listens on a socket of its own"},
		"socket.create_server":                {kind: Server, note: "it listens on a socket of its own"},
		"smtplib.SMTP":                        {kind: Connection, note: noteShared, unless: noArgument(0, "host")},
		"smtplib.SMTP_SSL":                    {kind: Connection, note: noteShared, unless: noArgument(0, "host")},
		"smtplib.SMTP.connect":                {kind: Connection, note: noteShared},
		"ftplib.FTP":                          {kind: Connection, note: noteShared, unless: noArgument(0, "host")},
		"sqlite3.connect":                     {kind: Connection, note: "SQLite does not allow a connection to be carried across a fork"},
		"urllib.request.urlopen":              {kind: Network},
		"urllib.request.urlretrieve":          {kind: Network},
		"http.client.HTTPConnection.request":  {kind: Network},
		"http.client.HTTPSConnection.request": {kind: Network},
	}
})

var taskFacts = sync.OnceValue(func() map[string]fact {
	return map[string]fact{
		"apscheduler.schedulers.background.BackgroundScheduler.start": {kind: Scheduler, note: "its loop is a thread"},
		"apscheduler.schedulers.blocking.BlockingScheduler.start":     {kind: Scheduler, note: noteForever},
		"apscheduler.schedulers.asyncio.AsyncIOScheduler.start":       {kind: Scheduler, note: "its jobs run on the event loop of this process"},
		"apscheduler.schedulers.gevent.GeventScheduler.start":         {kind: Scheduler, note: "its loop is a greenlet"},
		"apscheduler.schedulers.tornado.TornadoScheduler.start":       {kind: Scheduler, note: "its jobs run on Tornado's loop of this process"},
		"apscheduler.schedulers.twisted.TwistedScheduler.start":       {kind: Scheduler, note: "its jobs run on Twisted's reactor of this process"},
		"apscheduler.schedulers.qt.QtScheduler.start":                 {kind: Scheduler},
		"flask_apscheduler.APScheduler.start":                         {kind: Scheduler, note: "its loop is a thread"},

		"gevent.spawn":               {kind: Greenlet, note: noteGreenlet},
		"gevent.spawn_later":         {kind: Greenlet, note: noteGreenlet},
		"gevent.Greenlet.start":      {kind: Greenlet, note: noteGreenlet},
		"gevent.pool.Pool.spawn":     {kind: Greenlet, note: noteGreenlet},
		"gevent.pool.Group.spawn":    {kind: Greenlet, note: noteGreenlet},
		"eventlet.spawn":             {kind: Greenlet, note: noteGreenlet},
		"eventlet.spawn_n":           {kind: Greenlet, note: noteGreenlet},
		"eventlet.spawn_after":       {kind: Greenlet, note: noteGreenlet},
		"eventlet.GreenPool.spawn":   {kind: Greenlet, note: noteGreenlet},
		"eventlet.GreenPool.spawn_n": {kind: Greenlet, note: noteGreenlet},

		"gevent.monkey.patch_all":           {kind: MonkeyPatch},
		"gevent.monkey.patch_thread":        {kind: MonkeyPatch},
		"gevent.monkey.patch_socket":        {kind: MonkeyPatch},
		"gevent.monkey.patch_ssl":           {kind: MonkeyPatch},
		"gevent.monkey.patch_time":          {kind: MonkeyPatch},
		"eventlet.monkey_patch":             {kind: MonkeyPatch},
		"psycogreen.gevent.patch_psycopg":   {kind: MonkeyPatch},
		"psycogreen.eventlet.patch_psycopg": {kind: MonkeyPatch},

		"flask_socketio.SocketIO.start_background_task": {kind: Thread, note: "a thread, or a greenlet under gevent or eventlet"},
		"watchdog.observers.Observer.start":             {kind: Thread, note: noteThread},
		"pyinotify.ThreadedNotifier.start":              {kind: Thread, note: noteThread},
		"tornado.ioloop.PeriodicCallback.start":         {kind: Timer, note: "it runs on Tornado's loop of this process"},
		"tornado.ioloop.IOLoop.start":                   {kind: EventLoop, note: noteForever},
		"crochet.setup":                                 {kind: Thread, note: "Twisted's reactor runs in a thread"},
		"twisted.internet.reactor.run":                  {kind: EventLoop, note: noteForever},
		"paho.mqtt.client.Client.loop_start":            {kind: Thread, note: noteThread},
		"paho.mqtt.client.Client.loop_forever":          {kind: EventLoop, note: noteForever},
		"websocket.WebSocketApp.run_forever":            {kind: EventLoop, note: noteForever},
		"redis.Redis.pubsub.run_in_thread":              {kind: Thread, note: noteThread},
		"loguru.logger.add":                             {kind: Thread, note: "enqueue=True writes from a thread", unless: notTrueArgument(-1, "enqueue")},
		"celery.Celery.worker_main":                     {kind: Process, note: noteForever},
		"celery.Celery.start":                           {kind: Process, note: noteForever},
		"celery.Celery.send_task":                       {kind: Connection, note: "the task is sent to the broker"},
		"celery.Task.delay":                             {kind: Connection, note: "the task is sent to the broker"},
		"celery.Task.apply_async":                       {kind: Connection, note: "the task is sent to the broker"},
		"ray.init":                                      {kind: Process},

		"uwsgi.add_timer":        {kind: UWSGITimer},
		"uwsgi.add_rb_timer":     {kind: UWSGITimer},
		"uwsgi.add_cron":         {kind: UWSGITimer},
		"uwsgi.add_file_monitor": {kind: UWSGITimer},
		"uwsgi.register_signal":  {kind: UWSGITimer, note: "a handler of uWSGI's own signals"},
	}
})

var telemetryFacts = sync.OnceValue(func() map[string]fact {
	return map[string]fact{
		"prometheus_client.start_http_server":                            {kind: Exporter, note: "it serves the metrics from a thread"},
		"prometheus_client.start_wsgi_server":                            {kind: Exporter, note: "it serves the metrics from a thread"},
		"prometheus_client.push_to_gateway":                              {kind: Network},
		"prometheus_client.pushadd_to_gateway":                           {kind: Network},
		"prometheus_client.bridge.graphite.GraphiteBridge.start":         {kind: Exporter, note: noteThread},
		"opentelemetry.sdk.trace.export.BatchSpanProcessor":              {kind: Exporter, note: noteBatch},
		"opentelemetry.sdk.metrics.export.PeriodicExportingMetricReader": {kind: Exporter, note: noteBatch},
		"opentelemetry.sdk._logs.export.BatchLogRecordProcessor":         {kind: Exporter, note: noteBatch},
		"azure.monitor.opentelemetry.configure_azure_monitor":            {kind: Exporter, note: noteBatch},
		"datadog.threadstats.ThreadStats.start":                          {kind: Exporter, note: noteThread, unless: falseArgument("flush_in_thread")},

		"sentry_sdk.init":                     {kind: Agent, note: "its worker is a thread that starts with the first event, in each process anew"},
		"newrelic.agent.initialize":           {kind: Agent, note: noteAgent},
		"newrelic.agent.register_application": {kind: Agent, note: "it connects to the collector"},
		"ddtrace.patch_all":                   {kind: Agent, note: noteAgent},
		"ddtrace.patch":                       {kind: Agent, note: noteAgent},
		"ddtrace.profiling.Profiler.start":    {kind: Thread, note: noteThread},
		"elasticapm.Client":                   {kind: Agent, note: noteAgent},
		"elasticapm.instrument":               {kind: Agent, note: noteAgent},
		"elasticapm.contrib.flask.ElasticAPM": {kind: Agent, note: noteAgent},
		"rollbar.init":                        {kind: Agent},
		"bugsnag.configure":                   {kind: Agent},
		"scout_apm.api.install":               {kind: Agent},
		"pyroscope.configure":                 {kind: Agent, note: "it samples from a thread"},
		"googlecloudprofiler.start":           {kind: Agent, note: "it samples from a thread"},
		"opentelemetry.instrumentation.auto_instrumentation.initialize": {kind: Agent, note: noteAgent},

		"ldclient.get":                                  {kind: Thread, note: "the LaunchDarkly client starts its threads; it is to be made after the fork, or told of it by postfork()"},
		"ldclient.LDClient":                             {kind: Thread, note: "the LaunchDarkly client starts its threads; it is to be made after the fork, or told of it by postfork()"},
		"ldclient.client.LDClient":                      {kind: Thread, note: "the LaunchDarkly client starts its threads; it is to be made after the fork, or told of it by postfork()"},
		"UnleashClient.UnleashClient.initialize_client": {kind: Scheduler, note: "it refreshes the flags by APScheduler, from a thread"},
		"statsig.statsig.initialize":                    {kind: Thread, note: noteThread},
		"posthog.Posthog":                               {kind: Thread, note: "its consumers are threads", unless: syncMode},
		"analytics.client.Client":                       {kind: Thread, note: "its consumers are threads", unless: syncMode},
		"flagsmith.Flagsmith":                           {kind: Thread, note: "it polls from a thread", unless: notTrueArgument(-1, "enable_local_evaluation")},
	}
})

// syncMode tells that a client of an analytics service sends at once instead of from threads.
func syncMode(known judge, args arguments) bool {
	v, ok := args.kw["sync_mode"]
	send, given := args.kw["send"]
	return ok && known(v) == yes || given && known(send) == no
}
