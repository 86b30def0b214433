package http1

// UWSGIPath gives the path as uWSGI has it in PATH_INFO: %XX is decoded and the segments "." and ".." are taken out, in one go.
// A dot that is written %2e is no such segment, and an escape that is none becomes NUL. It follows what 2.0.21 answers.
func UWSGIPath(path string) string {
	const (
		plain = iota
		percent1
		percent2
		slash
		dot
		dotdot
	)
	out := make([]byte, 0, len(path)+1)
	state, relative := plain, false
	if path != "" && path[0] != '/' {
		state, relative = slash, true
	}
	var high byte
scan:
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c == '#' {
			break scan
		}
		switch state {
		case plain:
			switch c {
			case '%':
				state = percent1
			case '/':
				state = slash
			default:
				out = append(out, c)
			}
		case percent1:
			if c == '%' {
				out = append(out, '%')
				state = plain
				continue
			}
			high, state = c, percent2
		case percent2:
			out = append(out, hexPair(high, c))
			state = plain
		case slash:
			if c == '.' {
				state = dot
				continue
			}
			if i > 0 || !relative {
				out = append(out, '/')
			}
			out, state = after(out, c, percent1, slash)
		case dot:
			switch c {
			case '.':
				state = dotdot
				continue
			case '/':
				state = slash
				continue
			}
			if i > 1 {
				out = append(out, '/')
			}
			out, state = after(append(out, '.'), c, percent1, plain)
		case dotdot:
			if c == '/' {
				for n := len(out); n > 0; {
					n--
					last := out[n]
					out = out[:n]
					if last == '/' {
						break
					}
				}
				state = slash
				continue
			}
			if i > 2 {
				out = append(out, '/')
			}
			out, state = after(append(out, '.', '.'), c, percent1, plain)
		}
	}
	switch state {
	case slash, dot:
		out = append(out, '/')
	case dotdot:
		for len(out) > 0 && out[len(out)-1] != '/' {
			out = out[:len(out)-1]
		}
	}
	return string(out)
}

// after takes the byte that follows a slash or dots which turned out to be part of a name; slashed is the state after another
// slash.
func after(out []byte, c byte, percent, slashed int) ([]byte, int) {
	switch {
	case c == '%':
		return out, percent
	case c == '/' && slashed != 0:
		return out, slashed
	}
	return append(out, c), 0
}

// hexPair is a byte of two hexadecimal digits, 0 where they are none.
func hexPair(a, b byte) byte {
	if class[a]&class[b]&isHex == 0 {
		return 0
	}
	return unhex(a)<<4 | unhex(b)
}
