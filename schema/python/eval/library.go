package eval

import (
	"math"
	"strings"

	"gsrv/schema"
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

// stdlibNames are modules of the standard library that a project's folder is not taken for.
var stdlibNames = map[string]bool{"test": true}

// table is the names of a modelled module.
type table = map[string]value.Value

// library gives the names of a module of the standard library or a well-known package, or nil.
func library(in *interp, name string) table {
	if f, ok := libraries[name]; ok {
		return f(in)
	}
	if _, ok := unreadable[name]; ok {
		return table{}
	}
	return nil
}

// unreadable are standard modules whose functions say nothing before the server runs.
var unreadable = map[string]string{
	"subprocess": "", "threading": "", "urllib": "", "urllib.request": "", "urllib.parse": "", "http": "", "http.client": "", "shutil": "", "glob": "", "atexit": "",
	"inspect": "", "traceback": "", "importlib": "", "importlib.metadata": "", "abc": "", "asyncio": "", "concurrent": "", "concurrent.futures": "",
	"queue": "", "hashlib": "", "base64": "", "struct": "", "pprint": "", "configparser": "", "csv": "", "io": "", "gc": "", "weakref": "", "resource": "", "pwd": "", "grp": "",
	"faulthandler": "", "argparse": "", "ast": "", "builtins": "", "stat": "", "errno": "", "select": "", "ctypes": "", "unittest": "", "unittest.mock": "", "zoneinfo": "", "locale": "",
	"getpass": "", "fcntl": "", "pickle": "", "sqlite3": "", "email": "", "html": "", "xml": "", "decimal": "", "fractions": "", "statistics": "", "numbers": "", "bisect": "", "heapq": "",
	"linecache": "", "tracemalloc": "", "cProfile": "", "mimetypes": "", "ipaddress": "", "calendar": "",
}

var libraries map[string]func(in *interp) table

func init() {
	libraries = map[string]func(in *interp) table{
		"os": libOS, "os.path": libPath, "posixpath": libPath, "sys": libSys, "multiprocessing": libMultiprocessing, "socket": libSocket, "platform": libPlatform,
		"json": libJSON, "pathlib": libPathlib, "logging": libLogging, "logging.config": libLogging, "logging.handlers": libLogging, "math": libMath, "string": libString, "re": libRe,
		"time": libTime, "datetime": libTime, "random": libRandom, "uuid": libRandom, "secrets": libRandom,
		"typing": libTyping, "typing_extensions": libTyping, "collections": libCollections, "collections.abc": libTyping, "functools": libFunctools, "itertools": libItertools,
		"operator": libOperator, "copy": libCopy, "textwrap": libPure("textwrap", "dedent"), "shlex": libPure("shlex", "split", "quote", "join"),
		"distutils": libStrtobool, "distutils.util": libStrtobool, "setuptools": libStrtobool, "setuptools._distutils": libStrtobool, "setuptools._distutils.util": libStrtobool,
		"dataclasses": libDataclasses, "enum": libEnum, "contextlib": libContextlib, "warnings": libQuiet("warn", "filterwarnings", "simplefilter", "warn_explicit"),
		"signal": libSignal, "ssl": libSSL, "dotenv": libDotenv, "decouple": libDecouple, "environs": libEnvirons, "environ": libEnvirons, "types": libTypes, "tempfile": libTempfile, "psutil": libPsutil, "gc": libQuiet("collect", "disable", "enable", "freeze", "set_threshold"),
		"gevent": libGevent, "gevent.monkey": libGevent, "eventlet": libGevent, "psycogreen": libGevent, "psycogreen.gevent": libGevent,
	}
}

func libQuiet(names ...string) func(*interp) table {
	return func(*interp) table {
		t := table{}
		for _, n := range names {
			t[n] = returns(n, value.None)
		}
		return t
	}
}

func libPure(module string, names ...string) func(*interp) table {
	return func(*interp) table {
		t := table{}
		for _, n := range names {
			t[n] = pure(module + "." + n)
		}
		return t
	}
}

// pure is a function that package value has.
func pure(name string) *native {
	return fn(name, func(in *interp, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
		for i, a := range args {
			if p := pathText(a); p != nil {
				args[i] = p
			}
		}
		if anyHidden(args, 0) || kwargsHidden(kwargs) {
			return in.follow(n, name+"()", append(args, kwValues(kwargs)...)...), nil
		}
		v, err := value.CallModule(in.budget, name, args, kwargs)
		return in.builtinResult(v, err, n)
	})
}

func cpuCount(name string) *native {
	return fn(name, func(in *interp, _ []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
		return in.fact(schema.CPUCount, "int", n), nil
	})
}

func factFunc(name string, f schema.Fact, kind string) *native {
	return fn(name, func(in *interp, _ []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
		return in.fact(f, kind, n), nil
	})
}

const runtimeOnly = "it is known only when the server starts"

func libOS(in *interp) table {
	t := table{
		"environ": in.environ, "name": value.Str("posix"), "sep": value.Str("/"), "linesep": value.Str("\n"), "pathsep": value.Str(":"), "devnull": value.Str("/dev/null"), "curdir": value.Str("."),
		"cpu_count": cpuCount("os.cpu_count"), "process_cpu_count": cpuCount("os.process_cpu_count"), "getcwd": factFunc("os.getcwd", schema.CurrentDir, "str"),
		"getuid": factFunc("os.getuid", schema.UserID, "int"), "geteuid": factFunc("os.geteuid", schema.UserID, "int"), "getgid": factFunc("os.getgid", schema.GroupID, "int"),
		"getegid": factFunc("os.getegid", schema.GroupID, "int"), "getpid": factFunc("os.getpid", schema.ProcessID, "int"), "getlogin": factFunc("os.getlogin", schema.UserName, "str"),
		"PathLike": &class{name: "PathLike", builtin: true, attrs: table{}},
	}
	t["path"] = &module{name: "posixpath", builtin: libPath(in)}
	t["getenv"] = fn("os.getenv", func(in *interp, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
		return in.environ.method("get", args, kwargs, n)
	})
	t["putenv"], t["unsetenv"] = returns("os.putenv", value.None), returns("os.unsetenv", value.None)
	t["sched_getaffinity"] = fn("os.sched_getaffinity", func(in *interp, _ []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
		return &cpuSet{count: in.fact(schema.CPUCount, "int", n)}, nil
	})
	t["sysconf"] = fn("os.sysconf", func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
		switch first(args) {
		case value.Value(value.Str("SC_NPROCESSORS_ONLN")), value.Value(value.Str("SC_NPROCESSORS_CONF")):
			return in.fact(schema.CPUCount, "int", n), nil
		}
		return in.unknown(n, "it is a fact of the machine, "+runtimeOnly), nil
	})
	t["uname"] = dynamic("os.uname", "it is a fact of the machine, "+runtimeOnly)
	t["fspath"] = fn("os.fspath", func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
		if p := pathText(first(args)); p != nil {
			return p, nil
		}
		return first(args), nil
	})
	for _, name := range []string{"makedirs", "mkdir", "remove", "unlink", "chmod", "chown", "umask", "chdir", "symlink", "rename", "utime", "mkfifo", "kill", "setpgrp", "nice"} {
		t[name] = returns("os."+name, value.None)
	}
	for _, name := range []string{"listdir", "walk", "scandir", "stat", "popen", "system", "urandom", "times", "getloadavg", "access", "readlink", "getppid", "getpgid"} {
		t[name] = dynamic("os."+name, "it is the result of os."+name+"(), which is not run while reading")
	}
	return t
}

