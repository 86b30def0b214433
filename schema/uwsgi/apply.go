package uwsgi

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gsrv/schema"
)

// configure applies the options that have not acted yet, in list order. An option that adds others makes uWSGI start
// again from the beginning, with those that are done left out.
func (r *reader) configure() {
	for i := 0; i < len(r.list) && !r.stopped; i++ {
		e := r.list[i]
		if e.configured {
			continue
		}
		if template, ok := r.custom[e.key.s]; ok && Catalogue().Lookup(e.key.s) == nil {
			e.configured = true
			r.applyCustom(template, e)
			continue
		}
		o := r.lookup(e.key.s)
		if o == nil {
			if r.strict && e.cond == nil && !e.placeholder {
				r.strictRefusal(e)
				e.configured = true
			}
			continue
		}
		e.configured = true
		before := len(r.list)
		r.handle(o, e, e.val, e.null)
		if len(r.list) > before {
			i = -1
		}
	}
}

// handle is the option's handler.
func (r *reader) handle(o *schema.Option, e *entry, val text, null bool) {
	r.applied = append(r.applied, applied{option: o, entry: e, val: val, null: null})
	if e.cond != nil && info(o).Flags&Immediate == 0 {
		// What the host may leave out is checked when the host is known.
		return
	}
	switch o.Name {
	case "ini", "ini-paste", "ini-paste-logged", "pypy-ini-paste":
		r.load(e, val.s, "ini")
	case "xml", "xmlconfig":
		r.load(e, val.s, "xml")
	case "yaml", "yml":
		r.load(e, val.s, "yaml")
	case "json", "js":
		r.load(e, val.s, "json")
	case "include", "inherit":
		r.include(e, val.s)
	case "config":
		r.noFormat(e, val.s)
	case "ldap", "sqlite3", "sqlite":
		r.opaque(o.Name+" = "+val.shown(), "it is read from a database when uWSGI starts", r.valueRange(e))
	case "set", "set-placeholder", "set-ph":
		r.set(o, e, val)
	case "resolve":
		r.resolve(e, val)
	case "strict":
		r.strict = isTrue(val.s, null)
		r.strictAt = e
	case "blacklist":
		r.blacklist = &val.s
	case "whitelist":
		r.whitelist = &val.s
	case "end-blacklist":
		r.blacklist = nil
	case "end-whitelist":
		r.whitelist = nil
	case "plugin", "plugins", "need-plugin", "need-plugins":
		r.loadPlugins(e, strings.HasPrefix(o.Name, "need-"))
	case "plugin-dir", "plugins-dir":
		r.pluginDirs = append(r.pluginDirs, val.s)
	case "autoload":
		// From here on uWSGI looks for the plugin that has an option it does not know, and loads it.
		r.autoload = isTrue(val.s, null)
	case "inject-before":
		r.injectBefore = append(r.injectBefore, e)
	case "inject-after":
		r.injectAfter = append(r.injectAfter, e)
	case "early-envdir":
		r.envdir(e, val)
	case "declare-option", "declare-option2":
		r.declare(o, e, val)
	default:
		switch o.Type {
		case "logic":
			r.openBlock(o, e)
		case "command":
			r.command(o, e, val, null)
		default:
			r.checkValue(o, e, val, null)
		}
	}
}

// isTrue reads a value as uWSGI's bool options do. An option without any value is true.
func isTrue(s string, null bool) bool {
	return null || !strings.EqualFold(s, "false") && !strings.EqualFold(s, "off") && !strings.EqualFold(s, "no") && s != "0"
}

func (r *reader) set(o *schema.Option, e *entry, val text) {
	i := strings.IndexByte(val.s, '=')
	if i < 0 {
		r.refuse("missing-equals", r.valueRange(e), "No = in the value", "invalid placeholder/--set value", "%s takes NAME=VALUE, and uWSGI exits without the =.", o.Name)
		return
	}
	rest := val.slice(i+1, len(val.s))
	sub := &entry{key: val.slice(0, i), val: rest, raw: rest, placeholder: o.Name != "set", keyRange: r.valueRange(e), valRange: r.valueRange(e)}
	if e.valRange.Filename == "" {
		sub.keyRange, sub.valRange = sub.key.rng(), rest.rng()
	}
	r.add(sub)
}

// resolve looks a name up in the DNS when uWSGI starts; that is not done here.
func (r *reader) resolve(e *entry, val text) {
	name, domain, ok := strings.Cut(val.s, "=")
	at := r.valueRange(e)
	if !ok {
		r.refuse("missing-equals", at, "No = in the value", "invalid resolve syntax, must be placeholder=domain", "resolve takes NAME=HOST, and uWSGI exits without the =.")
		return
	}
	address := expression(&schema.Opaque{Source: domain, Reason: "it is the address that the name resolves to when uWSGI starts", Src: at}, "", false)
	if _, err := netip.ParseAddr(domain); err == nil {
		address = plain(domain)
	}
	r.add(&entry{key: plain(name), val: address, raw: address, placeholder: true, keyRange: at, valRange: at})
}

