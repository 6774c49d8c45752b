"""Text to nodes, one module a syntax. Each has `parse(source)` and gives what it could read and the faults beside it."""
