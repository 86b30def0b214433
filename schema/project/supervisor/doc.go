// Package supervisor reads supervisord.conf: which programs supervisord starts, with which command, directory,
// account, environment and logs, each value with its place.
//
// The file is read as supervisord 4.2 reads it: Python's configparser with inline comments, %(name)s expansion of
// every value, environment= by supervisord's own key="value" grammar, commands parted by shlex. An environment variable
// that is not known stays as it is written and marks the value open.
//
// Files of a conf.d directory have no [supervisord] section; they are read as fragments.
package supervisor