// A cpuSet is os.sched_getaffinity(0): only its size is known.
type cpuSet struct{ count value.Value }

// TypeName implements value.Value.
func (*cpuSet) TypeName() string { return "set" }

// PyLen implements value.Sized.
func (c *cpuSet) PyLen(*value.Budget) (int, error) {
	if n, ok := c.count.(value.Int); ok {
		i, _ := n.Int64()
		return int(i), nil
	}
	return 0, &value.UnsupportedError{What: "the number of CPUs is known only on the server's machine"}
}

func libPath(in *interp) table {
	t := table{"sep": value.Str("/"), "pardir": value.Str(".."), "curdir": value.Str(".")}
	for _, name := range []string{"basename", "dirname", "split", "splitext", "normpath", "normcase", "isabs", "commonpath"} {
		t[name] = fn("os.path."+name, func(in *interp, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
			if len(args) == 1 && isForeignUnknown(args[0]) && (name == "basename" || name == "dirname") {
				if _, ok := args[0].(*Symbolic); ok {
					return in.pathCall(name, n, args[0]), nil
				}
			}
			return pure("os.path."+name).call(in, args, kwargs, n)
		})
	}
	t["join"] = fn("os.path.join", func(in *interp, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
		for i, a := range args {
			if p := pathText(a); p != nil {
				args[i] = p
			}
		}
		if anyHidden(args, 0) {
			return in.pathCall("pathjoin", n, args...), nil
		}
		return pure("os.path.join").call(in, args, kwargs, n)
	})
	abs := fn("os.path.abspath", func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
		p, _ := in.pathArg(first(args))
		text, ok := p.(value.Str)
		if !ok {
			return in.follow(n, "os.path.abspath()", args...), nil
		}
		if strings.HasPrefix(string(text), "/") {
			return value.Str(value.PathNorm(string(text))), nil
		}
		dir := in.fact(schema.CurrentDir, "str", n)
		if d, ok := dir.(value.Str); ok {
			return value.Str(value.PathAbs(string(text), string(d))), nil
		}
		return in.pathCall("pathjoin", n, dir, text), nil
	})
	t["abspath"], t["realpath"] = abs, abs
	t["expanduser"] = fn("os.path.expanduser", func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
		text, ok := first(args).(value.Str)
		if !ok {
			return in.follow(n, "os.path.expanduser()", args...), nil
		}
		if !strings.HasPrefix(string(text), "~") {
			return text, nil
		}
		home, state := in.host.Env("HOME")
		if state == schema.EnvSet {
			if out, ok := value.PathExpandUser(string(text), home); ok {
				return value.Str(out), nil
			}
		}
		return in.unknown(n, "the home directory is known only where the server runs", "environment variable HOME"), nil
	})
	t["expandvars"] = fn("os.path.expandvars", func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
		text, ok := first(args).(value.Str)
		if ok && !strings.ContainsRune(string(text), '$') {
			return text, nil
		}
		return in.follow(n, "os.path.expandvars()", args...), nil
	})
	t["relpath"] = fn("os.path.relpath", func(in *interp, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
		dir := in.fact(schema.CurrentDir, "str", n)
		start := dir
		if len(args) > 1 {
			start = args[1]
		}
		p, _ := in.pathArg(first(args))
		from, _ := in.pathArg(start)
		text, ok := p.(value.Str)
		base, both := from.(value.Str)
		cwd, known := dir.(value.Str)
		if !ok || !both || !known || len(kwargs) > 0 {
			return in.follow(n, "os.path.relpath()", args...), nil
		}
		return value.Str(value.PathRel(value.PathAbs(string(text), string(cwd)), value.PathAbs(string(base), string(cwd)))), nil
	})
	for _, name := range []string{"exists", "isfile", "isdir", "lexists"} {
		t[name] = fn("os.path."+name, func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
			p, _ := in.pathArg(first(args))
			text, ok := p.(value.Str)
			if !ok {
				return in.follow(n, "os.path."+name+"()", args...), nil
			}
			return in.pathTest(name, string(text)), nil
		})
	}
	for _, name := range []string{"getmtime", "getsize", "islink", "ismount", "samefile"} {
		t[name] = dynamic("os.path."+name, "it asks the file system when the server starts")
	}
	return t
}

