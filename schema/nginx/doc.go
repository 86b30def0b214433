// Package nginx reads nginx configurations: the words of every directive with their places, includes within the tree,
// and the model that an operator asks about — which listeners, which locations pass requests to which address, in
// which protocol, with which headers and limits after inheritance.
//
// The lexical rules are those of nginx's own reader (ngx_conf_file.c): it takes quotes only at the start of a word, a
// backslash keeps the character behind it from ending the word, "${" does not open a block. Which directives exist,
// where they may stand and how many arguments they take is recorded from the command tables of nginx 1.22 and of the
// modules that Debian packages (directives.tsv). What nginx checks only when it merges or starts — certificates,
// host names, ports that are taken — is not checked.
//
// Configurations in repositories are often fragments (a "server" without "http" around it) or templates (Jinja, ERB,
// envsubst). A fragment is read in the context that its directives belong to; of a template the literal parts are
// used, and what stands in its own marks is open.
package nginx
