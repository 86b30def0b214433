// Package unit reads systemd units: services, sockets, timers and their drop-ins, with the place of every value.
//
// Lines are read by systemd's own rules (its version 252): continuation lines with comments in between, an empty
// assignment that resets a list, quotes and escapes of its command lines and of Environment=, the prefixes of
// ExecStart=. Libraries lose the places or the rules. What systemd ignores with a message is a warning here, what keeps a
// unit from being started an error.
//
// Specifiers (%i, %n, %h) depend on where a unit is installed: %% is resolved, any other stays as written and
// marks its value open. Variables in commands are put in by Expand, as the manager does when it starts the command.
package unit
