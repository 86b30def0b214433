package startup

import "sync"

import "strings"

var connectionFacts = sync.OnceValue(func() map[string]fact {
	return map[string]fact{
		"psycopg2.connect":                            {kind: Connection, note: noteShared},
		"psycopg2.pool.SimpleConnectionPool":          {kind: Connection, note: noteShared, unless: zeroArgument(0, "minconn")},
		"psycopg2.pool.ThreadedConnectionPool":        {kind: Connection, note: noteShared, unless: zeroArgument(0, "minconn")},
		"psycopg.connect":                             {kind: Connection, note: noteShared},
		"psycopg.Connection.connect":                  {kind: Connection, note: noteShared},
		"psycopg_pool.ConnectionPool":                 {kind: Connection, note: "it connects from threads of its own unless open=False", unless: falseArgument("open")},
		"MySQLdb.connect":                             {kind: Connection, note: noteShared},
		"pymysql.connect":                             {kind: Connection, note: noteShared},
		"mysql.connector.connect":                     {kind: Connection, note: noteShared},
		"mysql.connector.pooling.MySQLConnectionPool": {kind: Connection, note: noteShared},
		"cx_Oracle.connect":                           {kind: Connection, note: noteShared},
		"oracledb.connect":                            {kind: Connection, note: noteShared},
		"pyodbc.connect":                              {kind: Connection, note: noteShared},
		"pymssql.connect":                             {kind: Connection, note: noteShared},
		"cassandra.cluster.Cluster.connect":           {kind: Connection, note: "its control connection and executor are threads"},

		"sqlalchemy.engine.Engine.connect":           {kind: Connection, note: "it stays in the engine's pool until engine.dispose()"},
		"sqlalchemy.engine.Engine.begin":             {kind: Connection, note: "it stays in the engine's pool until engine.dispose()"},
		"sqlalchemy.engine.Engine.execute":           {kind: Connection, note: "it stays in the engine's pool until engine.dispose()"},
		"sqlalchemy.engine.Engine.raw_connection":    {kind: Connection, note: "it stays in the engine's pool until engine.dispose()"},
		"sqlalchemy.inspect":                         {kind: Connection, note: "the inspector of an engine connects", unless: notEngine},
		"flask_sqlalchemy.SQLAlchemy.create_all":     {kind: Connection, note: "it stays in the engine's pool"},
		"flask_sqlalchemy.SQLAlchemy.drop_all":       {kind: Connection, note: "it stays in the engine's pool"},
		"flask_sqlalchemy.SQLAlchemy.reflect":        {kind: Connection, note: "it stays in the engine's pool"},
		"flask_sqlalchemy.SQLAlchemy.engine.connect": {kind: Connection, note: "it stays in the engine's pool"},

		"django.db.connection.cursor":            {kind: Connection, note: noteShared},
		"django.db.connection.ensure_connection": {kind: Connection, note: noteShared},
		"django.db.connection.connect":           {kind: Connection, note: noteShared},
		"django.core.management.call_command":    {kind: Command, note: "a command of manage.py"},

		"pymongo.MongoClient":                   {kind: Connection, note: noteMongo, unless: falseArgument("connect")},
		"mongoengine.connect":                   {kind: Connection, note: noteMongo, unless: falseArgument("connect")},
		"redis.cluster.RedisCluster":            {kind: Connection, note: noteShared},
		"kafka.KafkaProducer":                   {kind: Connection, note: noteKafka},
		"kafka.KafkaConsumer":                   {kind: Connection, note: noteShared},
		"kafka.KafkaAdminClient":                {kind: Connection, note: noteShared},
		"confluent_kafka.Producer":              {kind: Connection, note: "librdkafka's threads do not exist in a forked process"},
		"confluent_kafka.Consumer":              {kind: Connection, note: "librdkafka's threads do not exist in a forked process"},
		"confluent_kafka.SerializingProducer":   {kind: Connection, note: "librdkafka's threads do not exist in a forked process"},
		"confluent_kafka.DeserializingConsumer": {kind: Connection, note: "librdkafka's threads do not exist in a forked process"},
		"confluent_kafka.admin.AdminClient":     {kind: Connection, note: "librdkafka's threads do not exist in a forked process"},
		"pika.BlockingConnection":               {kind: Connection, note: noteShared},
		"kombu.Connection.connect":              {kind: Connection, note: noteShared},
		"kombu.Connection.ensure_connection":    {kind: Connection, note: noteShared},
		"rq.Queue.enqueue":                      {kind: Connection, note: "the job is sent to Redis"},
		"paho.mqtt.client.Client.connect":       {kind: Connection, note: noteShared},
		"stomp.Connection.connect":              {kind: Connection, note: "its receiver is a thread"},
		"kazoo.client.KazooClient.start":        {kind: Connection, note: "it keeps the connection from threads"},
		"grpc.insecure_channel":                 {kind: Connection, note: noteGRPC},
		"grpc.secure_channel":                   {kind: Connection, note: noteGRPC},
		"paramiko.SSHClient.connect":            {kind: Connection, note: "its transport is a thread"},
		"websocket.create_connection":           {kind: Connection, note: noteShared},
		"zmq.Context.socket.connect":            {kind: Connection, note: "ZeroMQ's contexts are not to be carried across a fork"},
		"zmq.Context.socket.bind":               {kind: Server, note: "ZeroMQ's contexts are not to be carried across a fork"},
		"ldap3.Connection.bind":                 {kind: Connection, note: noteShared},
	}
})

