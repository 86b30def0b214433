package project

import (
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

var (
	dockerInstruction = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)^\s*(from|arg|env|run|cmd|entrypoint|onbuild\s+run)\s+`)
	})
	dockerAssignment = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`([A-Za-z_][A-Za-z0-9_]*)=("[^"]*"|'[^']*'|[^\s"']*)`)
	})
	dockerOldEnv   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)\s+(\S+)\s*$`) })
	dockerVariable = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$([A-Za-z_][A-Za-z0-9_]*)`)
	})
	shellWord = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`"[^"]*"|'[^']*'|&&|\|\||[;|&\n]|[^\s"';|&]+(?:"[^"]*"|'[^']*'|[^\s"';|&]+)*`)
	})
	pipProgram = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:.*/)?pip[0-9.]*$`) })
)

// serversInImages are the packages that tiangolo's base images bring, by the words of the image's name.
var serversInImages = []string{"uwsgi", "gunicorn", "uvicorn", "meinheld", "flask", "fastapi", "starlette"}

// pipWithValue are the options of pip install that take the next word.
var pipWithValue = strings.Fields("-i --index-url --extra-index-url -f --find-links -t --target --prefix --root --src --platform --python-version " +
	"--implementation --abi --no-binary --only-binary --trusted-host --proxy --retries --timeout --cache-dir --progress-bar --upgrade-strategy " +
	"--global-option --config-settings --cert --client-cert --log --exists-action --python -p")

// dockerfile reads pip commands and base images that are built around a server.
func (r *pinReader) dockerfile(src *source, dev bool) error {
	vars := map[string]string{}
	eachDockerLine(string(src.text), func(line string, offset int) {
		m := dockerInstruction().FindStringSubmatchIndex(line)
		instruction := ""
		if m != nil {
			instruction = strings.ToLower(strings.Fields(line[m[2]:m[3]])[0])
		}
		switch instruction {
		case "from":
			r.baseImage(src, line[m[1]:], offset+m[1], dev)
		case "arg", "env":
			assign(vars, line[m[1]:])
		case "cmd", "entrypoint": // what they install is not what the image was tested with
		default: // RUN, or the body of a here-document
			start := 0
			if m != nil {
				start = m[1]
			}
			r.pipCommands(src, line[start:], offset+start, vars, dev)
		}
	})
	return nil
}

func assign(vars map[string]string, text string) {
	if m := dockerOldEnv().FindStringSubmatch(text); m != nil && !strings.Contains(m[1], "=") {
		vars[m[1]] = m[2]
		return
	}
	for _, m := range dockerAssignment().FindAllStringSubmatch(text, -1) {
		vars[m[1]] = strings.Trim(m[2], `"'`)
	}
}

