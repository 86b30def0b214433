// Package docs holds the pages that the program itself prints.
package docs

import "embed"

// Rules are the pages of the lint rules: rules/C001.md.
//
//go:embed rules/*.md
var Rules embed.FS
