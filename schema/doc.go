// Package schema is the common model of a Python web server's configuration.
//
// Every server's configuration is the same thing written in a different dialect: a set of settings, each an
// expression over what only the host knows (environment variables, the number of CPUs, the host name). A
// dialect's reader (package schema/gunicorn, schema/uwsgi, schema/paste, schema/native) turns files and command
// lines into Layers; Merge lays them over each other into a Config; everything else works on the Config.
//
// Positions are hcl.Range and problems are hcl.Diagnostic everywhere. A Range's Filename is the path the user
// would recognise, or a pseudo file in angle brackets for text that stands in no file: "<command line>",
// "<environment GUNICORN_CMD_ARGS>". The text of both is kept in Files, so that a code frame can be drawn.
package schema
