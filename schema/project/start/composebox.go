package start

import (
	"path"
	"strings"

	"gsrv/schema"
)

// box reads what a service sets around its container.
func (c *composition) box(s *yamlValue) *Box {
	b := &Box{
		CPUs:      s.get("cpus").value(),
		Memory:    s.get("mem_limit").value(),
		ShmSize:   s.get("shm_size").value(),
		StopGrace: s.get("stop_grace_period").value(),
		Restart:   s.get("restart").value(),
		Replicas:  s.get("scale").value(),
		ImageName: s.get("image").value(),
		Init:      s.get("init").isTrue(),
		ReadOnly:  s.get("read_only").isTrue(),
		Ulimits:   map[string]Value{},
		Sysctls:   map[string]Value{},
	}
	if limits := s.get("deploy", "resources", "limits"); limits != nil {
		if v := limits.get("cpus"); v != nil {
			b.CPUs = v.value()
		}
		if v := limits.get("memory"); v != nil {
			b.Memory = v.value()
		}
	}
	if v := s.get("deploy", "replicas"); v != nil {
		b.Replicas = v.value()
	}
	if m := s.get("ulimits"); m != nil {
		for _, name := range m.keys {
			v := m.values[name]
			if v.isMap {
				v = v.get("soft")
			}
			b.Ulimits[name] = v.value()
		}
	}
	if m := s.get("sysctls"); m != nil {
		m = m.pairs()
		for _, name := range m.keys {
			b.Sysctls[name] = m.values[name].value()
		}
	}
	if v := s.get("tmpfs"); v != nil {
		for _, item := range v.asList().list {
			b.Tmpfs = append(b.Tmpfs, item.value())
		}
	}
	if v := s.get("volumes"); v != nil {
		for _, item := range v.list {
			m := volume(item)
			if m.Bind && !path.IsAbs(m.Source) && !strings.HasPrefix(m.Source, "~") && !strings.HasPrefix(m.Source, "$") {
				m.Source = path.Join(item.dir, m.Source)
			}
			if m.Target != "" {
				b.Volumes = append(b.Volumes, m)
			}
		}
	}
	if v := s.get("depends_on"); v != nil {
		for _, item := range v.list {
			b.DependsOn = append(b.DependsOn, item.value())
		}
		for _, name := range v.keys {
			b.DependsOn = append(b.DependsOn, Value{Text: name, Range: v.keyAt[name]})
		}
	}
	if v := s.get("profiles"); v != nil {
		for _, item := range v.list {
			b.Profiles = append(b.Profiles, item.value())
		}
	}
	return b
}

// volume reads one mount, in the short form SOURCE:TARGET:MODE or the long one.
func volume(v *yamlValue) Volume {
	if v.isMap {
		source := v.get("source").value()
		kind := v.get("type").value().Text
		return Volume{Source: source.Text, Bind: kind == "bind", Target: v.get("target").value().Text, ReadOnly: v.get("read_only").isTrue(), Range: v.at}
	}
	parts := splitColons(v.text.text)
	m := Volume{Range: v.at}
	switch len(parts) {
	case 0:
		return m
	case 1:
		m.Target = parts[0]
		return m
	}
	m.Source, m.Target = parts[0], parts[1]
	m.Bind = strings.HasPrefix(m.Source, ".") || strings.HasPrefix(m.Source, "/") || strings.HasPrefix(m.Source, "~") || strings.HasPrefix(m.Source, "$")
	if len(parts) > 2 {
		for _, option := range strings.Split(parts[2], ",") {
			m.ReadOnly = m.ReadOnly || option == "ro"
		}
	}
	return m
}

// splitColons splits at colons outside ${…} and […].
func splitColons(s string) []string {
	var parts []string
	level, start := 0, 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '{', '[':
			level++
		case '}', ']':
			level--
		case ':':
			if level <= 0 {
				parts = append(parts, s[start:i])
				start = i + 1
			}
		}
	}
	return append(parts, s[start:])
}

// ports reads "ports" and "expose".
func (c *composition) ports(s *yamlValue) (list []Port) {
	if v := s.get("ports"); v != nil {
		for _, item := range v.list {
			list = append(list, port(item))
		}
	}
	if v := s.get("expose"); v != nil {
		for _, item := range v.list {
			p := port(item)
			p.Container, p.Host = strings.TrimPrefix(p.Host+":"+p.Container, ":"), ""
			list = append(list, p)
		}
	}
	return list
}

func port(v *yamlValue) Port {
	p := Port{Protocol: "tcp", Range: v.at, Open: len(v.opens) > 0}
	if v.isMap {
		target, published, host := v.get("target").value(), v.get("published").value(), v.get("host_ip").value()
		p.Container, p.Host = target.Text, published.Text
		if host.Text != "" {
			p.Host = host.Text + ":" + p.Host
		}
		if protocol := v.get("protocol").value(); protocol.Text != "" {
			p.Protocol = protocol.Text
		}
		p.Open = target.Open || published.Open || host.Open
		return p
	}
	text, protocol, ok := strings.Cut(v.value().Text, "/")
	if ok {
		p.Protocol = protocol
	}
	parts := splitColons(text)
	p.Container = parts[len(parts)-1]
	p.Host = strings.Join(parts[:len(parts)-1], ":")
	return p
}

func (c *composition) health(v *yamlValue, built *Health) *Health {
	h := &Health{Range: v.at}
	if built != nil {
		*h = *built
		h.Range = v.at
	}
	if v.get("disable").isTrue() {
		return &Health{Disabled: true, Range: v.at}
	}
	for key, to := range map[string]*Value{"interval": &h.Interval, "timeout": &h.Timeout, "start_period": &h.StartPeriod, "retries": &h.Retries} {
		if value := v.get(key); value != nil {
			*to = value.value()
		}
	}
	test := v.get("test")
	switch {
	case test == nil || test.null:
	case test.isList && len(test.list) > 0:
		h.Words, h.Shell = nil, test.list[0].text.text == "CMD-SHELL"
		h.Disabled = test.list[0].text.text == "NONE"
		for _, item := range test.list[1:] {
			h.Words = append(h.Words, item.word().public())
		}
	case !test.isList:
		h.Words, h.Shell = []schema.Word{test.word().public()}, true
	}
	return h
}
