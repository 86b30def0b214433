package project

import (
	"errors"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

var (
	requirementComment = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?:^|\s)\s*#.*$`) })
	includeOption      = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?:(-r|--requirement|-c|--constraint)(?:\s*=\s*|\s+)|(-r|-c))(\S.*)$`)
	})
	editableOption = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:-e|--editable)[\s=]+`) })
)

// requirements reads a pip requirements file: lines, continuations, comments, includes. Editable installs of a path
// name no version; editable and plain URLs name their package with #egg=.
func (r *pinReader) requirements(src *source, dev bool) error {
	return r.requirementLines(src, dev, false)
}

func (r *pinReader) requirementLines(src *source, dev, constraint bool) error {
	before := len(r.gathered)
	var missing error
	eachRequirementLine(string(src.text), func(line string, offset int) {
		trimmed := strings.TrimLeft(line, " \t\f")
		offset += len(line) - len(trimmed)
		line = trimmed
		if m := includeOption().FindStringSubmatch(line); m != nil {
			missing = errors.Join(missing, r.include(src.name, strings.TrimSpace(m[3]), dev, constraint || strings.Contains(m[1]+m[2], "c")))
			return
		}
		if m := editableOption().FindString(line); m != "" {
			offset += len(m)
			line = line[len(m):]
			if !strings.Contains(line, "://") {
				return
			}
		}
		if !strings.HasPrefix(line, "-") {
			r.addRequirement(src, line, offset, KindRequirement, dev)
		}
	})
	if constraint {
		for i := range r.gathered[before:] {
			if r.gathered[before+i].Range.Filename == src.name {
				r.gathered[before+i].constraint = true
			}
		}
	}
	return missing
}

// include follows -r and -c. A file outside the project, on the network or named by a variable is not read.
func (r *pinReader) include(from, name string, dev, constraint bool) error {
	name = strings.Trim(name, `"'`)
	if strings.Contains(name, "://") || strings.Contains(name, "${") || name == "" {
		return nil
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(filepath.Dir(from), name)
	}
	if !within(r.limit, absolute(r.files, name)) {
		return errors.New("it includes " + name + ", which lies outside the project and is not read")
	}
	if !r.seen[name] && r.files.Exists(name) == "" {
		return errors.New("it includes " + name + ", which does not exist")
	}
	r.read(pinFile{name: name, dev: dev, read: func(r *pinReader, src *source, dev bool) error {
		return r.requirementLines(src, dev, constraint)
	}})
	return nil
}

// within tells whether path lies in dir; both are absolute and clean.
func within(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) && fs.ValidPath(filepath.ToSlash(rel))
}

// eachRequirementLine gives the logical lines of a requirements file as pip joins them: a backslash at the end of a
// line that is no comment continues it. Offsets stay those of the file: what joined lines lose (the backslash, the line
// end, comments) is kept as spaces.
func eachRequirementLine(text string, yield func(line string, offset int)) {
	var logical strings.Builder
	start := 0
	flush := func() {
		line := requirementComment().ReplaceAllString(logical.String(), "")
		if strings.TrimSpace(line) != "" {
			yield(strings.TrimRight(line, " \t\f"), start)
		}
		logical.Reset()
	}
	for at := 0; at < len(text); {
		end, next := lineEnd(text, at)
		line := text[at:end]
		isComment := strings.HasPrefix(strings.TrimLeft(line, " \t\f"), "#")
		if logical.Len() == 0 {
			start = at
		}
		if stripped := strings.TrimRight(line, `\`); stripped != line && !isComment {
			logical.WriteString(stripped)
			logical.WriteString(strings.Repeat(" ", next-at-len(stripped)))
		} else {
			logical.WriteString(line)
			flush()
		}
		at = next
	}
	flush()
}

// lineEnd gives where the line that begins at a byte ends and where the next one begins.
func lineEnd(text string, at int) (end, next int) {
	i := strings.IndexAny(text[at:], "\r\n")
	if i < 0 {
		return len(text), len(text)
	}
	end = at + i
	if strings.HasPrefix(text[end:], "\r\n") {
		return end, end + 2
	}
	return end, end + 1
}