var serverFacts = sync.OnceValue(func() map[string]fact {
	return map[string]fact{
		"flask.Flask.run":                        {kind: Server, note: noteForever},
		"quart.Quart.run":                        {kind: Server, note: noteForever},
		"bottle.run":                             {kind: Server, note: noteForever},
		"bottle.Bottle.run":                      {kind: Server, note: noteForever},
		"flask_socketio.SocketIO.run":            {kind: Server, note: noteForever},
		"dash.Dash.run_server":                   {kind: Server, note: noteForever},
		"dash.Dash.run":                          {kind: Server, note: noteForever},
		"uvicorn.run":                            {kind: Server, note: noteForever},
		"uvicorn.Server.run":                     {kind: Server, note: noteForever},
		"hypercorn.run.run":                      {kind: Server, note: noteForever},
		"waitress.serve":                         {kind: Server, note: noteForever},
		"werkzeug.serving.run_simple":            {kind: Server, note: noteForever},
		"aiohttp.web.run_app":                    {kind: Server, note: noteForever},
		"cherrypy.quickstart":                    {kind: Server, note: noteForever},
		"cherrypy.engine.start":                  {kind: Server, note: "its bus and servers are threads"},
		"gevent.pywsgi.WSGIServer.serve_forever": {kind: Server, note: noteForever},
		"gevent.pywsgi.WSGIServer.start":         {kind: Server},
		"eventlet.wsgi.server":                   {kind: Server, note: noteForever},
		"grpc.server.start":                      {kind: Server, note: "it serves from threads"},
		"socketserver.BaseServer.serve_forever":  {kind: Server, note: noteForever},
		"wsgiref.simple_server.make_server":      {kind: Server, note: "it listens on a socket of its own"},
		"xmlrpc.server.SimpleXMLRPCServer":       {kind: Server, note: "it listens on a socket of its own"},
		"tornado.web.Application.listen":         {kind: Server, note: "it listens on a socket of its own"},
		"gunicorn.app.base.BaseApplication.run":  {kind: Server, note: noteForever},
	}
})