func libSys(in *interp) table {
	stream := &instance{class: &class{name: "TextIOWrapper", attrs: table{
		"write": returns("write", value.None), "flush": returns("flush", value.None), "isatty": dynamic("isatty", runtimeOnly),
		"reconfigure": returns("reconfigure", value.None), "fileno": dynamic("fileno", runtimeOnly),
	}}, attrs: table{}}
	version := &class{name: "version_info", kind: "namedtuple", fields: []string{"major", "minor", "micro", "releaselevel", "serial"}, attrs: table{}}
	info := &instance{class: version, attrs: table{"major": value.NewInt(3), "minor": value.NewInt(11), "micro": value.NewInt(2), "releaselevel": value.Str("final"), "serial": value.NewInt(0)}}
	exit := fn("sys.exit", func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
		return nil, in.thrown(&value.Exception{Type: "SystemExit", Msg: in.exceptionText(args), Args: args}, n)
	})
	in.builtins["exit"], in.builtins["quit"] = exit, exit
	return table{
		"argv": value.NewList(value.Str("gunicorn")), "path": in.sysPath, "platform": value.Str("linux"), "version_info": info, "version": dynamicValue("sys.version"),
		"modules": &sysModules{in}, "stdout": stream, "stderr": stream, "stdin": stream, "exit": exit, "maxsize": value.NewInt(math.MaxInt64), "byteorder": value.Str("little"),
		"executable": in.factValue(schema.ServerPath), "prefix": dynamicValue("sys.prefix"), "base_prefix": dynamicValue("sys.base_prefix"), "flags": dynamicValue("sys.flags"),
		"implementation": dynamicValue("sys.implementation"), "getrecursionlimit": returns("getrecursionlimit", value.NewInt(1000)), "setrecursionlimit": returns("setrecursionlimit", value.None),
		"getdefaultencoding": returns("getdefaultencoding", value.Str("utf-8")), "hexversion": value.NewInt(0x030b02f0), "dont_write_bytecode": value.False,
		"_getframe": dynamic("sys._getframe", "it looks at the running program"), "settrace": returns("settrace", value.None), "exc_info": dynamic("sys.exc_info", "it looks at the running program"),
	}
}

