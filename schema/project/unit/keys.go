package unit

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed keys.tsv
var keysTSV string

// keys gives the kind of value of "Section.Key".
var keys = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(keysTSV) {
		if f := strings.Split(strings.TrimSuffix(line, "\n"), "\t"); len(f) == 3 && !strings.HasPrefix(line, "#") {
			out[f[0]+"."+f[1]] = f[2]
		}
	}
	return out
})

// ownSections are the sections that belong to one kind of unit.
var ownSections = map[string]string{
	"service": "Service", "socket": "Socket", "mount": "Mount", "automount": "Automount", "swap": "Swap",
	"timer": "Timer", "path": "Path", "slice": "Slice", "scope": "Scope",
}

func knownSection(kind, name string) bool {
	return name == "Unit" || name == "Install" || ownSections[kind] == name
}
