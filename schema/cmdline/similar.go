package cmdline

import (
	"cmp"
	"slices"
)

// similar gives the names that click proposes for an unknown one, sorted: at most three that Python's
// difflib.get_close_matches finds, by the share of characters in common blocks.
func similar(word string, known []string) []string {
	type scored struct {
		name  string
		score float64
	}
	a := []rune(word)
	var close []scored
	for _, name := range known {
		b := []rune(name)
		if bound := 2 * float64(min(len(a), len(b))) / float64(len(a)+len(b)); bound < 0.6 {
			continue
		}
		if score := 2 * float64(matching(b, a)) / float64(len(a)+len(b)); score >= 0.6 {
			close = append(close, scored{name, score})
		}
	}
	slices.SortFunc(close, func(x, y scored) int {
		if c := cmp.Compare(y.score, x.score); c != 0 {
			return c
		}
		return cmp.Compare(y.name, x.name)
	})
	var names []string
	for _, s := range close[:min(len(close), 3)] {
		names = append(names, s.name)
	}
	slices.Sort(names)
	return names
}

// matching counts the characters of the common blocks: the longest one (the earliest of several), then those on
// either side of it.
func matching(a, b []rune) int {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	bestA, bestB, size := 0, 0, 0
	previous := make([]int, len(b)+1)
	for i := range a {
		current := make([]int, len(b)+1)
		for j := range b {
			if a[i] != b[j] {
				continue
			}
			current[j+1] = previous[j] + 1
			if current[j+1] > size {
				size = current[j+1]
				bestA, bestB = i-size+1, j-size+1
			}
		}
		previous = current
	}
	if size == 0 {
		return 0
	}
	return size + matching(a[:bestA], b[:bestB]) + matching(a[bestA+size:], b[bestB+size:])
}
