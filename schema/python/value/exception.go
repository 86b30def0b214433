package value

import (
	"fmt"
	"slices"
)

// Exception is what CPython would raise.
type Exception struct {
	Type string  // class name: "ValueError"; json's is "JSONDecodeError"
	Msg  string  // str(exception)
	Args []Value // exception.args
}

func (e *Exception) Error() string {
	if e.Msg == "" {
		return e.Type
	}
	return e.Type + ": " + e.Msg
}

// IsA says whether the exception's class is name or a subclass of it.
func (e *Exception) IsA(name string) bool { return ExceptionIsA(e.Type, name) }

// NewException makes an exception with a single message.
func NewException(typ, format string, args ...any) *Exception {
	msg := fmt.Sprintf(format, args...)
	return &Exception{Type: typ, Msg: msg, Args: []Value{Str(msg)}}
}

func typeError(format string, args ...any) error {
	return NewException("TypeError", format, args...)
}

func valueError(format string, args ...any) error {
	return NewException("ValueError", format, args...)
}

// keyError is the KeyError of a missing key, whose message is the key's repr.
func keyError(b *Budget, key Value) error {
	r, err := Repr(b, key)
	if err != nil {
		return err
	}
	return &Exception{Type: "KeyError", Msg: r, Args: []Value{key}}
}

// exceptionBases maps each built-in exception (and those of the modelled modules) to its base.
var exceptionBases = map[string]string{
	"BaseException": "", "Exception": "BaseException", "SystemExit": "BaseException",
	"KeyboardInterrupt": "BaseException", "GeneratorExit": "BaseException",
	"StopIteration": "Exception", "StopAsyncIteration": "Exception",
	"ArithmeticError": "Exception", "FloatingPointError": "ArithmeticError",
	"OverflowError": "ArithmeticError", "ZeroDivisionError": "ArithmeticError",
	"AssertionError": "Exception", "AttributeError": "Exception", "BufferError": "Exception",
	"EOFError": "Exception", "ImportError": "Exception", "ModuleNotFoundError": "ImportError",
	"LookupError": "Exception", "IndexError": "LookupError", "KeyError": "LookupError",
	"MemoryError": "Exception", "NameError": "Exception", "UnboundLocalError": "NameError",
	"OSError": "Exception", "BlockingIOError": "OSError", "ChildProcessError": "OSError",
	"ConnectionError": "OSError", "BrokenPipeError": "ConnectionError",
	"ConnectionAbortedError": "ConnectionError", "ConnectionRefusedError": "ConnectionError",
	"ConnectionResetError": "ConnectionError", "FileExistsError": "OSError",
	"FileNotFoundError": "OSError", "InterruptedError": "OSError",
	"IsADirectoryError": "OSError", "NotADirectoryError": "OSError",
	"PermissionError": "OSError", "ProcessLookupError": "OSError", "TimeoutError": "OSError",
	"ReferenceError": "Exception", "RuntimeError": "Exception",
	"NotImplementedError": "RuntimeError", "RecursionError": "RuntimeError",
	"SyntaxError": "Exception", "IndentationError": "SyntaxError", "TabError": "IndentationError",
	"SystemError": "Exception", "TypeError": "Exception", "ValueError": "Exception",
	"UnicodeError": "ValueError", "UnicodeDecodeError": "UnicodeError",
	"UnicodeEncodeError": "UnicodeError", "UnicodeTranslateError": "UnicodeError",
	"JSONDecodeError":    "ValueError",
	"BaseExceptionGroup": "BaseException", "ExceptionGroup": "Exception",
	"Warning": "Exception", "BytesWarning": "Warning", "DeprecationWarning": "Warning",
	"EncodingWarning": "Warning", "FutureWarning": "Warning", "ImportWarning": "Warning",
	"PendingDeprecationWarning": "Warning", "ResourceWarning": "Warning",
	"RuntimeWarning": "Warning", "SyntaxWarning": "Warning", "UnicodeWarning": "Warning",
	"UserWarning": "Warning",
}

// exceptionAliases are other names of built-in exceptions.
var exceptionAliases = map[string]string{"EnvironmentError": "OSError", "IOError": "OSError"}

// ExceptionBase is the base class of a built-in exception, and whether name is one.
func ExceptionBase(name string) (string, bool) {
	if a, ok := exceptionAliases[name]; ok {
		name = a
	}
	base, ok := exceptionBases[name]
	return base, ok
}

// ExceptionNames lists the exception classes that are known, sorted.
func ExceptionNames() []string {
	names := make([]string, 0, len(exceptionBases))
	for n := range exceptionBases {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// ExceptionIsA says whether class name is class or a subclass of it.
func ExceptionIsA(name, class string) bool {
	if a, ok := exceptionAliases[name]; ok {
		name = a
	}
	if a, ok := exceptionAliases[class]; ok {
		class = a
	}
	for name != "" {
		if name == class {
			return true
		}
		name = exceptionBases[name]
	}
	return false
}
