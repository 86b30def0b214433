package native

import (
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

// A listener is one listen block.
type listener struct {
	// address is one text or a list of them.
	address   schema.Setting
	protocol  string
	attrs     []schema.Setting
	nameRange hcl.Range
}

// addressOption and protocolOption type the attributes of a listen block that are no settings of the model.
var (
	addressOption  = &schema.Option{Name: "listen.address", Type: "string"}
	addressesType  = &schema.Option{Name: "listen.address", Type: "list"}
	protocolOption = &schema.Option{Name: "listen.protocol", Type: "string"}
)

// listen reads one listen block.
func (r *reader) listen(known *block, b *hclsyntax.Block) {
	r.listening = true
	l := listener{protocol: known.protocols()[0], nameRange: b.TypeRange}
	for _, inner := range b.Body.Blocks {
		r.unknownBlock(known, inner)
	}
	addressed, failed := false, false
	take := func(x hclsyntax.Expression, at hcl.Range) {
		if addressed {
			r.errorf("duplicate-setting", at, "Address given twice", "The label of this listen block already is its address.")
			return
		}
		addressed = true
		var ok bool
		l.address, ok = r.address(x, at)
		failed = failed || !ok
	}
	if len(b.Labels) > 0 {
		r.oneLabel(b)
		take(r.labelExpr(b), b.LabelRanges[0])
	}
	set := map[string]hcl.Range{}
	for _, a := range inOrder(b.Body.Attributes) {
		switch a.Name {
		case addressAttr:
			take(a.Expr, a.NameRange)
			continue
		case protocolAttr:
			option := *protocolOption
			option.Enum = known.protocols()
			s, ok := r.setting(&option, a.Expr, a.NameRange)
			if failed = failed || !ok; ok && !s.OnHost.IsKnown() {
				r.errorf("invalid-value", a.Expr.Range(), "Protocol not known", "The protocol of an address must be known before the start: write one of %s.", listOf(known.protocols()))
				failed = true
			} else if ok {
				l.protocol = s.OnHost.AsString()
			}
			continue
		}
		attr := known.attr(a.Name)
		if attr == nil {
			r.unknownAttribute(known, a)
			continue
		}
		if s, ok := r.setting(attr.option, a.Expr, a.NameRange); ok {
			set[a.Name] = a.NameRange
			l.attrs = append(l.attrs, s)
		}
	}
	if !addressed {
		r.errorf("missing-address", b.TypeRange, "No address", `A listen block needs an address: listen "127.0.0.1:8000" {}.`)
		return
	}
	if failed {
		return
	}
	l.attrs = r.unixOnly(known, l, set)
	r.listeners = append(r.listeners, l)
}

// unixOnly refuses permissions on an address that is no file.
func (r *reader) unixOnly(known *block, l listener, set map[string]hcl.Range) []schema.Setting {
	if l.mayBeUnix() {
		return l.attrs // on hosts where it is none, they have no effect
	}
	return slices.DeleteFunc(l.attrs, func(s schema.Setting) bool {
		_, name, _ := strings.Cut(s.Native, ".")
		if known.attr(name).role != schema.RoleUnixListener {
			return false
		}
		r.errorf("invalid-value", set[name], "Not a unix socket", "%s is for unix sockets; %s has no file whose permissions could be set. Remove it, or listen on unix:/path.", name, describe(l.address.OnHost))
		return true
	})
}

// mayBeUnix tells whether the address is a unix socket, or one on other hosts.
func (l listener) mayBeUnix() bool {
	return unixSocket(l.address.OnHost) != no || !schema.IsConst(l.address.Value) && schema.UnixSocket(l.address.Value)
}

type answer uint8

const (
	no answer = iota
	yes
	perhaps
)

// unixSocket tells whether an address, or one of a list, is a unix socket with a file.
func unixSocket(v cty.Value) answer {
	if !v.IsKnown() {
		return perhaps
	}
	if v.Type() == cty.String {
		if strings.HasPrefix(v.AsString(), "unix:") {
			return yes
		}
		return no
	}
	found := no
	for it := v.ElementIterator(); it.Next(); {
		_, item := it.Element()
		found = max(found, unixSocket(item))
	}
	return found
}

// address reads the address of a listen block: text, or a list where an expression gives several.
func (r *reader) address(x hclsyntax.Expression, at hcl.Range) (schema.Setting, bool) {
	v, diags := r.ev.value(x, r.ev.ctx)
	option := addressOption
	if !diags.HasErrors() && isSequence(v) {
		option = addressesType
	}
	if diags.HasErrors() {
		r.diags = append(r.diags, diags...)
		return schema.Setting{}, false
	}
	s, ok := r.setting(option, x, at)
	if !ok {
		if v.IsKnown() && v.IsNull() {
			r.errorf("missing-address", x.Range(), "No address", "The address of this listen block is null.")
		}
		return s, false
	}
	s.NameRange = at
	if s.OnHost.IsKnown() {
		items := []cty.Value{s.OnHost}
		if isSequence(s.OnHost) {
			items = s.OnHost.AsValueSlice()
		}
		for _, item := range items {
			if item.IsKnown() && item.IsNull() {
				r.errorf("missing-address", x.Range(), "No address", "The address of this listen block is null on this host. Give it another one there, in the place of null.")
				return s, false
			}
			if item.IsKnown() && !r.validAddress(item.AsString(), x) {
				return s, false
			}
		}
	}
	return s, true
}

func (r *reader) validAddress(text string, x hclsyntax.Expression) bool {
	why, fix := badAddress(text)
	if why == "" {
		return true
	}
	if fix != "" {
		why += " Write " + strconv.Quote(fix) + "."
	}
	d := r.errorf("invalid-value", x.Range(), "Not an address", "%q: %s", shorten(text), why)
	if fix != "" && isLiteral(x) {
		d.Suggest = strconv.Quote(fix)
	}
	return false
}

// badAddress says what is wrong with an address and, where it is plain, what was meant.
func badAddress(text string) (why, fix string) {
	const forms = `an address is host:port, [v6]:port, unix:/path or fd://3.`
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return "white space and control characters have no place in it; " + forms, ""
	}
	if path, ok := strings.CutPrefix(text, "unix:"); ok {
		if path == "" {
			return "the path of the socket is missing; " + forms, ""
		}
		if rest, ok := strings.CutPrefix(path, "//"); ok {
			return "it is written with one colon and no slashes before the path.", "unix:" + rest
		}
		return "", ""
	}
	if n, ok := strings.CutPrefix(text, "fd://"); ok {
		if _, err := strconv.ParseUint(n, 10, 16); err != nil {
			return "after fd:// stands the number of an open file; " + forms, ""
		}
		return "", ""
	}
	if strings.HasPrefix(text, "/") || strings.HasSuffix(text, ".sock") {
		return "the path of a unix socket is written with unix: before it.", "unix:" + text
	}
	for _, scheme := range []string{"http://", "tcp://", "https://"} {
		if rest, ok := strings.CutPrefix(text, scheme); ok {
			return "an address has no scheme.", strings.TrimSuffix(rest, "/")
		}
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		if _, e := strconv.ParseUint(text, 10, 16); e == nil {
			return "the host is missing; 0.0.0.0 is every IPv4 address of the machine, 127.0.0.1 this machine alone.", "127.0.0.1:" + text
		}
		if strings.Count(text, ":") > 1 {
			return "an IPv6 address stands in brackets, [::1]:8000.", ""
		}
		return "the port is missing; " + forms, ""
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 && port != "0" {
		return "the port must be a number from 0 to 65535.", ""
	}
	if host == "*" {
		return "every IPv4 address is written 0.0.0.0.", "0.0.0.0:" + port
	}
	return "", ""
}

// addListeners turns the listen blocks into the model's settings: the addresses of each protocol, what all addresses
// have in common, and by address what they have not.
func (r *reader) addListeners(top *block) {
	if !r.listening {
		return
	}
	known := top.blocks[slices.IndexFunc(top.blocks, func(b *block) bool { return b.listener })]
	r.duplicateAddresses()
	for _, a := range known.attrs {
		switch a.role {
		case schema.RoleProtocol:
			r.protocolAddresses(a)
		case schema.RoleListener, schema.RoleUnixListener:
			r.common(a)
		}
	}
	for _, a := range known.attrs {
		if a.role == schema.RoleByAddress {
			r.byAddress(a)
		}
	}
}

func (r *reader) duplicateAddresses() {
	first := map[string]hcl.Range{}
	for _, l := range r.listeners {
		if !l.address.OnHost.IsKnown() || l.address.OnHost.Type() != cty.String {
			continue
		}
		text := l.address.OnHost.AsString()
		if at, dup := first[text]; dup {
			r.errorf("duplicate-address", l.address.Range, "Address used twice", "%s already has a listen block; a second one could not bind it.", text).Related = []schema.Related{{Message: "first here", Range: at}}
			continue
		}
		first[text] = l.address.Range
	}
}

// protocolAddresses makes the list of one protocol's addresses. It is made where there are none too: a file that
// listens for uwsgi alone does not listen on the default address as well.
func (r *reader) protocolAddresses(a *attribute) {
	s := schema.Setting{
		Name: a.option.Name, Native: a.option.Name, Option: a.option, OnHost: cty.EmptyTupleVal,
		Layer: schema.LayerFile, Source: r.text.name,
	}
	list := &schema.List{}
	var sum schema.Expr
	var values []cty.Value
	known := true
	for _, l := range r.listeners {
		if l.protocol != a.name {
			continue
		}
		if s.Range.Filename == "" {
			s.Range, s.NameRange = l.address.Range, l.nameRange
			list.Src = s.Range
		}
		if isSequence(l.address.OnHost) || l.address.Option == addressesType {
			sum = plus(plus(sum, list), l.address.Value)
			list = &schema.List{Src: l.address.Range}
			known = known && l.address.OnHost.IsKnown() && isSequence(l.address.OnHost)
			if known {
				values = append(values, l.address.OnHost.AsValueSlice()...)
			}
		} else {
			list.Items = append(list.Items, l.address.Value)
			values = append(values, l.address.OnHost)
		}
		part := l.address
		part.Name, part.Native, part.Option = s.Name, s.Native, s.Option
		s.Parts = append(s.Parts, part)
	}
	if s.Range.Filename == "" {
		if a.option.Default == "" {
			return
		}
		if len(r.listeners) > 0 {
			s.Range, s.NameRange = r.listeners[0].address.Range, r.listeners[0].nameRange
		}
		list.Src = s.Range
	}
	s.Value = plus(sum, list)
	switch {
	case !known:
		s.OnHost = cty.DynamicVal
	case len(values) > 0:
		s.OnHost = cty.TupleVal(values)
	}
	s.Text = textOf(a.option, s.OnHost)
	r.add(s)
}

// plus joins lists; nil and empty ones are left out.
func plus(a schema.Expr, b schema.Expr) schema.Expr {
	if l, ok := b.(*schema.List); ok && len(l.Items) == 0 && a != nil {
		return a
	}
	if l, ok := a.(*schema.List); a == nil || ok && len(l.Items) == 0 {
		return b
	}
	return &schema.Binary{Op: "+", L: a, R: b, Src: b.Range()}
}

// common makes a setting of an attribute on which all addresses that can have it agree.
func (r *reader) common(a *attribute) {
	first, same := r.agreement(a)
	if first != nil && same {
		r.add(*first)
	}
}

// agreement gives the first listener's setting of an attribute, and whether every listener that can have it has the
// same.
func (r *reader) agreement(a *attribute) (first *schema.Setting, same bool) {
	same = true
	missing := false
	for _, l := range r.listeners {
		if a.role == schema.RoleUnixListener && !l.mayBeUnix() {
			continue
		}
		s := l.setting(a.option.Name)
		switch {
		case s == nil:
			missing = true
		case first == nil:
			first = s
		default:
			same = same && sameExpr(first.Value, s.Value)
		}
	}
	return first, same && !missing
}

func (l *listener) setting(name string) *schema.Setting {
	for i := range l.attrs {
		if l.attrs[i].Native == name {
			return &l.attrs[i]
		}
	}
	return nil
}

// byAddress keeps the attributes on which listeners differ.
func (r *reader) byAddress(a *attribute) {
	s := schema.Setting{Name: a.option.Name, Native: a.option.Name, Option: a.option, Layer: schema.LayerFile, Source: r.text.name}
	out := &schema.Map{}
	values := map[string]cty.Value{}
	for _, l := range r.listeners {
		inner := &schema.Map{Src: l.address.Range}
		innerValues := map[string]cty.Value{}
		for _, set := range l.attrs {
			attr := root().find("listen").attr(strings.TrimPrefix(set.Native, "listen."))
			if _, same := r.agreement(attr); same {
				continue
			}
			inner.Keys = append(inner.Keys, attr.name)
			inner.Values = append(inner.Values, set.Value)
			innerValues[attr.name] = set.OnHost
			if s.Range.Filename == "" {
				s.Range, s.NameRange = set.Range, set.NameRange
			}
		}
		if len(inner.Keys) == 0 {
			continue
		}
		key := addressKey(l.address.Value)
		out.Keys, out.Values = append(out.Keys, key), append(out.Values, inner)
		values[key] = cty.ObjectVal(innerValues)
	}
	if len(out.Keys) == 0 {
		return
	}
	out.Src = s.Range
	s.Value, s.OnHost = out, cty.ObjectVal(values)
	s.Text = textOf(a.option, s.OnHost)
	r.add(s)
}
