package plan

import (
	"os"
	"os/user"
	"strconv"
	"strings"

	"gsrv/schema"
)

// process reads what the master is, and whom the workers run as.
func (r *reader) process(p *Plan) {
	x := &p.Process
	x.UID, x.GID = -1, -1
	if s := r.either("process.user", "immediate-uid"); s != nil {
		text := textOf(s, "")
		u, err := lookupUser(text)
		switch {
		case err != nil:
			r.refuse(s, "run-user", "No such account", "This machine has no account %s. Create it (useradd --system %s), or name another.", text, text)
		default:
			x.UID, _ = strconv.Atoi(u.Uid)
			x.User = u.Username
			if s.Layer != schema.LayerDefault && r.server != "gunicorn" {
				x.GID, _ = strconv.Atoi(u.Gid)
			}
		}
	}
	if s := r.either("process.group", "immediate-gid"); s != nil {
		gid, err := lookupGroup(textOf(s, ""))
		if err != nil {
			r.refuse(s, "run-user", "No such group", "This machine has no group %s. Create it (groupadd --system %s), or name another.", textOf(s, ""), textOf(s, ""))
		} else {
			x.GID = gid
		}
	}
	if x.UID == os.Geteuid() {
		x.UID = -1
	}
	if x.GID == os.Getegid() {
		x.GID = -1
	}
	if os.Geteuid() != 0 && (x.UID >= 0 || x.GID >= 0) {
		s := r.known("process.user")
		if x.UID < 0 {
			s = r.known("process.group")
		}
		r.refuse(s, "run-user", "Not allowed to change the account", "Only root may run workers as another account, and %s is not the one that starts the server (%d). Start it as that account (a unit's User=, a Dockerfile's USER), or leave the setting out.", s.Native, os.Geteuid())
	}
	x.InitGroups = r.flag("process.supplementary_groups", false)
	if r.server == "uwsgi" {
		x.InitGroups = x.UID >= 0 && !r.ownFlag("no-initgroups")
	}
	if r.server != "gunicorn" && x.GID >= 0 && !x.InitGroups {
		x.Groups = []int{} // root's groups are given up all the same, as by uWSGI; gunicorn's workers keep them
	}
	if s := r.known("process.umask"); s != nil {
		if n, err := strconv.ParseUint(strings.TrimPrefix(textOf(s, "0"), "0o"), 8, 16); err == nil {
			mask := int(n)
			x.Umask = &mask
		}
	}
	x.PIDFile = p.path(r.text("process.pid_file", ""))
	x.Daemon = r.flag("process.daemon", false)
	x.InheritStdio = r.ownFlag("enable_stdio_inheritance")
	x.Name = r.text("process.name", "")
	if x.Name == "" {
		x.Name = r.ownText("default_proc_name")
	}
	if x.Name == "" {
		x.Name = firstOf(p.App.Module, p.App.File, p.App.Paste, "gsrv")
	}
}

// sockets gives unix sockets the mode that the umask of the plan leaves, and with gunicorn the workers' account as owner.
func (r *reader) sockets(p *Plan) {
	for i := range p.Listen {
		l := &p.Listen[i]
		if l.Network != "unix" {
			continue
		}
		if mask := p.Process.Umask; l.Mode == nil && mask != nil {
			mode := os.FileMode(0o777 &^ *mask)
			l.Mode = &mode
		}
		if r.server == "gunicorn" && l.UID < 0 && l.GID < 0 {
			l.UID, l.GID = p.Process.UID, p.Process.GID
		}
	}
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func lookupUser(text string) (*user.User, error) {
	if _, err := strconv.Atoi(text); err == nil {
		if u, err := user.LookupId(text); err == nil {
			return u, nil
		}
		return &user.User{Uid: text, Gid: strconv.Itoa(os.Getegid())}, nil
	}
	return user.Lookup(text)
}

func lookupGroup(text string) (int, error) {
	if n, err := strconv.Atoi(text); err == nil {
		return n, nil
	}
	g, err := user.LookupGroup(text)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(g.Gid)
}
