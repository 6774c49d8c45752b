"""One module a verb: `add(parser)` gives its arguments, `run(options)` its exit code."""