// aliases are other names of what the tables know: names under which packages export something again, and old ones.
// What stands below such a name is renamed with it.
var aliases = sync.OnceValue(func() map[string]string {
	return map[string]string{
		"concurrent.futures.thread.ThreadPoolExecutor":   "concurrent.futures.ThreadPoolExecutor",
		"concurrent.futures.process.ProcessPoolExecutor": "concurrent.futures.ProcessPoolExecutor",
		"multiprocessing.pool.Pool":                      "multiprocessing.Pool",
		"multiprocessing.context.Process":                "multiprocessing.Process",
		"multiprocessing.process.BaseProcess":            "multiprocessing.Process",
		"multiprocessing.dummy.Pool":                     "multiprocessing.pool.ThreadPool",
		"multiprocessing.dummy.Process":                  "threading.Thread",
		"multiprocessing.JoinableQueue":                  "multiprocessing.Queue",
		"threading._start_new_thread":                    "_thread.start_new_thread",
		"billiard":                                       "multiprocessing",
		"torch.multiprocessing":                          "multiprocessing",

		"flask_apscheduler.scheduler.APScheduler":    "flask_apscheduler.APScheduler",
		"gevent.greenlet.Greenlet":                   "gevent.Greenlet",
		"gevent.Greenlet.spawn":                      "gevent.spawn",
		"eventlet.greenpool.GreenPool":               "eventlet.GreenPool",
		"eventlet.patcher.monkey_patch":              "eventlet.monkey_patch",
		"watchdog.observers.inotify.InotifyObserver": "watchdog.observers.Observer",
		"watchdog.observers.polling.PollingObserver": "watchdog.observers.Observer",

		"prometheus_client.exposition.start_http_server":          "prometheus_client.start_http_server",
		"prometheus_client.exposition.start_wsgi_server":          "prometheus_client.start_wsgi_server",
		"prometheus_client.exposition.push_to_gateway":            "prometheus_client.push_to_gateway",
		"opentelemetry.sdk.trace.export.BatchExportSpanProcessor": "opentelemetry.sdk.trace.export.BatchSpanProcessor",
		"opentelemetry.sdk._logs.export.BatchLogProcessor":        "opentelemetry.sdk._logs.export.BatchLogRecordProcessor",
		"opentelemetry.sdk.logs.export.BatchLogRecordProcessor":   "opentelemetry.sdk._logs.export.BatchLogRecordProcessor",
		"elasticapm.base.Client":                                  "elasticapm.Client",
		"posthog.client.Client":                                   "posthog.Posthog",
		"posthog.Client":                                          "posthog.Posthog",
		"segment.analytics.client.Client":                         "analytics.client.Client",
		"segment.analytics.Client":                                "analytics.client.Client",
		"analytics.Client":                                        "analytics.client.Client",
		"statsig.initialize":                                      "statsig.statsig.initialize",

		"redis.StrictRedis":                                    "redis.Redis",
		"redis.client.Redis":                                   "redis.Redis",
		"redis.client.StrictRedis":                             "redis.Redis",
		"redis.RedisCluster":                                   "redis.cluster.RedisCluster",
		"pymongo.mongo_client.MongoClient":                     "pymongo.MongoClient",
		"pymongo.MongoReplicaSetClient":                        "pymongo.MongoClient",
		"mongoengine.connection.connect":                       "mongoengine.connect",
		"kafka.producer.KafkaProducer":                         "kafka.KafkaProducer",
		"kafka.consumer.KafkaConsumer":                         "kafka.KafkaConsumer",
		"confluent_kafka.avro.AvroProducer":                    "confluent_kafka.Producer",
		"pika.adapters.blocking_connection.BlockingConnection": "pika.BlockingConnection",
		"pika.adapters.BlockingConnection":                     "pika.BlockingConnection",
		"pymysql.Connect":                                      "pymysql.connect",
		"pymysql.Connection":                                   "pymysql.connect",
		"pymysql.connections.Connection":                       "pymysql.connect",
		"MySQLdb.Connect":                                      "MySQLdb.connect",
		"MySQLdb.Connection":                                   "MySQLdb.connect",
		"mysql.connector.Connect":                              "mysql.connector.connect",
		"psycopg2._connect":                                    "psycopg2.connect",
		"sqlalchemy.engine.create_engine":                      "sqlalchemy.create_engine",
		"sqlalchemy.inspection.inspect":                        "sqlalchemy.inspect",
		"sqlalchemy.engine.base.Engine":                        "sqlalchemy.engine.Engine",
		"sqlalchemy.Engine":                                    "sqlalchemy.engine.Engine",
		"sqlalchemy.schema.MetaData":                           "sqlalchemy.MetaData",
		"sqlalchemy.orm.session.sessionmaker":                  "sqlalchemy.orm.sessionmaker",
		"flask.ext.sqlalchemy":                                 "flask_sqlalchemy",
		"flaskext.sqlalchemy":                                  "flask_sqlalchemy",
		"django.db.transaction.connection":                     "django.db.connection",
		"celery.app.task.Task":                                 "celery.Task",
		"celery.app.base.Celery":                               "celery.Celery",
		"requests.sessions.Session":                            "requests.Session",
		"requests.api":                                         "requests",
		"flask.app.Flask":                                      "flask.Flask",
		"socketserver.TCPServer":                               "socketserver.BaseServer",
		"socketserver.UDPServer":                               "socketserver.BaseServer",
		"socketserver.ThreadingTCPServer":                      "socketserver.BaseServer",
		"socketserver.ThreadingUDPServer":                      "socketserver.BaseServer",
		"http.server.HTTPServer":                               "socketserver.BaseServer",
		"http.server.ThreadingHTTPServer":                      "socketserver.BaseServer",
		"gunicorn.app.wsgiapp.WSGIApplication":                 "gunicorn.app.base.BaseApplication",
		"gunicorn.app.base.Application":                        "gunicorn.app.base.BaseApplication",
		"channels.asgi.get_channel_layer":                      "channels.layers.get_channel_layer",
	}
})

