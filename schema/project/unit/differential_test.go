package unit

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

var (
	cases = flag.Int("cases", 60, "number of generated units that are compared with systemd-analyze")
	seed  = flag.Uint64("seed", 1, "seed of the generated units")
)

// systemdSays gives what systemd-analyze says of a file: its lines that name a place in it, and why the unit is refused.
func systemdSays(t testing.TB, dir, name string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "systemd-analyze", "verify", "--man=no", "--recursive-errors=no", filepath.Join(dir, name))
	cmd.Env = append(os.Environ(), "SYSTEMD_COLORS=0", "LC_ALL=C.UTF-8", "SYSTEMD_UNIT_PATH="+dir)
	text, _ := cmd.CombinedOutput() // the status tells only that there was something to say
	var out []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, dir+"/"); ok {
			out = append(out, shorten(rest))
		} else if strings.HasPrefix(line, name+": Service has") {
			out = append(out, line)
		}
	}
	sort.Strings(out)
	return out
}

// shorten leaves out what systemd prints of its buffer behind an escape.
func shorten(message string) string {
	if before, _, ok := strings.Cut(message, "escape sequences: "); ok {
		return before
	}
	return message
}

// weSay gives our messages in the same form.
func weSay(dir, name string) []string {
	_, diags := Read(schema.NewFiles(dir), name)
	var out []string
	for _, d := range diags {
		message, _, _ := strings.Cut(schema.DetailOf(d).ServerMessage, "\n")
		out = append(out, shorten(strings.TrimSpace(message)))
		if d.Severity == hcl.DiagError {
			break // systemd reads no further
		}
	}
	sort.Strings(out)
	return out
}

func needSystemd(t testing.TB) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.service"), []byte("[Service]\nNonsense=1\nExecStart=/bin/true\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	version, err := exec.Command("systemd-analyze", "--version").Output()
	if err != nil || !strings.HasPrefix(string(version), "systemd 252") {
		t.Skip("systemd-analyze 252 is not there")
	}
	if said := systemdSays(t, dir, "a.service"); len(said) != 1 {
		t.Skip("systemd-analyze cannot verify units here:", said)
	}
}

// lines are what stands in [Service]; "|" parts lines.
var lines = []string{
	"Type=notify", "Type=bogus", "Type=", "Restart=always", "Restart=often", "KillMode=mixed", "KillMode=all", "NotifyAccess=me", "NotifyAccess=all",
	"KillSignal=SIGQUIT", "KillSignal=QUIT", "KillSignal=3", "KillSignal=SIGFOO", "KillSignal=99", "KillSignal=RTMIN+3", "KillSignal=quit",
	"TimeoutStopSec=5", "TimeoutStopSec=5x", "TimeoutStopSec=5min 3", "TimeoutStopSec=infinity", "TimeoutStopSec=", "TimeoutStopSec=1.5s", "TimeoutStopSec=-1", "TimeoutStartSec=1h30m", "TimeoutSec=3 y 2 d", "TimeoutSec=abc",
	"RestartSec=5ms", "RestartSec=q", "LimitNOFILE=1024", "LimitNOFILE=abc", "LimitNOFILE=10:5", "LimitNOFILE=5:10", "LimitNOFILE=infinity", "LimitNOFILE=64K", "LimitNOFILE=-1",
	"UMask=022", "UMask=9", "RuntimeDirectoryMode=0755", "RuntimeDirectoryMode=77777", "PrivateTmp=yes", "PrivateTmp=perhaps", "PrivateTmp=T",
	"WorkingDirectory=/srv", "WorkingDirectory=~", "WorkingDirectory=-rel", "Environment=A=1", "Environment=\"A=b c\" 'C=d'", "Environment=A", "Environment=1A=2", "Environment=\"A=b", "Environment=A=\\x41", "Environment=A=\\q",
	"Environment=A=1 B = 2", "EnvironmentFile=/etc/x", "EnvironmentFile=-/etc/x", "EnvironmentFile=rel", "Foo=1", "X-Foo=1", "=x", "bad", "  indented=1", "# comment", "; comment", "Descr\\|iption=1",
	"ExecReload=/bin/kill -HUP $MAINPID", "ExecReload=/bin/kill \"a b\" 'c", "ExecReload=/bin/true \\q", "ExecReload=/bin/true \\x41\\n", "ExecReload=-/bin/true", "ExecReload=bin/true", "ExecReload=-bin/true", "ExecReload=/bin/", "ExecReload=@/bin/true", "ExecReload=@/bin/true x",
	"ExecReload=-", "ExecReload=/bin/true ; /bin/false", "ExecReload=/bin/true \\; x", "ExecReload=/bin/true \\|  a \\|# b|  c", "ExecReload=", "ExecReload=true", "ExecReload=!!/bin/true", "ExecReload=+!/bin/true", "ExecReload=; /bin/true",
	"[Foo]|a=b", "[X-Foo]|a=b", "[Unit]|Description=a b", "[Unit]|User=a", "[Install]|WantedBy=multi-user.target", "[Bad", "ExecReload=/bin/true %% %n", "Wants=a.service", "ExecStop=/bin/true 'a'b\"c\"", "Environment=A=\"b\"c", "PIDFile=/run/x.pid",
}

