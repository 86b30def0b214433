// Package project finds how a project starts its servers. Today that is the command line: which server a command
// really runs behind the wrappers that deployments put around it.
package project