// eachDockerLine joins continued lines; comment lines between them are left out, as Docker does. Offsets stay those
// of the file.
func eachDockerLine(text string, yield func(line string, offset int)) {
	var logical strings.Builder
	start := 0
	for at := 0; at < len(text); {
		end, next := lineEnd(text, at)
		line := text[at:end]
		trimmed := strings.TrimRight(line, " \t")
		comment := strings.HasPrefix(strings.TrimLeft(line, " \t"), "#")
		if logical.Len() == 0 {
			start = at
		}
		switch {
		case comment && logical.Len() > 0:
			logical.WriteString(strings.Repeat(" ", next-at))
		case comment:
		case strings.HasSuffix(trimmed, `\`):
			logical.WriteString(trimmed[:len(trimmed)-1])
			logical.WriteString(strings.Repeat(" ", next-at-len(trimmed)+1))
		default:
			logical.WriteString(line)
			yield(logical.String(), start)
			logical.Reset()
		}
		at = next
	}
	if logical.Len() > 0 {
		yield(logical.String(), start)
	}
}

// baseImage adds the servers of an image that is named for them; their versions are not told by its tag.
func (r *pinReader) baseImage(src *source, text string, offset int, dev bool) {
	at := 0
	for _, word := range strings.Fields(text) {
		at += strings.Index(text[at:], word)
		if strings.HasPrefix(word, "--") {
			at += len(word)
			continue
		}
		image, _, _ := strings.Cut(word, "@")
		directory, name := path.Split(image)
		name, _, _ = strings.Cut(name, ":")
		if path.Base(directory) == "tiangolo" {
			for part := range strings.SplitSeq(name, "-") {
				if slices.Contains(serversInImages, part) {
					r.add(Pin{Name: part, Kind: KindImage, Dev: dev, Range: src.at(offset+at, offset+at+len(word))})
				}
			}
		}
		return
	}
}

// pipCommands reads the requirements in "pip install …" commands of a shell line, and follows their -r.
func (r *pinReader) pipCommands(src *source, line string, offset int, vars map[string]string, dev bool) {
	if !strings.Contains(line, "pip") {
		return
	}
	if strings.HasPrefix(strings.TrimSpace(line), "[") { // the exec form: words as a JSON list
		line = strings.NewReplacer("[", " ", "]", " ", ",", " ").Replace(line)
	}
	const (
		outside = iota
		afterPip
		installing
	)
	state, option := outside, ""
	for _, span := range shellWord().FindAllStringIndex(line, -1) {
		word := line[span[0]:span[1]]
		start := offset + span[0]
		if len(word) > 1 && (word[0] == '"' || word[0] == '\'') && word[len(word)-1] == word[0] {
			word, start = word[1:len(word)-1], start+1
		}
		switch {
		case strings.Trim(word, "&|;\n") == "":
			state, option = outside, ""
		case pipProgram().MatchString(word) && state != installing:
			state = afterPip
		case state == afterPip && word == "install":
			state = installing
		case state != installing:
		case option == "-r" || option == "-c":
			r.dockerInclude(src, word, dev, option == "-c")
			option = ""
		case option != "":
			option = ""
		case word == "-r" || word == "--requirement":
			option = "-r"
		case word == "-c" || word == "--constraint":
			option = "-c"
		case slices.Contains(pipWithValue, word):
			option = word
		case strings.HasPrefix(word, "-"):
			if m := includeOption().FindStringSubmatch(word); m != nil {
				r.dockerInclude(src, m[3], dev, strings.Contains(m[1]+m[2], "c"))
			}
		default:
			r.dockerRequirement(src, word, start, vars, dev)
		}
	}
}

// dockerInclude reads a requirements file that an image installs. The path is one in the image, so it is looked for
// below the Dockerfile, and passed over in silence where it is not there.
func (r *pinReader) dockerInclude(src *source, name string, dev, constraint bool) {
	name = filepath.Join(filepath.Dir(src.name), strings.TrimLeft(name, "/"))
	if strings.Contains(name, "$") || !within(r.limit, absolute(r.files, name)) || r.files.Exists(name) != "file" {
		return
	}
	r.read(pinFile{name: name, dev: dev, read: func(r *pinReader, src *source, dev bool) error {
		return r.requirementLines(src, dev, constraint)
	}})
}

func (r *pinReader) dockerRequirement(src *source, word string, start int, vars map[string]string, dev bool) {
	expanded := dockerVariable().ReplaceAllStringFunc(word, func(ref string) string {
		m := dockerVariable().FindStringSubmatch(ref)
		if value, ok := vars[m[1]+m[3]]; ok {
			return value
		}
		return m[2]
	})
	// An argument that only the build knows leaves an operator without a version.
	expanded = strings.TrimRight(strings.Trim(expanded, `"'`), "=<>~!")
	req, ok := parseRequirement(expanded)
	if !ok {
		return
	}
	p, ok := req.pin(newSource(src.name, []byte(expanded)), 0, KindImage, dev)
	if !ok {
		return
	}
	if from, to := p.Range.Start.Byte, p.Range.End.Byte; expanded == word {
		p.Range = src.at(start+from, start+to)
	} else {
		p.Range = src.at(start, start+len(word))
	}
	r.add(p)
}
