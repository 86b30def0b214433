package gunicorn

import (
	"slices"
	"strings"

	"gsrv/schema/python/value"
)

// word is the validator of settings that are one of a few words, in any case. None gives the first word where
// noneIsFirst is set, and None otherwise.
func word(v value.Value, noneIsFirst bool, notText, notKnown string, words ...string) (value.Value, error) {
	if v == value.None {
		if noneIsFirst {
			return value.Str(words[0]), nil
		}
		return v, nil
	}
	s, ok, err := text(v)
	if err != nil {
		return nil, err
	}
	if !ok {
		if strings.Contains(notText, "%") {
			return nil, formatted("TypeError", notText, v)
		}
		return nil, typeError("%s", notText)
	}
	folded := strip(lower(s))
	if slices.Contains(words, folded) {
		return value.Str(folded), nil
	}
	if noneIsFirst {
		s = folded // these validators have put the folded word in the variable by then
	}
	return nil, valueError("%s", strings.Replace(notKnown, "%s", s, 1))
}

var proxyProtocolWords = map[string]string{
	"false": "off", "off": "off", "0": "off", "none": "off", "true": "auto", "auto": "auto", "1": "auto", "v1": "v1", "v2": "v2",
}

func proxyProtocol(v value.Value) (value.Value, error) {
	switch v := v.(type) {
	case value.NoneType:
		return value.Str("off"), nil
	case value.Bool:
		if v {
			return value.Str("auto"), nil
		}
		return value.Str("off"), nil
	}
	s, ok, err := text(v)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, typeError("proxy_protocol must be string or bool")
	}
	if mode, ok := proxyProtocolWords[strip(lower(s))]; ok {
		return value.Str(mode), nil
	}
	return nil, valueError("proxy_protocol must be: off, v1, v2, or auto")
}

func httpProtocols(v value.Value) (value.Value, error) {
	h1 := value.NewList(value.Str("h1"))
	if v == value.None {
		return h1, nil
	}
	s, ok, err := text(v)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, typeError("http_protocols must be a string")
	}
	var found []string
	for part := range strings.SplitSeq(strip(s), ",") {
		if part = lower(strip(part)); part != "" {
			found = append(found, part)
		}
	}
	if len(found) == 0 {
		return h1, nil
	}
	out := value.NewList()
	for _, p := range found {
		if p != "h1" && p != "h2" && p != "h3" {
			return nil, valueError("Invalid protocol '%s'. Valid protocols: h1, h2, h3", p)
		}
	}
	for i, p := range found {
		if slices.Contains(found[:i], p) {
			return nil, valueError("Duplicate protocols specified")
		}
		out.Elems = append(out.Elems, value.Str(p))
	}
	return out, nil
}

func reloadEngine(v value.Value) (value.Value, error) {
	if value.IsForeign(v) && !isCode(v) {
		return nil, &unknown{"its type is not known"}
	}
	if s, ok := v.(value.Str); ok && slices.Contains([]string{"auto", "poll", "inotify"}, string(s)) {
		return v, nil
	}
	if err := hashable(v); err != nil {
		return nil, err
	}
	shown, err := value.Repr(nil, v)
	if err != nil {
		return nil, err
	}
	return nil, configError("Invalid reload_engine: %s", shown)
}

// hashable gives the exception of looking a list up in a dictionary.
func hashable(v value.Value) error {
	if isCode(v) {
		return nil
	}
	_, _, err := value.NewDict().Get(nil, v)
	return err
}

// sslVersions are the protocols of Python 3.11's ssl module as gunicorn 20 lists them.
var sslVersions = []struct {
	name   string
	number int64
}{{"SSLv23", 2}, {"TLS", 2}, {"TLS_CLIENT", 16}, {"TLS_SERVER", 17}, {"TLSv1", 3}, {"TLSv1_1", 4}, {"TLSv1_2", 5}}

func (c *validator) sslVersion(v value.Value) (value.Value, error) {
	if value.IsForeign(v) && !isCode(v) {
		return nil, &unknown{"its type is not known"}
	}
	if c.release.AtLeast("21.0.0") {
		return v, nil // accepted whatever it is, and without effect
	}
	var names []string
	for _, p := range sslVersions {
		if s, ok := v.(value.Str); ok && string(s) == p.name {
			return value.NewInt(p.number), nil
		}
		names = append(names, p.name)
	}
	if err := hashable(v); err != nil {
		return nil, err
	}
	if n, err := posInt(v); err == nil {
		i, small := n.(value.Int).Int64()
		for _, p := range sslVersions {
			if small && p.number == i {
				return n, nil
			}
		}
	}
	shown, err := value.ToStr(nil, v)
	if err != nil {
		return nil, err
	}
	return nil, valueError("Invalid ssl_version: %s. Valid options: %s", shown, strings.Join(names, ", "))
}
