// Package waitress holds what is known of the server waitress: its adjustments, what it makes of their text, what it
// refuses, and the reader of its command line, waitress-serve. Package paste uses the same for egg:waitress#main.
package waitress
