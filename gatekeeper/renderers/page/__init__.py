"""The parts of the HTML page, one module a kind of content; `gatekeeper.renderers.html` puts them together."""
