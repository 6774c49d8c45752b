"""Text to nodes, one module a syntax: `parse(source)` gives what it could read, and the faults beside it."""
