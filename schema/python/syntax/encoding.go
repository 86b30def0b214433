package syntax

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// codecs are the encodings that a source may declare beside UTF-8, by the names of Python's codecs.
var codecs = map[string]encoding.Encoding{
	"iso8859_2": charmap.ISO8859_2, "iso8859_3": charmap.ISO8859_3, "iso8859_4": charmap.ISO8859_4, "iso8859_5": charmap.ISO8859_5,
	"iso8859_6": charmap.ISO8859_6, "iso8859_7": charmap.ISO8859_7, "iso8859_8": charmap.ISO8859_8, "iso8859_9": charmap.ISO8859_9,
	"iso8859_10": charmap.ISO8859_10, "iso8859_13": charmap.ISO8859_13, "iso8859_14": charmap.ISO8859_14, "iso8859_15": charmap.ISO8859_15,
	"iso8859_16": charmap.ISO8859_16, "koi8_r": charmap.KOI8R, "koi8_u": charmap.KOI8U, "mac_roman": charmap.Macintosh,
	"mac_cyrillic": charmap.MacintoshCyrillic, "cp874": charmap.Windows874, "cp1250": charmap.Windows1250, "cp1251": charmap.Windows1251,
	"cp1252": charmap.Windows1252, "cp1253": charmap.Windows1253, "cp1254": charmap.Windows1254, "cp1255": charmap.Windows1255,
	"cp1256": charmap.Windows1256, "cp1257": charmap.Windows1257, "cp1258": charmap.Windows1258, "cp437": charmap.CodePage437,
	"cp850": charmap.CodePage850, "cp852": charmap.CodePage852, "cp855": charmap.CodePage855, "cp858": charmap.CodePage858,
	"cp860": charmap.CodePage860, "cp862": charmap.CodePage862, "cp863": charmap.CodePage863, "cp865": charmap.CodePage865,
	"cp866": charmap.CodePage866, "gbk": simplifiedchinese.GBK, "gb18030": simplifiedchinese.GB18030, "gb2312": simplifiedchinese.GBK,
	"big5": traditionalchinese.Big5, "shift_jis": japanese.ShiftJIS, "cp932": japanese.ShiftJIS, "euc_jp": japanese.EUCJP,
	"iso2022_jp": japanese.ISO2022JP, "euc_kr": korean.EUCKR, "cp949": korean.EUCKR,
}

// codecAliases are other names of codecs, as Python's encodings.aliases has them.
var codecAliases = map[string]string{
	"646": "ascii", "us_ascii": "ascii", "us": "ascii", "cp367": "ascii", "iso646_us": "ascii", "ansi_x3_4_1968": "ascii",
	"8859": "latin_1", "cp819": "latin_1", "l1": "latin_1", "latin": "latin_1", "latin1": "latin_1", "iso8859": "latin_1", "iso8859_1": "latin_1", "iso_8859_1": "latin_1",
	"u8": "utf_8", "utf": "utf_8", "utf8": "utf_8", "cp65001": "utf_8", "utf_8": "utf_8", "utf8_ucs2": "utf_8", "utf8_ucs4": "utf_8",
	"l2": "iso8859_2", "latin2": "iso8859_2", "l3": "iso8859_3", "latin3": "iso8859_3", "l4": "iso8859_4", "latin4": "iso8859_4", "cyrillic": "iso8859_5",
	"arabic": "iso8859_6", "greek": "iso8859_7", "hebrew": "iso8859_8", "l5": "iso8859_9", "latin5": "iso8859_9", "l6": "iso8859_10", "latin6": "iso8859_10",
	"l7": "iso8859_13", "latin7": "iso8859_13", "l8": "iso8859_14", "latin8": "iso8859_14", "l9": "iso8859_15", "latin9": "iso8859_15",
	"l10": "iso8859_16", "latin10": "iso8859_16", "macintosh": "mac_roman", "macroman": "mac_roman", "maccyrillic": "mac_cyrillic",
	"cp936": "gbk", "ms936": "gbk", "gb18030_2000": "gb18030", "chinese": "gb2312", "euc_cn": "gb2312", "euccn": "gb2312",
	"big5_tw": "big5", "csbig5": "big5", "shiftjis": "shift_jis", "sjis": "shift_jis", "s_jis": "shift_jis",
	"ms932": "cp932", "mskanji": "cp932", "eucjp": "euc_jp", "ujis": "euc_jp", "iso_2022_jp": "iso2022_jp", "iso2022jp": "iso2022_jp",
	"936": "gbk", "euckr": "euc_kr", "korean": "euc_kr", "ksc5601": "euc_kr", "ms949": "cp949", "uhc": "cp949",
}

func failText(src string, start, end int, format string, args ...any) {
	panic(failure{err: newError("SyntaxError", src, start, end, fmt.Sprintf(format, args...))})
}

// decode gives the source as UTF-8 without byte order mark, with line feeds for line ends. Without a declaration bytes
// that are no UTF-8 are left for the lexer, as CPython leaves them.
func decode(src []byte) string {
	text := string(src)
	if i := strings.IndexByte(text, 0); i >= 0 {
		failText(text, i, i+1, "source code string cannot contain null bytes")
	}
	bom := strings.HasPrefix(text, "\ufeff")
	text = strings.TrimPrefix(text, "\ufeff")
	if start, end := cookie(text); start < end {
		name := text[start:end]
		switch normal := normalName(name); {
		case normal == "utf-8":
		case bom:
			failText(text, start, end, "encoding problem: %s with BOM", normal)
		case normal == "iso-8859-1":
			text = latin1(text)
		default:
			text = decodeNamed(text, name, start, end)
		}
	}
	if strings.IndexByte(text, '\r') >= 0 {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	}
	return text
}

