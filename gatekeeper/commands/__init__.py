"""One module a verb: `add(parser)` gives its arguments, `run(options)` its exit code."""

VERBS = {
    "audit": "judge the whole repository: the gate table, then the findings",
    "check": "judge the files given, findings only: for hooks and editors",
    "explain": "the page of a rule or a gate",
    "rules": "the rules there are",
    "init": "write a commented gatekeeper.yaml from what is found here",
    "doctor": "versions, where each setting comes from, tools found",
    "schema": "the JSON Schema of gatekeeper.yaml, or of the report",
    "completion": "shell completion for bash, zsh or fish",
}
