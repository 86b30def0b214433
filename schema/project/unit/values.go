package unit

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// units are the names of time spans, longest first where one begins another.
var units = []struct {
	names []string
	usec  float64
}{
	{[]string{"seconds", "second", "sec", "s"}, 1e6},
	{[]string{"minutes", "minute", "min"}, 60e6},
	{[]string{"months", "month", "M"}, 2629800e6},
	{[]string{"msec", "ms"}, 1e3},
	{[]string{"m"}, 60e6},
	{[]string{"hours", "hour", "hr", "h"}, 3600e6},
	{[]string{"days", "day", "d"}, 86400e6},
	{[]string{"weeks", "week", "w"}, 7 * 86400e6},
	{[]string{"years", "year", "y"}, 31557600e6},
	{[]string{"usec", "us", "µs", "μs"}, 1},
}

// ParseSpan reads a time span: "90", "1min 30s", "infinity"; a plain number counts seconds.
func ParseSpan(s string) (d time.Duration, infinite, ok bool) {
	s = strings.TrimSpace(s)
	if s == "infinity" {
		return 0, true, true
	}
	total := 0.0
	seen := false
	for {
		s = strings.TrimLeft(s, " \t\r\n")
		if s == "" {
			break
		}
		i := 0
		for i < len(s) && (s[i] >= '0' && s[i] <= '9') {
			i++
		}
		whole := i
		if i < len(s) && s[i] == '.' {
			i++
			for i < len(s) && s[i] >= '0' && s[i] <= '9' {
				i++
			}
			if i == whole+1 {
				return 0, false, false
			}
		}
		n, err := strconv.ParseFloat(s[:i], 64)
		if i == 0 || err != nil {
			return 0, false, false
		}
		seen = true
		s = strings.TrimLeft(s[i:], " \t\r\n")
		scale := 1e6
	search:
		for _, u := range units {
			for _, name := range u.names {
				if rest, found := strings.CutPrefix(s, name); found {
					s, scale = rest, u.usec
					break search
				}
			}
		}
		total += n * scale
	}
	if !seen {
		return 0, false, false
	}
	if total*1e3 >= math.MaxInt64 {
		return 0, true, true
	}
	return time.Duration(total * 1e3), false, true
}

func parseBool(s string) (value, ok bool) {
	switch strings.ToLower(s) {
	case "1", "yes", "y", "true", "t", "on":
		return true, true
	case "0", "no", "n", "false", "f", "off":
		return false, true
	}
	return false, false
}

func parseMode(s string) bool {
	n, err := strconv.ParseUint(s, 8, 32)
	return err == nil && n <= 0o7777 && !strings.ContainsAny(s, "+_")
}

// words of the settings that have a closed list.
var enums = map[string]struct {
	words   []string
	message string
}{
	"Service.Type":         {[]string{"simple", "exec", "forking", "oneshot", "dbus", "notify", "idle"}, "Failed to parse service type, ignoring: "},
	"Service.Restart":      {[]string{"no", "on-success", "on-failure", "on-abnormal", "on-watchdog", "on-abort", "always"}, "Failed to parse service restart specifier, ignoring: "},
	"Service.NotifyAccess": {[]string{"none", "main", "exec", "all"}, "Failed to parse notify access specifier, ignoring: "},
	"Service.KillMode":     {[]string{"control-group", "process", "mixed", "none"}, "Failed to parse kill mode specification, ignoring: "},
}

// later are words that releases after 252 added.
var later = []string{"notify-reload"}

// signals are the names of Linux, without SIG.
var signals = strings.Fields("HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS")

// parseSignal gives the full name of a signal that is given by name or number.
func parseSignal(s string) (string, bool) {
	if n, err := strconv.Atoi(s); err == nil {
		if n < 1 || n > 64 || strings.HasPrefix(s, "+") {
			return "", false
		}
		if n <= len(signals) {
			return "SIG" + signals[n-1], true
		}
		return "SIGRTMIN+" + strconv.Itoa(n-34), n >= 34
	}
	name := strings.TrimPrefix(s, "SIG")
	if slices.Contains(signals, name) {
		return "SIG" + name, true
	}
	for _, prefix := range []string{"RTMIN+", "RTMAX-"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			n, err := strconv.Atoi(rest)
			return "SIG" + name, err == nil && n >= 0 && n <= 30
		}
	}
	return "SIG" + name, name == "RTMIN" || name == "RTMAX"
}

// parseLimit reads "1024", "1024:2048", "infinity". It gives the soft limit; crossed tells that it is above the hard one.
func parseLimit(s string) (n int64, unlimited, crossed, ok bool) {
	soft, hard, two := strings.Cut(s, ":")
	one := func(s string) (int64, bool, bool) {
		if s == "infinity" {
			return 0, true, true
		}
		v, err := strconv.ParseInt(s, 10, 64)
		return v, false, err == nil && v >= 0 && !strings.HasPrefix(s, "+")
	}
	n, unlimited, ok = one(soft)
	if two && ok {
		h, all, good := one(hard)
		ok = good
		crossed = good && !all && (unlimited || n > h)
	}
	return n, unlimited, crossed, ok
}