func dynamicValue(name string) *Unknown {
	return &Unknown{&schema.Opaque{Source: name, Reason: "it is " + name + ", which is known only where the server runs"}}
}

func (in *interp) factValue(f schema.Fact) value.Value {
	if v, ok := in.host.Fact(f); ok {
		if out := fromCty(v); out != nil {
			return out
		}
	}
	return &Symbolic{Expr: &schema.HostFact{Fact: f}, Kind: "str"}
}

// sysModules is sys.modules.
type sysModules struct{ in *interp }

// TypeName implements value.Value.
func (*sysModules) TypeName() string { return "dict" }

func libMultiprocessing(in *interp) table {
	return table{"cpu_count": cpuCount("multiprocessing.cpu_count"), "set_start_method": returns("set_start_method", value.None)}
}

func libSocket(in *interp) table {
	return table{
		"gethostname": factFunc("socket.gethostname", schema.Hostname, "str"), "getfqdn": dynamic("socket.getfqdn", "it asks the network for the host's full name"),
		"AF_INET": value.NewInt(2), "AF_UNIX": value.NewInt(1), "SOCK_STREAM": value.NewInt(1), "SOMAXCONN": value.NewInt(4096),
	}
}

func libPlatform(in *interp) table {
	return table{"node": factFunc("platform.node", schema.Hostname, "str"), "system": returns("platform.system", value.Str("Linux"))}
}

func libJSON(in *interp) table {
	t := table{"loads": pure("json.loads"), "dumps": pure("json.dumps"), "dump": returns("json.dump", value.None)}
	t["JSONDecodeError"] = in.classes["JSONDecodeError"]
	t["load"] = fn("json.load", func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
		text, err := in.callMethod(first(args), "read", nil, nil, n)
		if err != nil {
			return nil, err
		}
		return pure("json.loads").call(in, []value.Value{text}, nil, n)
	})
	return t
}

func libPathlib(in *interp) table {
	c := in.pathClass()
	return table{"Path": c, "PurePath": c, "PosixPath": c, "PurePosixPath": c}
}

func libLogging(in *interp) table {
	t := table{
		"CRITICAL": value.NewInt(50), "FATAL": value.NewInt(50), "ERROR": value.NewInt(40), "WARNING": value.NewInt(30), "WARN": value.NewInt(30), "INFO": value.NewInt(20), "DEBUG": value.NewInt(10), "NOTSET": value.NewInt(0),
	}
	quiet := &class{name: "Logger", attrs: table{}}
	logger := &instance{class: quiet, attrs: table{}}
	for _, name := range []string{"debug", "info", "warning", "warn", "error", "exception", "critical", "log", "setLevel", "addHandler", "addFilter", "removeHandler", "basicConfig", "dictConfig", "fileConfig", "disable", "addLevelName", "captureWarnings", "shutdown", "setLoggerClass"} {
		t[name] = returns("logging."+name, value.None)
		quiet.attrs[name] = t[name]
	}
	quiet.attrs["handlers"] = value.NewList()
	quiet.attrs["level"] = value.NewInt(20)
	quiet.attrs["propagate"] = value.True
	t["getLogger"] = returns("logging.getLogger", logger)
	t["root"] = logger
	for _, name := range []string{"Logger", "Handler", "StreamHandler", "FileHandler", "Formatter", "Filter", "LoggerAdapter", "NullHandler"} {
		t[name] = foreignClass(name, "logging")
	}
	t["config"] = &module{name: "logging.config", builtin: table{"dictConfig": t["dictConfig"], "fileConfig": t["fileConfig"]}}
	return t
}

