// Package startup tells what a Python web application starts while it is imported: threads, schedulers, exporters,
// connections and the like. A server that loads the application before it forks (gunicorn's preload_app, uWSGI without
// lazy-apps) loses the threads so started and shares the connections among its workers.
//
// App follows the module of an application and what it imports within the project; Function follows one function, such as
// a hook of a gunicorn configuration. Nothing is executed: the statements are read (package syntax) and followed with the few
// values that matter: modules, functions, classes, objects of libraries, constants. What a library's callables start is a
// table (libraries*.go); the source of a library is never read. A function that nothing calls, the block below
// if __name__ == "__main__" and a handler that runs upon a request start nothing.
//
// What stands behind a test that cannot be known is reported as Conditional, what was registered to run in a
// worker as AfterFork. Where a value is not known, nothing is reported: silence is no proof.
//
// The fixtures (testdata/*.txtar) are applications in the shapes of real ones; those that can run here are also imported by
// a real interpreter, and what it finds running afterwards is compared.
package startup
