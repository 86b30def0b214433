// Package uwsgi reads uWSGI configurations exactly as uWSGI 2.0 reads them: ini, XML, YAML and JSON files, UWSGI_*
// environment variables and the command line, in one list of options whose order decides.
//
// The reader goes through uWSGI's own phases. Variables, dashed options and positional files append to one list,
// during which immediate options act (they load files, open logic blocks, load plugins). Then $(VARIABLE), @(FILE)
// and %(NAME) are replaced in the values, and the rest of the options are applied in list order. What the host
// decides stays an expression: every text keeps the parts it was made of, each with its place in its source.
//
// The ini files are read line by line here and not with gopkg.in/ini.v1: uWSGI replaces % letters in the raw text
// before it splits lines (a "%" at a line's end swallows the newline), takes a section's parts together wherever
// they stand, keeps repeated keys in order, and an option may load another file at its place.
package uwsgi