// normalName recognises the two encodings that CPython knows without a codec.
func normalName(name string) string {
	lower := strings.ReplaceAll(strings.ToLower(name[:min(len(name), 12)]), "_", "-")
	if lower == "utf-8" || strings.HasPrefix(lower, "utf-8-") {
		return "utf-8"
	}
	for _, latin := range []string{"latin-1", "iso-8859-1", "iso-latin-1"} {
		if lower == latin || strings.HasPrefix(lower, latin+"-") {
			return "iso-8859-1"
		}
	}
	return name
}

func latin1(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		b.WriteRune(rune(text[i]))
	}
	return b.String()
}

// decodeNamed decodes a text that declares its encoding at text[start:end].
func decodeNamed(text, name string, start, end int) string {
	codec := strings.NewReplacer("-", "_", ".", "_").Replace(strings.ToLower(name))
	for _, prefix := range [][2]string{{"iso_8859_", "iso8859_"}, {"windows_", "cp"}, {"ibm", "cp"}} {
		if number, ok := strings.CutPrefix(codec, prefix[0]); ok {
			codec = prefix[1] + number
		}
	}
	if codecs["cp"+codec] != nil {
		codec = "cp" + codec
	}
	if alias, ok := codecAliases[codec]; ok {
		codec = alias
	}
	switch codec {
	case "latin_1":
		return latin1(text)
	case "utf_8":
		if at, size, why := invalidUTF8(text); size > 0 {
			failText(text, at, at+size, "%s", strings.TrimPrefix(utf8Error(text, at, size, why), "(unicode error) "))
		}
		return text
	case "ascii":
		for i := 0; i < len(text); i++ {
			if text[i] >= 0x80 {
				failText(text, i, i+1, "'ascii' codec can't decode byte 0x%02x in position %d: ordinal not in range(128)", text[i], i)
			}
		}
		return text
	}
	e, ok := codecs[codec]
	if !ok {
		failText(text, start, end, "unknown encoding: %s", name)
	}
	c, single := e.(*charmap.Charmap)
	if !single {
		out, err := e.NewDecoder().String(text)
		if err != nil || strings.ContainsRune(out, utf8.RuneError) {
			failText(text, start, end, "'%s' codec can't decode the text: illegal multibyte sequence", codec)
		}
		return out
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		r := c.DecodeByte(text[i])
		if strings.HasPrefix(codec, "iso") && text[i] >= 0x80 && text[i] < 0xA0 {
			r = rune(text[i])
		}
		if r == utf8.RuneError || strings.HasPrefix(codec, "cp") && r >= 0x80 && r < 0xA0 {
			failText(text, i, i+1, "'charmap' codec can't decode byte 0x%02x in position %d: character maps to <undefined>", text[i], i)
		}
		b.WriteRune(r)
	}
	return b.String()
}

// cookie finds the encoding that one of the first two lines declares, as PEP 263 says.
func cookie(text string) (start, end int) {
	base := 0
	for range 2 {
		n := strings.IndexAny(text[base:], "\r\n")
		if n < 0 {
			n = len(text) - base
		}
		line := text[base : base+n]
		trimmed := strings.TrimLeft(line, " \t\f")
		if strings.HasPrefix(trimmed, "#") {
			if start, end := declared(line); start < end {
				return base + start, base + end
			}
		} else if trimmed != "" {
			break
		}
		base += n
		if strings.HasPrefix(text[base:], "\r\n") {
			base++
		}
		if base >= len(text) {
			break
		}
		base++
	}
	return 0, 0
}

func declared(line string) (start, end int) {
	for at := 0; ; {
		i := strings.Index(line[at:], "coding")
		if i < 0 {
			return 0, 0
		}
		at += i + len("coding")
		if at >= len(line) || line[at] != ':' && line[at] != '=' {
			continue
		}
		start = at + 1
		for start < len(line) && (line[start] == ' ' || line[start] == '\t') {
			start++
		}
		end = start
		for end < len(line) && (isNameByte(line[end]) && line[end] < 0x80 || line[end] == '-' || line[end] == '.') {
			end++
		}
		if start < end {
			return start, end
		}
	}
}

// invalidUTF8 finds the first bytes that are no UTF-8; size is zero where there are none.
func invalidUTF8(s string) (at, size int, why string) {
	for at < len(s) {
		r, n := utf8.DecodeRuneInString(s[at:])
		if r != utf8.RuneError || n > 1 {
			at += n
			continue
		}
		c, want := s[at], 0
		switch {
		case c < 0xC2 || c > 0xF4:
			return at, 1, "invalid start byte"
		case c < 0xE0:
			want = 2
		case c < 0xF0:
			want = 3
		default:
			want = 4
		}
		size = 1
		for size < want && at+size < len(s) && continues(c, s[at+size], size) {
			size++
		}
		if at+size >= len(s) {
			return at, size, "unexpected end of data"
		}
		return at, size, "invalid continuation byte"
	}
	return 0, 0, ""
}

// continues tells whether b may follow the lead byte c as its n-th continuation.
func continues(c, b byte, n int) bool {
	if n == 1 {
		switch c {
		case 0xE0:
			return b >= 0xA0 && b < 0xC0
		case 0xED:
			return b >= 0x80 && b < 0xA0
		case 0xF0:
			return b >= 0x90 && b < 0xC0
		case 0xF4:
			return b >= 0x80 && b < 0x90
		}
	}
	return b&0xC0 == 0x80
}

func utf8Error(s string, at, size int, why string) string {
	if size == 1 {
		return fmt.Sprintf("(unicode error) 'utf-8' codec can't decode byte 0x%02x in position %d: %s", s[at], at, why)
	}
	return fmt.Sprintf("(unicode error) 'utf-8' codec can't decode bytes in position %d-%d: %s", at, at+size-1, why)
}
