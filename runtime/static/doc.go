// Package static answers requests for files as uWSGI does with static-map, static-map2 and check-static: before the application is
// asked, and without a worker.
//
// Which file a path stands for, what is a match and what the answer says follow uWSGI 2.0.21. Where that is not safe, or wrong, this
// package is stricter: a file must be below its directory, while uWSGI compares the beginnings of the names (so that
// /srv/static-private counts as below /srv/static); a directory's index must be below it as well, and a compressed copy must not be a
// link; and If-Range, and ranges longer than the file, follow RFC 9110.
package static