// envdir sets a variable for each file of a directory.
func (r *reader) envdir(e *entry, val text) {
	at := r.valueRange(e)
	entries, err := os.ReadDir(r.in.Files.Path(val.s))
	if err != nil || len(entries) > 1000 {
		r.refuse("file-missing", at, "Directory of variables cannot be read", "[uwsgi-envdir] opendir()", "%s cannot be read as a directory of environment variables, and uWSGI exits.", val.s)
		return
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") || !entry.Type().IsRegular() {
			continue
		}
		data, err := r.in.Files.Read(filepath.Join(val.s, entry.Name()))
		if err != nil {
			continue
		}
		r.envOverlay[entry.Name()] = strings.TrimRight(string(data), " \t\r\n")
	}
}

// declare makes an option of the configuration's own, a template for others.
func (r *reader) declare(o *schema.Option, e *entry, val text) {
	i := strings.IndexByte(val.s, '=')
	if i < 0 {
		r.refuse("missing-equals", r.valueRange(e), "No = in the value", fmt.Sprintf("invalid %s syntax, must be newoption=template", val.s), "%s takes NAME=OPTION=$1;OPTION=$2, and uWSGI exits without the =.", o.Name)
		return
	}
	if name := val.s[:i]; r.custom[name].s == "" {
		r.custom[name] = val.slice(i+1, len(val.s))
	}
}

func customTakesValue(template string) bool {
	return strings.Contains(template, "$1") || strings.Contains(template, "$2") || strings.Contains(template, "$3")
}

// applyCustom applies the options that a declared option stands for. They act at once and do not join the list.
func (r *reader) applyCustom(template text, e *entry) {
	var args []text
	count := 1
	if !e.null && e.val.s != "" {
		args = words(e.val)
		count += strings.Count(e.val.s, " ")
	} else {
		args = []text{{}}
	}
	from := 0
	for i := 0; i <= len(template.s); i++ {
		if i < len(template.s) && template.s[i] != ';' {
			continue
		}
		part := template.slice(from, i)
		from = i + 1
		if part.s == "" {
			continue
		}
		eq := strings.IndexByte(part.s, '=')
		if eq < 0 {
			return
		}
		key, val := part.slice(0, eq), part.slice(eq+1, len(part.s))
		for n := range min(count, 100) {
			if n < len(args) {
				key = key.replaceAll("$"+strconv.Itoa(n+1), args[n])
				val = val.replaceAll("$"+strconv.Itoa(n+1), args[n])
			}
		}
		sub := &entry{key: key, val: val, raw: e.raw, configured: true, cond: e.cond, layer: e.layer, source: e.source, keyRange: r.keyRange(e), valRange: r.valueRange(e)}
		if r.depth++; r.depth > maxDepth {
			r.limit("include-loop", r.keyRange(e), "Declared option without end", "The option %s stands for itself, and uWSGI expands it until it crashes.", e.key.s)
			return
		}
		if inner, ok := r.custom[key.s]; ok && Catalogue().Lookup(key.s) == nil {
			r.applyCustom(inner, sub)
		} else if o := r.lookup(key.s); o != nil {
			r.handle(o, sub, val, false)
		} else if r.strict {
			r.strictRefusal(sub)
		}
		r.depth--
	}
}

// command is an option that does something and mostly ends uWSGI.
func (r *reader) command(o *schema.Option, e *entry, val text, null bool) {
	at := r.keyRange(e)
	switch o.Name {
	case "print", "iprint":
		return
	case "exit":
		code := int64(1)
		if !null {
			code = cInt(val.s) & 0xff
		}
		if code != 0 {
			r.refuse("exit-option", at, "uWSGI exits here", "", "The option exit ends uWSGI with status %d while it reads its options. Remove it to start a server.", code)
			r.stopped = true
			return
		}
	case "get":
		return
	case "extract", "connect-and-read", "binary-append-data":
		if strings.Contains(val.s, "://") || o.Name == "connect-and-read" {
			break
		}
		if _, err := r.in.Files.Read(val.s); err != nil {
			r.refuse("file-missing", r.valueRange(e), "File cannot be read", fmt.Sprintf("open(%q): No such file or directory", val.s), "%s.", sentence(err))
			return
		}
	case "stop", "reload", "pause", "suspend", "resume", "signal":
		r.note("command-option", at, "No server is started", "The option %s acts on a server that is running and ends uWSGI.", o.Name)
		r.quit = e
		r.stopped = true
		return
	}
	r.note("command-option", at, "No server is started", "The option %s prints something and ends uWSGI. What stands after it is not read.", o.Name)
	r.quit = e
	r.stopped = true
}