// foreignClass is a class that exists but whose inside is not modelled.
func foreignClass(name, from string) *class {
	o := &schema.Opaque{Source: name, Reason: "it comes from the class " + from + "." + name + ", which gsrv does not model"}
	c := &class{name: name, attrs: table{}, mod: &module{name: from}, unknownBase: o}
	return c
}

func libMath(in *interp) table {
	t := table{"pi": value.Float(math.Pi), "e": value.Float(math.E), "inf": value.Float(math.Inf(1))}
	rounding := func(name string, f func(float64) float64) {
		t[name] = fn("math."+name, func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
			switch x := first(args).(type) {
			case value.Int:
				return x, nil
			case value.Bool:
				return in.callBuiltin("int", args, nil, n)
			case value.Float:
				if math.IsInf(float64(x), 0) || math.IsNaN(float64(x)) {
					return nil, in.raise(n, "OverflowError", "cannot convert float infinity to integer")
				}
				return in.callBuiltin("int", []value.Value{value.Float(f(float64(x)))}, nil, n)
			case *Symbolic:
				if name == "trunc" {
					return in.symbolicBuiltin("int", args, nil, n), nil
				}
				return symbolic(&schema.Call{Func: name, Args: []schema.Expr{x.Expr}, Src: in.rng(n)}, "int"), nil
			case *Unknown:
				return in.follow(n, "math."+name, x), nil
			case nil:
				return nil, in.raise(n, "TypeError", "math.%s() takes exactly one argument (0 given)", name)
			}
			return nil, in.raise(n, "TypeError", "must be real number, not %s", args[0].TypeName())
		})
	}
	rounding("floor", math.Floor)
	rounding("ceil", math.Ceil)
	rounding("trunc", math.Trunc)
	float := func(name string, f func(float64) (float64, bool)) {
		t[name] = fn("math."+name, func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
			if len(args) != 1 || hidden(args[0]) {
				return in.follow(n, "math."+name, args...), nil
			}
			x, err := in.callBuiltin("float", args, nil, n)
			if err != nil {
				return nil, err
			}
			v, ok := x.(value.Float)
			if !ok {
				return in.follow(n, "math."+name, args...), nil
			}
			out, ok := f(float64(v))
			if !ok {
				return nil, in.raise(n, "ValueError", "math domain error")
			}
			return value.Float(out), nil
		})
	}
	float("sqrt", func(x float64) (float64, bool) { return math.Sqrt(x), x >= 0 })
	float("fabs", func(x float64) (float64, bool) { return math.Abs(x), true })
	return t
}

func libString(in *interp) table {
	return table{
		"ascii_letters": value.Str("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"), "ascii_lowercase": value.Str("abcdefghijklmnopqrstuvwxyz"),
		"ascii_uppercase": value.Str("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), "digits": value.Str("0123456789"), "hexdigits": value.Str("0123456789abcdefABCDEF"), "whitespace": value.Str(" \t\n\r\v\f"),
	}
}

func libRe(in *interp) table {
	t := table{"IGNORECASE": value.NewInt(2), "I": value.NewInt(2), "MULTILINE": value.NewInt(8), "M": value.NewInt(8), "VERBOSE": value.NewInt(64), "DOTALL": value.NewInt(16)}
	for _, name := range []string{"match", "search", "sub", "findall", "compile", "fullmatch", "split", "escape", "finditer", "subn"} {
		t[name] = fn("re."+name, func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
			return in.follow(n, "a regular expression", args...), nil
		})
	}
	return t
}

func libTime(in *interp) table {
	t := table{"sleep": returns("time.sleep", value.None), "tzset": returns("time.tzset", value.None)}
	for _, name := range []string{"time", "time_ns", "monotonic", "perf_counter", "strftime", "localtime", "gmtime", "ctime"} {
		t[name] = dynamic("time."+name, "it is the time of the start, different each time")
	}
	for _, name := range []string{"datetime", "date", "timedelta", "timezone"} {
		t[name] = foreignClass(name, "datetime")
	}
	return t
}

func libRandom(in *interp) table {
	t := table{"seed": returns("random.seed", value.None)}
	for _, name := range []string{"random", "randint", "choice", "uniform", "randrange", "shuffle", "sample", "getrandbits", "token_hex", "token_urlsafe", "token_bytes", "randbelow", "uuid1", "uuid4", "uuid3", "uuid5", "getnode", "UUID", "SystemRandom"} {
		t[name] = dynamic(name, "it is random, different at each start")
	}
	return t
}

