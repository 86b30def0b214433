//go:build linux

package master

import (
	"fmt"
	"testing"

	"gsrv/runtime/plan"
)

// TestCheaper follows the algorithms second by second: each item is busy workers (for backlog: waiting requests), the numbers of
// workers are what comes of it.
func TestCheaper(t *testing.T) {
	const mb = 1 << 20
	for name, c := range map[string]struct {
		q      plan.Cheaper
		start  int
		load   []int
		rss    []int64
		expect []int
	}{
		// All busy: more than cheaper-overload seconds, then one more, and the count starts again.
		"overload": {q: plan.Cheaper{Minimum: 2, Overload: 3}, start: 2, load: []int{2, 2, 2, 2, 3, 3, 3, 3, 4}, expect: []int{2, 2, 2, 3, 3, 3, 3, 4, 4}},
		// A second with a free worker takes one off the count.
		"now and then":   {q: plan.Cheaper{Minimum: 1, Overload: 2}, start: 1, load: []int{1, 1, 0, 1, 1}, expect: []int{1, 1, 1, 1, 2}},
		"step":           {q: plan.Cheaper{Minimum: 1, Overload: 1, Step: 2}, start: 1, load: []int{1, 1, 3, 3, 4, 4}, expect: []int{1, 3, 3, 4, 4, 4}},
		"one to spare":   {q: plan.Cheaper{Minimum: 1, Overload: 1}, start: 3, load: []int{2, 2, 2, 2}, expect: []int{3, 3, 3, 3}},
		"nothing to do":  {q: plan.Cheaper{Minimum: 1, Overload: 2}, start: 4, load: []int{0, 0, 0, 0, 0, 0, 0, 0}, expect: []int{4, 3, 3, 2, 2, 1, 1, 1}},
		"manual":         {q: plan.Cheaper{Minimum: 1, Overload: 1, Algorithm: "manual"}, start: 2, load: []int{2, 2, 2, 0, 0}, expect: []int{2, 2, 2, 2, 2}},
		"backlog":        {q: plan.Cheaper{Minimum: 1, Overload: 3, Algorithm: "backlog"}, start: 1, load: []int{3, 4, 5, 3, 2, 0, 0}, expect: []int{1, 2, 3, 3, 2, 1, 1}},
		"soft limit":     {q: plan.Cheaper{Minimum: 1, Overload: 1, SoftRSS: mb}, start: 1, load: []int{1, 1, 1, 1}, rss: []int64{mb, mb, mb, 0}, expect: []int{1, 1, 1, 2}},
		"hard limit":     {q: plan.Cheaper{Minimum: 1, Overload: 1, SoftRSS: mb, HardRSS: 2 * mb}, start: 3, load: []int{3, 2, 1}, rss: []int64{2 * mb, 3 * mb, 3 * mb}, expect: []int{2, 1, 1}},
		"most there are": {q: plan.Cheaper{Minimum: 1, Overload: 1, Step: 9}, start: 3, load: []int{3, 3, 4, 4}, expect: []int{3, 4, 4, 4}},
	} {
		t.Run(name, func(t *testing.T) {
			var ch cheaper
			have, got := c.start, []int{}
			for i, n := range c.load {
				l := load{active: have, busy: min(n, have), waiting: n}
				if c.rss != nil {
					l.rss = c.rss[i]
				}
				have += ch.next(&c.q, l, 4)
				got = append(got, have)
			}
			if fmt.Sprint(got) != fmt.Sprint(c.expect) {
				t.Errorf("%v, not %v", got, c.expect)
			}
		})
	}
}