// results are the classes of what functions and methods give.
var results = sync.OnceValue(func() map[string]string {
	return map[string]string{
		"multiprocessing.get_context":        "multiprocessing",
		"asyncio.get_event_loop":             "asyncio.AbstractEventLoop",
		"asyncio.new_event_loop":             "asyncio.AbstractEventLoop",
		"asyncio.get_running_loop":           "asyncio.AbstractEventLoop",
		"uvloop.new_event_loop":              "asyncio.AbstractEventLoop",
		"logging.config.listen":              "threading.Thread",
		"tornado.ioloop.IOLoop.current":      "tornado.ioloop.IOLoop",
		"tornado.ioloop.IOLoop.instance":     "tornado.ioloop.IOLoop",
		"sqlalchemy.create_engine":           "sqlalchemy.engine.Engine",
		"sqlalchemy.engine_from_config":      "sqlalchemy.engine.Engine",
		"redis.from_url":                     "redis.Redis",
		"redis.Redis.from_url":               "redis.Redis",
		"redis.sentinel.Sentinel.master_for": "redis.Redis",
		"redis.sentinel.Sentinel.slave_for":  "redis.Redis",
		"requests.session":                   "requests.Session",
		"gevent.spawn":                       "gevent.Greenlet",
		"wsgiref.simple_server.make_server":  "socketserver.BaseServer",
		"elasticapm.Client":                  "elasticapm.Client",
		"asgiref.sync.async_to_sync":         "asgiref.sync.async_to_sync",
		"functools.wraps":                    "functools.wraps",
		"functools.lru_cache":                "functools.lru_cache",
	}
})

// managers are classes whose with statement ends what the object has started.
var managers = sync.OnceValue(func() map[string]bool {
	return map[string]bool{
		"concurrent.futures.ThreadPoolExecutor": true, "concurrent.futures.ProcessPoolExecutor": true, "multiprocessing.Pool": true,
		"multiprocessing.pool.ThreadPool": true, "multiprocessing.Manager": true, "subprocess.Popen": true, "psycopg.connect": true,
		"psycopg_pool.ConnectionPool": true, "pymongo.MongoClient": true, "pika.BlockingConnection": true, "redis.Redis": true,
		"socket.create_connection": true, "socket.socket": true, "smtplib.SMTP": true, "smtplib.SMTP_SSL": true, "ftplib.FTP": true,
		"grpc.insecure_channel": true, "grpc.secure_channel": true, "posthog.Posthog": false,
	}
})

