// Command buildkit records how BuildKit's own parser takes Dockerfiles apart: run it in this directory with
// "go run . ../dockerfiles ../dockerfiles.json". It is a module of its own so that nothing else depends on BuildKit.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// An Instruction is what is compared.
type Instruction struct {
	Name  string
	Line  int
	Flags []string `json:",omitempty"`
	JSON  []string `json:",omitempty"`
	Text  string   `json:",omitempty"`
}

// An Answer is what a word list is resolved to with the variables A=one, EMPTY= and SPACE="a b".
type Answer struct{ Word, Result, Error string }

func main() {
	record := struct {
		Files map[string][]Instruction
		Words []Answer
	}{Files: map[string][]Instruction{}}
	names, _ := filepath.Glob(filepath.Join(os.Args[1], "*"))
	for _, name := range names {
		file, err := os.Open(name)
		if err != nil {
			panic(err)
		}
		result, err := parser.Parse(file)
		if err != nil {
			fmt.Println(name, err)
			continue
		}
		list := []Instruction{}
		for _, node := range result.AST.Children {
			in := Instruction{Name: strings.ToUpper(node.Value), Line: node.StartLine, Flags: node.Flags}
			for n := node.Next; n != nil; n = n.Next {
				if node.Attributes["json"] {
					in.JSON = append(in.JSON, n.Value)
				}
			}
			if in.JSON == nil && node.Next != nil && strings.Contains("CMD ENTRYPOINT RUN", in.Name) {
				in.Text = node.Next.Value
			}
			list = append(list, in)
		}
		record.Files[filepath.Base(name)] = list
		file.Close()
	}
	lex := shell.NewLex('\\')
	env := shell.EnvsFromSlice([]string{"A=one", "EMPTY=", "SPACE=a b"})
	for _, word := range []string{
		"$A", "${A}", "x$A/y", "${A:-z}", "${EMPTY:-z}", "${EMPTY-z}", "${A:+z}", "${EMPTY:+z}", "${EMPTY+z}", "'$A'", "\"$A\"", "\\$A", "\"\\$A\"",
		"\"a\\\"b\"", "\"a\\nb\"", "a\\ b", "${MISSING:-$A}", "${MISSING:-${A}x}", "\"${MISSING:-a b}\"", "$SPACE", "$", "a$", "\"it's\"", "a''b", "${A:?no}", "$A$A", "'a'\"b\"c",
	} {
		result, _, err := lex.ProcessWord(word, env)
		a := Answer{Word: word, Result: result}
		if err != nil {
			a.Error = err.Error()
		}
		record.Words = append(record.Words, a)
	}
	out, err := json.MarshalIndent(record, "", " ")
	if err != nil {
		panic(err)
	}
	if err := os.WriteFile(os.Args[2], append(out, '\n'), 0o644); err != nil {
		panic(err)
	}
}
