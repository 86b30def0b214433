package syntax

import "unicode"

// since15 holds the characters that Python 3.11, whose data are those of Unicode 14, does not know yet.
var since15 = &unicode.RangeTable{
	R16: []unicode.Range16{{0x0CF3, 0x0CF3, 1}, {0x0ECE, 0x0ECE, 1}},
	R32: []unicode.Range32{
		{0x10EFD, 0x10EFF, 1},
		{0x1123F, 0x11241, 1},
		{0x11B00, 0x11B09, 1},
		{0x11F00, 0x11F10, 1},
		{0x11F12, 0x11F3A, 1},
		{0x11F3E, 0x11F59, 1},
		{0x1342F, 0x1342F, 1},
		{0x13439, 0x13455, 1},
		{0x1B132, 0x1B132, 1},
		{0x1B155, 0x1B155, 1},
		{0x1D2C0, 0x1D2D3, 1},
		{0x1DF25, 0x1DF2A, 1},
		{0x1E030, 0x1E06D, 1},
		{0x1E08F, 0x1E08F, 1},
		{0x1E4D0, 0x1E4F9, 1},
		{0x1F6DC, 0x1F6DC, 1},
		{0x1F774, 0x1F776, 1},
		{0x1F77B, 0x1F77F, 1},
		{0x1F7D9, 0x1F7D9, 1},
		{0x1FA75, 0x1FA77, 1},
		{0x1FA87, 0x1FA88, 1},
		{0x1FAAD, 0x1FAAF, 1},
		{0x1FABB, 0x1FABD, 1},
		{0x1FABF, 0x1FABF, 1},
		{0x1FACE, 0x1FACF, 1},
		{0x1FADA, 0x1FADB, 1},
		{0x1FAE8, 0x1FAE8, 1},
		{0x1FAF7, 0x1FAF8, 1},
		{0x2B739, 0x2B739, 1},
		{0x31350, 0x323AF, 1},
	},
}

func newerThan311(r rune) bool { return r >= 0x0CF3 && unicode.Is(since15, r) }

// printable is str.isprintable of Python 3.11: letters, marks, numbers, punctuation, symbols.
func printable(r rune) bool { return unicode.IsPrint(r) && !newerThan311(r) }

// identifierRune follows PEP 3131's XID_Start and XID_Continue.
func identifierRune(r rune, first bool) bool {
	if unicode.In(r, unicode.L, unicode.Nl, unicode.Other_ID_Start) {
		switch r { // in ID_Start but not stable under NFKC, so not in XID_Start
		case 0x0E33, 0x0EB3, 0xFF9E, 0xFF9F:
			return !first
		case 0x037A, 0x309B, 0x309C, 0x2E2F:
			return false
		}
		if r >= 0xFC5E && r <= 0xFC63 || r == 0xFDFA || r == 0xFDFB || r >= 0xFE70 && r <= 0xFE7E && r%2 == 0 {
			return false
		}
		return true
	}
	return !first && unicode.In(r, unicode.Mn, unicode.Mc, unicode.Nd, unicode.Pc, unicode.Other_ID_Continue)
}