// A decoratorFact is what one of uWSGI's decorators registers. factory is set where it is written with arguments.
type decoratorFact struct {
	factory bool
	note    string
}

var uwsgiDecorators = sync.OnceValue(func() map[string]decoratorFact {
	return map[string]decoratorFact{
		"uwsgidecorators.timer":        {true, "uWSGI calls it by its own timer, in a worker"},
		"uwsgidecorators.rbtimer":      {true, "uWSGI calls it by its own timer, in a worker"},
		"uwsgidecorators.cron":         {true, "uWSGI calls it by its own cron, in a worker"},
		"uwsgidecorators.filemon":      {true, "uWSGI calls it when the file changes"},
		"uwsgidecorators.signal":       {true, "uWSGI calls it upon its own signal"},
		"uwsgidecorators.spool":        {false, "the spooler calls it"},
		"uwsgidecorators.spoolforever": {false, "the spooler calls it"},
		"uwsgidecorators.spoolraw":     {false, "the spooler calls it"},
		"uwsgidecorators.mule":         {true, "it runs in a mule"},
		"uwsgidecorators.farm":         {true, "it runs in a farm of mules"},
		"uwsgidecorators.mulefunc":     {false, "it runs in a mule"},
	}
})

// importFacts are modules whose mere import does something; those below them do it, too.
var importFacts = map[string]fact{
	"ddtrace.auto":                    {kind: Agent, note: noteAgent},
	"ddtrace.bootstrap.sitecustomize": {kind: Agent, note: noteAgent},
	"ddtrace.profiling.auto":          {kind: Agent, note: "the profiler samples from threads"},
}

// installedFacts are applications of Django's that do something when they are in INSTALLED_APPS.
var installedFacts = map[string]fact{
	"elasticapm.contrib.django": {kind: Agent, note: noteAgent},
	"scout_apm.django":          {kind: Agent, note: noteAgent},
}

// otherNames are names that code in this package asks for.
var otherNames = []string{
	"uwsgidecorators.postfork", "uwsgidecorators.thread", "uwsgidecorators.lock", "uwsgidecorators.harakiri", "uwsgidecorators.rpc",
	"threading.Thread", "threading.Timer", "django.core.wsgi.get_wsgi_application", "django.conf.settings", "django.apps.AppConfig",
	"django.db.models.Model", "functools.partial", "functools.wraps", "os.environ", "os.getenv", "importlib.import_module",
	"celery.shared_task", "celery.Celery", "flask.Flask", "flask.current_app", "requests.get", "requests.post", "redis.Redis",
	"sqlalchemy.create_engine", "sqlalchemy.MetaData", "typing.TYPE_CHECKING", "asyncio.run", "os.register_at_fork",
}

// notEngine tells that sqlalchemy.inspect is not given an engine.
func notEngine(_ judge, args arguments) bool {
	v, _ := args.get(0, "subject")
	i, ok := v.(*instance)
	return !ok || i.lib != "sqlalchemy.engine.Engine"
}

var httpVerbs = map[string]bool{"get": true, "post": true, "put": true, "delete": true, "head": true, "patch": true, "options": true, "request": true, "stream": true, "send": true}

// queryEnds are methods of query objects that send the query.
var queryEnds = map[string]bool{
	"all": true, "first": true, "one": true, "one_or_none": true, "scalar": true, "scalars": true, "count": true, "get": true, "execute": true,
	"commit": true, "flush": true, "exists": true, "delete": true, "update": true, "paginate": true, "get_or_404": true, "first_or_404": true,
}

