package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

// loadScript imports the application as the server would and prints one JSON line that says how it went.
//
//go:embed loadapp.py
var loadScript string

type loadRequest struct {
	Module      string            `json:"module"`
	File        string            `json:"file"`
	Paste       string            `json:"paste"`
	Directory   string            `json:"directory"`
	PythonPath  []string          `json:"python_path"`
	Environment map[string]string `json:"environment"`
}

type loadResult struct {
	OK      bool     `json:"ok"`
	What    string   `json:"what"`
	Error   string   `json:"error"`
	Frames  []string `json:"frames"`
	Version string   `json:"version"`
}

// loadApp imports the application in a process of its own and says why where that fails.
func loadApp(r *reading, python string, limit time.Duration) hcl.Diagnostics {
	app := firstSetting(r.config, "app.module", "app.file", "app.paste_file")
	if app == nil {
		return hcl.Diagnostics{schema.Errorf("no-application", onCommandLine(), "No application to load", "The configuration names no application. Name it, as in shop.wsgi:application, or leave out --load-app.")}
	}
	request := loadRequest{
		Module: modelText(r.config, "app.module"), File: modelText(r.config, "app.file"), Paste: modelText(r.config, "app.paste_file"),
		Directory: modelText(r.config, "app.directory"), Environment: modelMap(r.config, "app.environment"), PythonPath: modelList(r.config, "app.python_path"),
	}
	chosen, diag := projectPython(r, python)
	if diag != nil {
		return hcl.Diagnostics{diag}
	}
	python = chosen.program
	result, err := runLoader(r, python, request, limit)
	if err != nil {
		return hcl.Diagnostics{schema.Errorf("load-app", app.Range, "The application could not be loaded", "%s", err)}
	}
	if !result.OK {
		detail := fmt.Sprintf("%s (%s) says: %s", python, result.Version, result.Error)
		if len(result.Frames) > 0 {
			detail += "\n" + strings.Join(result.Frames, "\n")
		}
		return hcl.Diagnostics{schema.Errorf("load-app", app.Range, "The application does not load", "%s", detail)}
	}
	return nil
}

// runLoader runs the loader script and ends it, with everything it started, when the time is over.
func runLoader(r *reading, python string, request loadRequest, limit time.Duration) (*loadResult, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	input, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, python, "-c", loadScript)
	cmd.Dir = r.dir
	cmd.Env = r.host.Environment()
	cmd.Stdin = bytes.NewReader(input)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	cmd.ExtraFiles = []*os.File{write}
	noise := &tailBuffer{max: 4096}
	cmd.Stdout, cmd.Stderr = noise, noise
	if err := cmd.Start(); err != nil {
		write.Close()
		return nil, fmt.Errorf("%s cannot be run: %w. Name the project's Python with --python", python, err)
	}
	write.Close()
	answer := make(chan loadResult, 1)
	go func() {
		var result loadResult
		if json.NewDecoder(read).Decode(&result) == nil {
			answer <- result
		}
		close(answer)
	}()
	waitErr := cmd.Wait()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("importing it took longer than %s and was ended (--load-timeout). Something blocks at import: a connection, a lock, a server started there", limit)
	}
	// What the application left running must not hold the pipe.
	syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	if result, ok := <-answer; ok {
		return &result, nil
	}
	var exit *exec.ExitError
	if errors.As(waitErr, &exit) {
		return nil, fmt.Errorf("importing it ended the interpreter (%s). Its last words: %s", exit, noise.String())
	}
	return nil, fmt.Errorf("the interpreter gave no answer. Its last words: %s", noise.String())
}

func firstSetting(cfg *schema.Config, names ...string) *schema.Setting {
	for _, name := range names {
		if s := cfg.Setting(name); s != nil && s.OnHost != cty.NilVal && s.OnHost.IsWhollyKnown() && !s.OnHost.IsNull() {
			return s
		}
	}
	return nil
}

func modelText(cfg *schema.Config, name string) string {
	if s := firstSetting(cfg, name); s != nil {
		text, _ := schema.TextOf(s.OnHost)
		return text
	}
	return ""
}

func modelList(cfg *schema.Config, name string) []string {
	s := firstSetting(cfg, name)
	if s == nil || !s.OnHost.CanIterateElements() {
		return nil
	}
	var out []string
	for _, v := range s.OnHost.AsValueSlice() {
		if text, ok := schema.TextOf(v); ok {
			out = append(out, text)
		}
	}
	return out
}

func modelMap(cfg *schema.Config, name string) map[string]string {
	s := firstSetting(cfg, name)
	out := map[string]string{}
	if s == nil || !s.OnHost.Type().IsObjectType() {
		return out
	}
	for k, v := range s.OnHost.AsValueMap() {
		if text, ok := schema.TextOf(v); ok {
			out[k] = text
		}
	}
	return out
}

// tailBuffer keeps the last bytes written to it.
type tailBuffer struct {
	max  int
	text []byte
}

func (b *tailBuffer) Write(p []byte) (int, error) {
	b.text = append(b.text, p...)
	if extra := len(b.text) - b.max; extra > 0 {
		b.text = b.text[extra:]
	}
	return len(p), nil
}

func (b *tailBuffer) String() string {
	text := strings.TrimSpace(string(b.text))
	if text == "" {
		return "(none)"
	}
	return text
}
