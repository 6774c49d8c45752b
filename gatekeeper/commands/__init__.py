"""One module a verb: `add(parser)` gives its arguments, `run(options)` its exit code."""

VERBS = {
    "audit": "judge the whole repository: the gate table, then the findings",
    "check": "judge the files given, findings only: for hooks and editors",
    "evidence": "keep what a CI step proves, bound to its commit",
    "explain": "the page of a rule, a criterion or a gate",
    "rules": "the rules there are",
    "attest": "write what a person states about a criterion, with a date and an end",
    "waivers": "what is excused: why, by whom, until when, and whether it still is of use",
    "baseline": "excuse what is found today for a while, so that what is new stands out",
    "init": "write a commented gatekeeper.yaml from what is found here",
    "doctor": "versions, where each setting comes from, tools found",
    "schema": "the JSON Schema of gatekeeper.yaml, or of the report",
    "completion": "shell completion for bash, zsh or fish",
}