func libTyping(in *interp) table {
	t := table{"TYPE_CHECKING": value.False}
	any := &class{name: "Any", builtin: true, attrs: table{}}
	for _, name := range []string{"Any", "List", "Dict", "Optional", "Union", "Tuple", "Callable", "Iterable", "Sequence", "Mapping", "Set", "Type", "Literal", "Final", "ClassVar", "Generic", "Protocol", "Iterator", "Generator", "MutableMapping", "Annotated", "NoReturn", "TypedDict", "Hashable", "Awaitable", "Coroutine"} {
		t[name] = any
	}
	t["TypeVar"] = returns("TypeVar", any)
	t["NamedTuple"] = &class{name: "NamedTuple", kind: "namedtuple", attrs: table{}}
	identity := fn("cast", func(_ *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
		if len(args) == 0 {
			return value.None, nil
		}
		return args[len(args)-1], nil
	})
	t["cast"], t["overload"], t["no_type_check"], t["final"], t["runtime_checkable"] = identity, identity, identity, identity, identity
	return t
}

func libSignal(in *interp) table {
	t := table{"signal": returns("signal.signal", value.None), "getsignal": returns("signal.getsignal", value.None), "alarm": returns("signal.alarm", value.None), "pause": returns("signal.pause", value.None)}
	for name, n := range map[string]int64{"SIGHUP": 1, "SIGINT": 2, "SIGQUIT": 3, "SIGABRT": 6, "SIGKILL": 9, "SIGUSR1": 10, "SIGUSR2": 12, "SIGTERM": 15, "SIGALRM": 14, "SIGCHLD": 17, "SIGPIPE": 13, "SIGWINCH": 28} {
		t[name] = value.NewInt(n)
	}
	t["SIG_IGN"], t["SIG_DFL"] = value.NewInt(1), value.NewInt(0)
	return t
}

func libSSL(in *interp) table {
	t := table{}
	for name, n := range map[string]int64{
		"CERT_NONE": 0, "CERT_OPTIONAL": 1, "CERT_REQUIRED": 2, "PROTOCOL_SSLv23": 2, "PROTOCOL_TLS": 2, "PROTOCOL_TLSv1": 3, "PROTOCOL_TLSv1_1": 4, "PROTOCOL_TLSv1_2": 5,
		"PROTOCOL_TLS_CLIENT": 16, "PROTOCOL_TLS_SERVER": 17,
	} {
		t[name] = value.NewInt(n)
	}
	return t
}

func libTypes(in *interp) table {
	c := &class{name: "SimpleNamespace", attrs: table{}}
	c.construct = func(in *interp, _ []value.Value, kwargs []value.Kwarg, _ syntax.Node) (value.Value, error) {
		o := &instance{class: c, attrs: table{}}
		for _, k := range kwargs {
			o.set(k.Name, k.Value)
		}
		return o, nil
	}
	return table{"SimpleNamespace": c, "ModuleType": foreignClass("ModuleType", "types"), "FunctionType": foreignClass("FunctionType", "types")}
}

func libTempfile(in *interp) table {
	t := table{"gettempdir": factFunc("tempfile.gettempdir", schema.TempDir, "str")}
	for _, name := range []string{"mkdtemp", "mkstemp", "NamedTemporaryFile", "TemporaryDirectory"} {
		t[name] = dynamic("tempfile."+name, "it is a name made anew at each start")
	}
	return t
}

func libPsutil(in *interp) table {
	t := table{}
	t["cpu_count"] = fn("psutil.cpu_count", func(in *interp, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
		logical := first(args)
		for _, k := range kwargs {
			if k.Name == "logical" {
				logical = k.Value
			}
		}
		if logical == value.Value(value.False) {
			return in.unknown(n, "the number of physical cores is known only where the server runs"), nil
		}
		return in.fact(schema.CPUCount, "int", n), nil
	})
	for _, name := range []string{"virtual_memory", "swap_memory", "disk_usage", "Process"} {
		t[name] = dynamic("psutil."+name, "it is a fact of the machine, "+runtimeOnly)
	}
	return t
}

func libGevent(in *interp) table {
	patch := returns("patch_all", value.None)
	return table{"monkey": &module{name: "gevent.monkey", builtin: table{"patch_all": patch}}, "patch_all": patch, "monkey_patch": returns("monkey_patch", value.None), "patch_psycopg": returns("patch_psycopg", value.None)}
}
