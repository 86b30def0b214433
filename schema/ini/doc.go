// Package ini reads INI files without losing a byte of where things stand: every section header, key, value and
// line of a value has its place.
//
// There are two readers. Plain reads the common INI dialect with gopkg.in/ini.v1, every key tagged with its line
// before parsing; it never fails and is what files are recognised and skimmed with. Parse follows Python's
// configparser, which Paste's loader, logging.config.fileConfig and supervisord are built on.
//
// Parse reads the lines itself, because gopkg.in/ini.v1 cannot be made faithful to configparser. What stands in the
// way, each with a case in TestWhyNotIniV1:
//
//   - a line is a continuation when it is indented deeper than its key, blank lines and comments in between
//     included; the library takes any indented line directly below, with its indentation, and none after a comment;
//   - a key given twice, or a section, is an error there and the last value wins here, or both are merged;
//   - a line without a delimiter is collected as one of several errors there and ends the reading here;
//   - back quotes, triple quotes, quoted keys, the key "-" and a byte order mark mean something here only;
//   - a section's name runs to the last bracket there, keys may precede any section here;
//   - a carriage return alone ends a line there.
//
// Tagging defuses the quotes and the merging, so Plain keeps them; for the rest there is no option in the library.
package ini