// managerEnds are methods of Django's managers and querysets that send a query.
var managerEnds = map[string]bool{
	"get": true, "first": true, "last": true, "count": true, "exists": true, "create": true, "get_or_create": true, "update_or_create": true,
	"update": true, "delete": true, "bulk_create": true, "bulk_update": true, "aggregate": true, "earliest": true, "latest": true, "in_bulk": true,
}

// redisLazy are methods of a Redis client that send nothing.
var redisLazy = map[string]bool{
	"pipeline": true, "pubsub": true, "lock": true, "register_script": true, "from_url": true, "get_encoder": true, "close": true,
	"set_response_callback": true, "connection_pool": true, "client": true, "transaction": true, "from_pool": true, "monitor": true,
	"get_connection_kwargs": true, "response_callbacks": true, "load_external_module": true, "get_retry": true, "set_retry": true,
}

// patternFact knows callables by the library and the last part of their name.
func patternFact(name string) (kind Kind, note string, ok bool) {
	last, parent := lastPart(name), parentPart(name)
	switch {
	case parent == "requests" || parent == "requests.Session" || parent == "httpx" || parent == "httpx.Client" || parent == "urllib3.PoolManager" || parent == "urllib3":
		if httpVerbs[last] || last == "urlopen" {
			return Network, "", true
		}
	case parent == "redis.Redis":
		if !redisLazy[last] && !strings.HasPrefix(last, "_") {
			return Connection, noteShared, true
		}
	case strings.HasPrefix(name, "redis.Redis.pipeline"):
		if last == "execute" {
			return Connection, noteShared, true
		}
	case strings.HasPrefix(name, "redis.Redis.pubsub"):
		if last == "subscribe" || last == "psubscribe" {
			return Connection, noteShared, true
		}
	case isQuery(name):
		if managerEnds[last] {
			return Connection, noteShared, true
		}
	case strings.HasPrefix(name, "django.db.connections"):
		if last == "cursor" || last == "ensure_connection" || last == "connect" {
			return Connection, noteShared, true
		}
	case strings.HasPrefix(name, "sqlalchemy."):
		if (last == "create_all" || last == "drop_all" || last == "reflect") && strings.HasSuffix(strings.ToLower(parent), "metadata") ||
			queryEnds[last] && strings.HasPrefix(name, "sqlalchemy.orm.") && (strings.Contains(name, "session") || strings.Contains(name, "Session")) {
			return Connection, "it stays in the engine's pool until engine.dispose()", true
		}
	case strings.HasPrefix(name, "flask_sqlalchemy.SQLAlchemy."):
		if queryEnds[last] && (strings.Contains(parent, ".session") || strings.HasSuffix(parent, ".query") || strings.Contains(parent, ".query.")) {
			return Connection, "it stays in the engine's pool", true
		}
	case strings.HasPrefix(name, "elasticsearch.Elasticsearch."):
		return Network, "", true
	}
	return "", "", false
}

// standard are modules of the standard library that a project's file of the same name does not replace, because
// the interpreter or the server has imported them first.
var standard = sync.OnceValue(func() map[string]bool {
	return map[string]bool{
		"os": true, "sys": true, "threading": true, "_thread": true, "logging": true, "asyncio": true, "concurrent": true, "multiprocessing": true, "subprocess": true,
		"signal": true, "time": true, "socket": true, "socketserver": true, "http": true, "urllib": true, "importlib": true, "functools": true, "typing": true,
		"collections": true, "contextlib": true, "re": true, "json": true, "io": true, "abc": true, "inspect": true, "random": true, "tempfile": true,
		"traceback": true, "types": true, "weakref": true, "itertools": true, "operator": true, "datetime": true, "ssl": true, "select": true, "errno": true, "warnings": true,
		"copy": true, "enum": true, "pathlib": true, "shutil": true, "string": true, "struct": true, "uuid": true, "queue": true, "__future__": true, "builtins": true,
		"gunicorn": true, "uwsgi": true, "uvicorn": true,
	}
})
