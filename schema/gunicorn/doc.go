// Package gunicorn reads gunicorn's configuration, from 0.17.2 to 26.1, exactly as each release reads it: the command
// line, GUNICORN_CMD_ARGS, the configuration file (any Python, see package eval), the variables that gunicorn itself
// looks at, and Paste files. Every value goes through the release's own validator, so that what is refused here is
// refused there with the same message.
//
// The catalogue (settings_*.go) holds the newest release's settings and, for each, what was different before; ForVersion
// gives those of one release. The words in Option.Type are: bool, posint (a number from 0), string, path, list, csv
// (text parted at commas), csv-addr (csv of addresses and networks), csv-enum, dict, class, callable (a hook), enum,
// user, group, dir (an existing directory), address (host:port) and any.
//
// Facts were read from the tagged releases and checked by running 20.1.0 and later ones; the tests do it again.
package gunicorn
