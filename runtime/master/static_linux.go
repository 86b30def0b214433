package master

import (
	"fmt"
	"os"
	"os/user"
	"strconv"

	"gsrv/runtime/plan"
	"gsrv/runtime/static"
	"gsrv/runtime/wire"
)

// static gives what the front sends requests to: the workers, with a plan's static files in front of them.
func (s *server) static(p *plan.Plan) (func() wire.Sender, error) {
	q := p.Static
	if q == nil {
		return s.backend.Sender, nil
	}
	c := static.Config{
		Check: q.Check, Index: q.Index, SkipExt: q.SkipExt, Safe: q.Safe, MIMEFiles: q.MIMEFiles,
		GzipAll: q.GzipAll, GzipPrefixes: q.GzipDirs, GzipSuffixes: q.GzipSuffixes, Gzip: q.GzipRE, Ranges: q.Ranges, Header: q.Header,
	}
	for _, m := range q.Maps {
		c.Maps = append(c.Maps, static.Map(m))
	}
	for _, m := range q.Appended {
		c.Appended = append(c.Appended, static.Map(m))
	}
	for _, e := range q.Expires {
		c.Expires = append(c.Expires, static.Expiry{By: e.By, Match: e.Match, Seconds: e.Seconds, Modified: e.Modified})
	}
	account, err := accountOf(&p.Process)
	if err != nil {
		return nil, err
	}
	c.Account = account
	files, warnings, err := static.New(c)
	if err != nil {
		return nil, err
	}
	for _, w := range warnings {
		s.log.warningf("%s", w)
	}
	return func() wire.Sender { return files.Before(s.backend.Sender()) }, nil
}

// accountOf is whom the workers run as; nil for the master's own account.
func accountOf(p *plan.Process) (*static.Account, error) {
	if p.UID < 0 && p.GID < 0 {
		return nil, nil
	}
	a := &static.Account{UID: p.UID, GID: p.GID}
	groups, err := os.Getgroups()
	if err != nil {
		return nil, err
	}
	a.Groups = groups
	if !p.InitGroups || p.UID < 0 {
		return a, nil
	}
	gid := p.GID
	if gid < 0 {
		gid = os.Getegid()
	}
	a.Groups = []int{gid}
	u, err := user.LookupId(strconv.Itoa(p.UID))
	if err != nil {
		return a, nil // an account without a name has no further groups
	}
	ids, err := u.GroupIds()
	if err != nil {
		return nil, fmt.Errorf("the groups of %s: %w", u.Username, err)
	}
	for _, id := range ids {
		if n, err := strconv.Atoi(id); err == nil {
			a.Groups = append(a.Groups, n)
		}
	}
	return a, nil
}
