package migrate

import "testing"

func TestWithoutPragmas(t *testing.T) {
	for _, tt := range []struct {
		text, rest string
		said       bool
	}{
		{" noqa", " noqa", false},
		{" noqa: E501", " noqa: E501", false},
		{" NOQA", " NOQA", false},
		{" type: ignore[import]", " type: ignore[import]", false},
		{" pylint: disable=invalid-name", " pylint: disable=invalid-name", false},
		{" fmt: off", " fmt: off", false},
		{" isort:skip", " isort:skip", false},
		{" nosec B104", " nosec B104", false},
		{" pragma: no cover", " pragma: no cover", false},
		{" -*- mode: python -*-", " -*- mode: python -*-", false},
		{" vim: set ft=python:", " vim: set ft=python:", false},
		{" type: ignore  # noqa: F401", " type: ignore", false},
		{" two for each CPU  # noqa: E501", " two for each CPU", true},
		{" bind to all  # nosec  # noqa", " bind to all", true},
		// What people are told.
		{" noqa is not used here", " noqa is not used here", true},
		{" type: the class of the workers", " type: the class of the workers", true},
		{" fmt: the format of the log", " fmt: the format of the log", true},
		{" ticket #4711", " ticket #4711", true},
		{" vim: an editor", " vim: an editor", true},
		{" nosecond thoughts", " nosecond thoughts", true},
		{"", "", true},
	} {
		rest, said := withoutPragmas(tt.text)
		if rest != tt.rest || said != tt.said {
			t.Errorf("%q: %q %v, want %q %v", tt.text, rest, said, tt.rest, tt.said)
		}
	}
}
