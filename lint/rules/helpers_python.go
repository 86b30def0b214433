package rules

import (
	"net/netip"
	"strings"
)

// joined makes one text with commas of the source of a list of plain texts; "" for anything else.
func joined(src string) string {
	inner := strings.TrimSuffix(strings.TrimPrefix(src, "["), "]")
	var all []string
	for part := range strings.SplitSeq(inner, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		text, ok := plainText(part)
		if !ok {
			return ""
		}
		all = append(all, text)
	}
	if len(all) == 0 {
		return ""
	}
	return `"` + strings.Join(all, ",") + `"`
}

// maskedNetworks clears the host bits of the networks in a list with commas.
func maskedNetworks(list string) string {
	parts := strings.Split(list, ",")
	for i, part := range parts {
		text := strings.TrimSpace(part)
		if net, err := netip.ParsePrefix(text); err == nil && net.Masked() != net {
			parts[i] = strings.Replace(part, text, net.Masked().String(), 1)
		}
	}
	return strings.Join(parts, ",")
}
