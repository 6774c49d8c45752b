"""A report as text, one module a format: `render(report) -> str`. Everything that comes from the repository passes
`sanitise` on its way out."""
