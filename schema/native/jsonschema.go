package native

import (
	"encoding/json"
	"slices"

	"gsrv/schema"
)

// Patterns of what is text in the format; a value that depends on the host is a template, "${…}".
const (
	templatePattern = `\$\{.*\}`
	durationPattern = `^-?([0-9]+(\.[0-9]+)?(ms|d|h|m|s))+$|` + templatePattern
	sizePattern     = `^[0-9]+(\.[0-9]+)?([KMGT]i?)?B$|` + templatePattern
	octalPattern    = `^0[0-7]{3,4}$|` + templatePattern
)

type object = map[string]any

// JSONSchema is the JSON Schema (draft 07) of the format in its JSON form, in which a block is an object, the listen
// blocks are a list, and an expression is text with "${…}".
func JSONSchema() []byte {
	top := blockSchema(root())
	top["$schema"] = "http://json-schema.org/draft-07/schema#"
	top["title"] = "gsrv.hcl"
	top["description"] = "Configuration of the gsrv server for Python web applications."
	properties := top["properties"].(object)
	properties[localsBlock] = object{"type": "object", "description": "Values that expressions refer to as " + localName + ".NAME."}
	properties[extraBlock] = object{
		"type": "object", "description": "Options of other servers that gsrv does not use, by server.",
		"additionalProperties": object{"type": "object"},
	}
	text, err := json.MarshalIndent(top, "", "  ")
	if err != nil {
		panic(err) // the table holds nothing that JSON cannot say
	}
	return append(text, '\n')
}

func blockSchema(b *block) object {
	properties := object{}
	s := object{"type": "object", "additionalProperties": false, "properties": properties}
	for _, a := range b.attrs {
		if a.written() {
			properties[a.name] = optionSchema(a.option)
		}
	}
	for _, c := range b.blocks {
		properties[c.name] = blockSchema(c)
	}
	if !b.listener {
		return s
	}
	served := b.protocols()
	properties[protocolAttr] = object{"type": "string", "enum": served, "default": served[0], "description": "Protocol spoken at the address."}
	properties[addressAttr] = object{
		"type":        []string{"string", "array"},
		"items":       object{"type": "string"},
		"description": "host:port, [v6]:port, unix:/path or fd://3.",
	}
	s["required"] = []string{addressAttr}
	return object{"type": "array", "items": s, "description": "Addresses to listen on."}
}

// optionSchema is the schema of one setting; expressions are allowed wherever the value itself is no text.
func optionSchema(o *schema.Option) object {
	s := object{"description": o.Summary}
	template := object{"type": "string", "pattern": templatePattern}
	either := func(value object) object {
		s["anyOf"] = []any{value, template}
		return s
	}
	if def := defaultOf(o); !def.IsNull() {
		s["default"] = settingJSON(o, &schema.Const{Val: def}, def)
	}
	switch o.Type {
	case "bool":
		return either(object{"type": "boolean"})
	case "int":
		number := object{"type": "integer"}
		if o.Min != nil {
			number["minimum"] = *o.Min
		}
		if o.Max != nil {
			number["maximum"] = *o.Max
		}
		return either(number)
	case "list":
		return either(object{"type": "array", "items": object{"type": "string"}})
	case "map":
		return either(object{"type": "object", "additionalProperties": object{"type": "string"}})
	case "any":
		return either(object{"type": "object"})
	case "duration":
		s["type"], s["pattern"] = "string", durationPattern
	case "size":
		s["type"], s["pattern"] = "string", sizePattern
	case "octal":
		s["type"], s["pattern"] = "string", octalPattern
	case "hook":
		s["type"], s["pattern"] = "string", `^.+:[A-Za-z_][A-Za-z0-9_.]*$|`+templatePattern
	default:
		s["type"] = "string"
		if len(o.Enum) > 0 {
			return either(object{"type": "string", "enum": slices.Clone(o.Enum)})
		}
		if o.Pattern != "" {
			return either(object{"type": "string", "pattern": o.Pattern})
		}
	}
	if s["type"] == "string" && o.Min != nil && *o.Min >= 0 && (o.Type == "duration") {
		s["pattern"] = durationPattern[:1] + durationPattern[3:]
	}
	return s
}
