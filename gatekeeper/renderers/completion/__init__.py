"""The sections of the completion report, in groups: each gives Markdown made of cells of a `Sheet`."""
