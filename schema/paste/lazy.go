package paste

import (
	"regexp"
	"sync"
)

// lazy compiles a pattern when it is first used: most runs of the program use none of them.
func lazy(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
