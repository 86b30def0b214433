// Package modwsgi reads the command line of mod_wsgi-express, which writes an Apache configuration with mod_wsgi in it and
// starts Apache: "mod_wsgi-express start-server [options] wsgi.py".
//
// The options are Python's optparse's. Before they are parsed, $NAME and ${NAME} in every word are replaced from the
// environment. There is no configuration file. The releases read are 4.1.0 to 6.0.5.
package modwsgi