func TestLinesLikeSystemd(t *testing.T) {
	needSystemd(t)
	for _, line := range lines {
		compare(t, "a.service", "[Service]\nExecStart=/bin/true\n"+strings.ReplaceAll(line, "|", "\n")+"\n")
	}
	for _, text := range []string{
		"", "[Service]\n", "[Unit]\nDescription=x\n", "[Service]\nType=oneshot\n", "[Service]\nExecStart=/bin/true\nExecStart=/bin/false\n", "[Service]\nExecStop=/bin/true\n",
		"[Service]\nType=oneshot\nExecStart=/bin/true\nExecStart=/bin/false\n", "ExecStart=/bin/true\n[Service]\nExecStart=/bin/true", "\xef\xbb\xbf[Service]\nExecStart=/bin/true\n", "[Service]\r\nExecStart=/bin/true\r\n",
		"[Service]\nExecStart=/bin/true \\\n", "[Service]\nExecStart=/bin/true\n[Socket]\nListenStream=1\n", "[Service]\nExecStart=\n", "[Service]\nExecStart=/bin/true\nExecStart=\nExecStart=/bin/false\n", "[Service]\nExecStart=/bin/true\nEnvironment=A=\xff\n",
	} {
		compare(t, "a.service", text)
	}
	for _, line := range []string{"80", "x", "99999", "/run/a.sock", "[::]:80", "127.0.0.1", "127.0.0.1:80", "0", "@abstract", "[::1]", "localhost:80", "relative/path"} {
		dir := t.TempDir()
		writeUnit(t, dir, "b.service", "[Service]\nExecStart=/bin/true\n")
		compareIn(t, dir, "b.socket", "[Socket]\nListenStream=/run/x.sock\nListenStream="+line+"\n")
	}
}

func TestGeneratedLikeSystemd(t *testing.T) {
	needSystemd(t)
	random := rand.New(rand.NewPCG(*seed, 4))
	pieces := []string{"\"", "'", "\\", " ", " ", "a", "b", "\\x41", "\\n", "%%", ";", " ; /bin/false ", "=", "A=1", "\\\n", "\n", "#", "\\s", "$X", "\\101", "\\u00e9", "\t", "é"}
	for range *cases {
		var b strings.Builder
		b.WriteString("[Service]\nExecStart=/bin/true\n")
		for range 1 + random.IntN(3) {
			b.WriteString([]string{"ExecReload=/bin/true ", "Environment=", "ExecStop=-/bin/true ", "Description", lines[random.IntN(len(lines))]}[random.IntN(5)])
			for range random.IntN(7) {
				b.WriteString(pieces[random.IntN(len(pieces))])
			}
			b.WriteByte('\n')
		}
		compare(t, "a.service", strings.ReplaceAll(b.String(), "|", "\n"))
	}
}

func writeUnit(t testing.TB, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func compare(t *testing.T, name, text string) {
	t.Helper()
	compareIn(t, t.TempDir(), name, text)
}

func compareIn(t *testing.T, dir, name, text string) {
	t.Helper()
	writeUnit(t, dir, name, text)
	want, got := systemdSays(t, dir, name), weSay(dir, name)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s\n-systemd +ours\n%s", fmt.Sprintf("%q", text), diff)
	}
}
