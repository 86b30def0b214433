package ini

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// maxDepth is how deep %(x)s may lead from value to value: configparser's MAX_INTERPOLATION_DEPTH.
const maxDepth = 10

// A Budget bounds what interpolation may cost, over any number of values. configparser has no bound, and
// "%(a)s%(a)s" ten deep would fill the memory.
type Budget struct {
	Bytes      int // of text that may still be made
	References int // that may still be followed
}

// DefaultBudget is far above what real files need: 4 MB of text and 100,000 references.
func DefaultBudget() *Budget { return &Budget{Bytes: 4 << 20, References: 100_000} }

// A Part is a piece of an interpolated value.
type Part struct {
	// Text is what the piece became, Start and End the bytes of the raw value it came from.
	Text       string
	Start, End int
	// Name is the variable where the piece was a reference at the top level; empty for literal text.
	Name string
}

// Interpolate puts values in place of %(name)s as configparser's BasicInterpolation does, "%%" standing for "%".
// lookup gives a variable's raw value; budget may be nil for one of its own. The error is the exception's; its diagnostic points at sub(i, j), the place
// of the raw value's bytes.
func Interpolate(budget *Budget, option, section, raw string, lookup func(string) (string, bool), sub func(i, j int) hcl.Range) (string, []Part, *Error) {
	if !strings.Contains(raw, "%") {
		return raw, []Part{{Text: raw, End: len(raw)}}, nil
	}
	if budget == nil {
		budget = DefaultBudget()
	}
	in := &interpolation{budget: budget, option: option, section: section, raw: raw, lookup: lookup, sub: sub}
	if err := in.some(raw, 1, ""); err != nil {
		return "", nil, err
	}
	return in.out.String(), in.parts, nil
}

type interpolation struct {
	budget               *Budget
	option, section, raw string
	lookup               func(string) (string, bool)
	sub                  func(i, j int) hcl.Range
	out                  strings.Builder
	parts                []Part
	top                  Part // the reference at the top level that is being replaced
}

func (in *interpolation) some(rest string, depth int, name string) *Error {
	if depth > maxDepth {
		message := fmt.Sprintf("Recursion limit exceeded in value substitution: option %s in section %s contains an interpolation key which cannot be substituted in %d steps. Raw value: %s",
			PythonRepr(in.option), PythonRepr(in.section), maxDepth, PythonRepr(in.raw))
		return NewError("InterpolationDepthError", message, "interpolation-depth", in.sub(in.top.Start, in.top.End), "Variable refers to itself",
			"%s leads from variable to variable more than %d times, mostly because one refers back to itself (%%(%s)s). Write the value out at one place.", in.reference(), maxDepth, name)
	}
	whole := len(rest)
	for rest != "" {
		at := whole - len(rest)
		i := strings.IndexByte(rest, '%')
		if i < 0 {
			in.literal(rest, at, whole, depth)
			return in.bounded()
		}
		if i > 0 {
			in.literal(rest[:i], at, at+i, depth)
			rest = rest[i:]
			at += i
		}
		switch {
		case strings.HasPrefix(rest, "%%"):
			in.literal("%", at, at+2, depth)
			rest = rest[2:]
		case strings.HasPrefix(rest, "%("):
			end := strings.IndexByte(rest, ')')
			if end <= 2 || !strings.HasPrefix(rest[end+1:], "s") {
				return in.syntax(rest, at, depth, name, "bad interpolation variable reference "+PythonRepr(rest),
					"A variable is written %(NAME)s, with the s at the end.")
			}
			ref := rest[2:end]
			if depth == 1 {
				in.top = Part{Start: at, End: at + end + 2, Name: ref}
			}
			if err := in.variable(ref, depth); err != nil {
				return err
			}
			rest = rest[end+2:]
		default:
			return in.syntax(rest, at, depth, name, "'%' must be followed by '%' or '(', found: "+PythonRepr(rest),
				"A percent sign begins a variable, %(NAME)s.")
		}
		if err := in.bounded(); err != nil {
			return err
		}
	}
	return nil
}

func (in *interpolation) variable(ref string, depth int) *Error {
	in.budget.References--
	value, ok := in.lookup(ref)
	if !ok {
		message := fmt.Sprintf("Bad value substitution: option %s in section %s contains an interpolation key %s which is not a valid option name. Raw value: %s",
			PythonRepr(in.option), PythonRepr(in.section), PythonRepr(ref), PythonRepr(in.raw))
		detail := fmt.Sprintf("%%(%s)s stands for a key of this section or of [DEFAULT], or for a variable given when the server is started, and there is none of that name. Add it to [DEFAULT], give it on the command line (%s=VALUE), or write %%%%(%s)s if the text itself is meant.", ref, ref, ref)
		if in.top.Name != ref {
			detail = fmt.Sprintf("%s leads to %%(%s)s. ", in.reference(), ref) + detail
		}
		err := NewError("InterpolationMissingOptionError", message, "unknown-variable", in.sub(in.top.Start, in.top.End), "Unknown variable", "%s", detail)
		return err
	}
	begin := in.out.Len()
	if strings.Contains(value, "%") {
		if err := in.some(value, depth+1, ref); err != nil {
			return err
		}
	} else {
		in.write(value)
	}
	if depth == 1 {
		part := in.top
		part.Text = in.out.String()[begin:]
		in.parts = append(in.parts, part)
	}
	return nil
}

func (in *interpolation) literal(text string, start, end, depth int) {
	in.write(text)
	if depth == 1 {
		in.parts = append(in.parts, Part{Text: text, Start: start, End: end})
	}
}

func (in *interpolation) reference() string { return "%(" + in.top.Name + ")s" }

func (in *interpolation) syntax(rest string, at, depth int, name, message, rule string) *Error {
	start, end := at, min(at+2, len(in.raw))
	if len(rest) > 1 && rest[1] == '(' {
		end = min(at+len(rest), len(in.raw))
		if i := strings.IndexAny(rest, " \t\n"); i > 0 {
			end = at + i
		}
	}
	where := ""
	if depth > 1 {
		start, end = in.top.Start, in.top.End
		where = fmt.Sprintf(" It stands in the value of %q, which %s leads to.", name, in.reference())
	}
	return NewError("InterpolationSyntaxError", message, "lone-percent", in.sub(start, end), "Percent sign that is no variable",
		"%s Write %%%% where a percent sign is meant.%s", rule, where)
}

func (in *interpolation) write(text string) {
	if in.budget.Bytes -= len(text); in.budget.Bytes >= 0 {
		in.out.WriteString(text)
	}
}

func (in *interpolation) bounded() *Error {
	if in.budget.Bytes >= 0 && in.budget.References >= 0 {
		return nil
	}
	return NewError("MemoryError", "", "too-large", in.sub(in.top.Start, in.top.End), "Value grows beyond bounds",
		"With their variables replaced the values have more than some megabytes or a hundred thousand references. Variables that hold several references to each other multiply; write the value out.")
}
