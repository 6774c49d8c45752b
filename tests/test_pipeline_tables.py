"""The tables of pipelines: a fixture for each row, what a malformed file is told, and what each scanner comes to."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from gatekeeper.models.pipeline import Job, Step, facts, kinds, remote, scanners, shell, tables
from gatekeeper.project import Project
from gatekeeper.settings import Invalid, PipelineKindName
from gatekeeper.testing import project_of

ROWS = tables.rows("commands", "actions", "scripts", "programs", "words")
TASKS = frozenset("turbo nx lerna task just rake invoke inv mage earthly grunt gulp moon".split())
OWN = frozenset({"gradle", "mvn", "aws", "npm"})  # whose arguments decide more than the tables say


def of(section: str) -> list[tables.Row]:
    return [row for name, row in ROWS if name == section]


def test_each_command_is_of_its_kind() -> None:
    wrong = []
    for row in of("commands"):
        words = kinds.unwrap(row.words)
        if words != row.words or words[0] in TASKS | OWN:
            continue
        found = kinds.command_kinds(words)
        if not found or row.under not in [hit.kind for hit in found]:
            wrong.append((row.place, row.words, row.under, found))
    assert wrong == []


def test_each_lifecycle_goal_is_of_its_kind() -> None:
    for row in of("commands"):
        if row.words[0] in ("gradle", "mvn"):
            found = kinds.command_kinds(row.words) or ()
            assert row.under in [hit.kind for hit in found], row.place


def test_each_action_is_of_its_kind() -> None:
    wrong = []
    for row in of("actions"):
        slug = row.words[0]
        for end in ("", "x") if slug[-1] in "/-" else ("", "/x"):
            kind = kinds.action_kind(f"{slug}{end}")
            if kind is None or (not end and kind != ("" if row.under == tables.NOTHING else row.under)):
                wrong.append((row.place, slug, kind))
    assert wrong == []


def test_each_wrapper_and_runner_is_taken_off() -> None:
    for word in tables.words("wrappers") | tables.words("runners"):
        assert kinds.unwrap([*word.split(), "pytest"]) == ("pytest",), word


def test_programs_that_run_an_input() -> None:
    step = "on: push\njobs: {j: {runs-on: x, steps: [{uses: %s@v1, with: {%s: %s}}]}}\n"
    for slug, name in tables.load().scripts.items():
        made = project_of([(".github/workflows/ci.yml", step % (slug, name, "pytest"))]).all(Step)[0]
        assert [fact.kind for fact in made.facts] == ["test"], slug
    for slug, (program, name) in tables.load().programs.items():
        made = project_of([(".github/workflows/ci.yml", step % (slug, name, "xyz"))]).all(Step)[0]
        assert made.classified, (slug, program)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: 1\ncommands:\n  test: |\n    pytest\n    pytest\n", "a.yaml:5: pytest stands here and at a.yaml:4"),
        (
            "version: 1\ncommands:\n  test: |\n    ava\n  lint: |\n    ava\n",
            "a.yaml:6: ava stands here and at a.yaml:4",
        ),
        ("version: 1\nactions:\n  test: |\n    a b\n", "a.yaml:4: '    a b'".replace("    ", "", 1) + " is no row"),
        ("version: 1\nactions:\n  tests: |\n    a/b\n", "a.yaml:3: no kind tests"),
        ("version: 1\nactions:\n  test: [a/b]\n", "a.yaml:3: test is to be a block of lines"),
        ("version: 1\nactions:\n  test: |\n    a/b\n  test: |\n    c/d\n", "a.yaml:5: test stands here and on line 3"),
        ("version: 1\nactoins: {}\n", "a.yaml:2: no section actoins"),
        ("version: 2\n", "a.yaml:1: version 2"),
        ("actions: {}\n", "a.yaml:1: a version is needed"),
        ("version: 1\nwords:\n  dry: |\n    -n -x -n\n", "a.yaml:4: -n stands here and at a.yaml:4"),
    ],
)
def test_a_table_that_cannot_be_used(text: str, said: str) -> None:
    with pytest.raises(tables.Invalid) as raised:
        tables.made(list(tables.read("a.yaml", text)))
    assert said.replace("'a b'", "a b") in str(raised.value).replace("'a b'", "a b")


def test_kinds_are_the_same_everywhere() -> None:
    assert frozenset(get_args(PipelineKindName)) == tables.KINDS


# scanners


def example(row: scanners.Scanner, given: Any) -> tuple[scanners.Scanner | None, scanners.Blocking]:
    if isinstance(given, str):
        words = given.split()
        return scanners.of_words(words), scanners.of_command(words, {}, lambda path: "")
    slug = row.action + ("x" if row.action.endswith("/") else "")
    return scanners.of_slug(slug), scanners.of_action(slug, given, {}, lambda path: "")


@pytest.mark.parametrize("row", scanners.rows(), ids=lambda row: row.name)
def test_each_scanner_comes_to_what_its_page_says(row: scanners.Scanner) -> None:
    assert row.source.startswith("https://")
    for wanted, given in (("yes", row.fails_with), ("no", row.passes_with)):
        if given is not None:
            found, blocking = example(row, given)
            assert found == row
            assert blocking.word == wanted
            assert bool(blocking.reason) == (wanted == "no")
    if row.fails != "unknown":
        assert row.fails_with is not None or row.passes_with is not None
    if row.fails != "unknown" and any(switch.otherwise != "unknown" for switch in row.decided):
        assert row.fails_with is not None and row.passes_with is not None
    if row.fails == "unknown" and not row.goal:
        given = " ".join(row.command) or {}
        assert example(row, given)[1] == scanners.Blocking("unknown", row.because)


def test_each_scanner_stands_in_the_table_of_kinds() -> None:
    for row in scanners.rows():
        if row.command:
            hits = kinds.command_kinds(kinds.unwrap(str(row.fails_with or row.passes_with or row.name).split()))
            assert hits, row.place
            assert hits[0].kind in kinds.SCANS | kinds.TESTS, row.place
        elif row.action:
            kind = kinds.action_kind(row.action + ("analyze" if row.action == "github/codeql-action/" else ""))
            known = kind in kinds.SCANS | kinds.TESTS or row.action.endswith("/")
            assert known, row.place


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"command": "x", "action": "y/z", "fails": "yes", "source": "https://x"}, "one of command, action and goal"),
        ({"command": "x", "fails": "maybe", "source": "https://x"}, "says whether it fails"),
        ({"command": "x", "fails": "yes"}, "has a source"),
        ({"command": "x", "fails": "no", "source": "https://x"}, "says why it does not fail"),
        ({"command": "x", "fails": "yes", "source": "https://x", "sorce": ""}, "no field sorce"),
        ({"command": ["x"], "fails": "yes", "source": "https://x"}, "command is of another type"),
        ({"command": "x", "fails": "yes", "source": "https://x", "decided": [{"as": "magic"}]}, "`as` is one of"),
        ({"command": "x", "fails": "yes", "source": "https://x", "decided": [{"as": "flag"}]}, "have `then`"),
    ],
)
def test_a_scanner_that_cannot_be_used(row: dict[str, Any], said: str) -> None:
    with pytest.raises(tables.Invalid, match=r"s\.yaml:3") as raised:
        scanners.row_of("s.yaml:3", row)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("command", "files", "word"),
    [
        ("trivy fs .", {"trivy.yaml": "exit-code: 1\n"}, "yes"),
        ("trivy fs .", {"trivy.yaml": "# exit-code: 1\n"}, "no"),
        ("trivy fs . --config ci/trivy.yaml", {"ci/trivy.yaml": "exit-code: 2\n"}, "yes"),
        ("trivy fs . --config ci/trivy.yaml", {}, "unknown"),
        ("trivy fs . --exit-code $CODE", {}, "unknown"),
        ("grype x", {".grype.yaml": "fail-on-severity: high\n"}, "yes"),
        ("checkov -d .", {".checkov.yaml": "soft-fail: true\n"}, "no"),
        ("checkov -d .", {".checkov.yaml": "soft-fail: false\n"}, "yes"),
        ("mvn sonar:sonar", {"pom.xml": "<sonar.qualitygate.wait>true</sonar.qualitygate.wait>"}, "yes"),
        ("mvn dependency-check:check", {"pom.xml": "<failBuildOnCVSS>11</failBuildOnCVSS>"}, "no"),
        ("mvn dependency-check:check", {}, "unknown"),
        ("zap-baseline.py -I -c rules.tsv", {}, "unknown"),
        ("nuclei -u x", {}, "unknown"),
    ],
)
def test_scanners_and_their_files(command: str, files: dict[str, str], word: str) -> None:
    assert scanners.of_command(command.split(), {}, lambda path: files.get(path, "")).word == word


@pytest.mark.parametrize(
    ("command", "leaves_out"),
    [
        ("trivy image --severity HIGH,CRITICAL x", ""),
        ("trivy image --severity MEDIUM x", "critical high"),
        ("trivy image -s CRITICAL x", "high"),
        ("grype x --fail-on critical", "high"),
        ("snyk test --severity-threshold=high", ""),
        ("dependency-check --failOnCVSS 7", ""),
        ("dependency-check --failOnCVSS 8", "high"),
        ("dependency-check --failOnCVSS 9.1", "critical high"),
        ("checkov --soft-fail-on CRITICAL", "critical high"),
        ("checkov --soft-fail-on CKV_AWS_1", None),
        ("yarn audit --level critical", None),  # it says what is shown, not what fails
        ("npm audit", None),
    ],
)
def test_which_findings_count(command: str, leaves_out: str | None) -> None:
    words = command.split()
    row = scanners.of_words(words)
    assert row is not None
    limit = scanners.limit(row, scanners.Call(words, {}, {}, lambda path: ""))
    assert (None if limit is None else limit.leaves_out) == (None if leaves_out is None else {*leaves_out.split()})


# what happens elsewhere


def facts_of(steps: str, **files: str) -> list[tuple[str, str, str]]:
    text = f"on: push\njobs:\n  j:\n    runs-on: x\n    steps:\n{steps}"
    named = [(name.replace("__", "/"), each) for name, each in files.items()]
    job = project_of([(".github/workflows/ci.yml", text), *named]).all(Job)[0]
    return [(fact.kind, fact.strength, fact.target) for fact in job.own_facts]


def kinds_of(script: str, **files: str) -> list[str]:
    body = "".join(f"          {line}\n" for line in script.splitlines())
    return [kind for kind, *_ in facts_of(f"      - run: |\n{body}", **files)]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("ssh app@shop.example 'cd /srv && git pull && docker compose up -d'", ["deploy"]),
        ("ssh app@shop.example uptime", []),
        ("ssh -i key app@shop.example <<EOF\nsudo systemctl restart shop\nEOF", ["deploy"]),
        ("ssh app@shop.example kubectl apply -f k8s", ["deploy"]),
        ("docker compose up -d", []),
        ("rsync -az dist/ app@shop.example:/srv/www", ["deploy"]),
        ("rsync -az app@shop.example:/srv/www backup/", []),
        ("rsync -az dist/ out/", []),
        ("git push heroku main", ["gitpush", "deploy"]),
        ("git push origin HEAD:production", ["gitpush", "deploy"]),
        ("git push origin main:release", ["gitpush", "trigger"]),
        ("git push origin --delete production", ["gitpush"]),
        ("git push origin HEAD:main", ["gitpush"]),
        ("gh workflow run deploy.yml", ["trigger"]),
        ("gh api repos/acme/ops/dispatches -f event_type=deploy", ["trigger"]),
        ("curl -X POST https://api.github.com/repos/acme/ops/dispatches -d '{}'", ["trigger"]),
        ('curl -fsS "$RENDER_DEPLOY_HOOK_URL"', ["trigger"]),
        ("curl -X POST https://hooks.slack.com/services/x -d text=deployed", []),
        ('exec "$SCRIPT" apply', ["deploy"]),
        ("cf run-task shop 'rake db:seed'", []),
        ("cf push shop", ["deploy"]),
        ("cf restage shop", ["prod-mutation"]),
        ("kubectl create namespace shop", []),
        ("helm list", []),
        ("pg_restore -d shop dump", ["prod-mutation"]),
        ("aws cloudfront create-invalidation --distribution-id x", ["prod-mutation"]),
        ("oc apply -f bc.yaml", ["build"]),
        ("oc apply -f app.yaml", ["deploy"]),
        ("find k8s -name '*.yaml' | xargs kubectl apply -f", ["deploy"]),
    ],
)  # fmt: skip
def test_what_happens_elsewhere(script: str, expected: list[str]) -> None:
    files = {"bc.yaml": "kind: BuildConfig\n---\nkind: ImageStream\n", "app.yaml": "kind: Deployment\n"}
    assert kinds_of(script, **files) == expected


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("restore-db", "prod-mutation"),
        ("invalidate-cache", "prod-mutation"),
        ("Toggle feature flag", "prod-mutation"),
        ("Restore cache", ""),
        ("dotnet restore", ""),
        ("github-deploy-key", ""),
        ("deploy-marker", ""),
    ],
)
def test_names_of_what_changes_production(name: str, kind: str) -> None:
    assert [hit.kind for hit in kinds.by_name(name)] == ([kind] if kind else [])


def test_gitops() -> None:
    edit = "      - run: |\n          %s\n          git commit -am x\n          git push\n"
    other = "      - uses: actions/checkout@v4\n        with: {repository: acme/manifests}\n"
    certain = edit % "kustomize edit set image shop=shop:1"
    likely = edit % "yq -i .image.tag=1 values.yaml"
    assert ("deploy", "derived", "") in facts_of(certain)
    assert ("deploy", "derived", "acme/manifests") in facts_of(other + likely)
    assert "deploy" not in [kind for kind, *_ in facts_of(likely)]
    assert "deploy" not in [kind for kind, *_ in facts_of("      - run: git push\n")]


def test_terraform_that_only_reads() -> None:
    reads = {"config__main.tf": 'module "x" {\n  source = "../data"\n}\n', "data__main.tf": 'output "x" {\n}\n'}
    makes = {**reads, "data__main.tf": 'resource "a" "b" {\n}\n'}
    remote_module = {"config__main.tf": 'module "x" {\n  source = "acme/x/aws"\n}\n'}
    assert kinds_of("cd config && terraform apply", **reads) == []
    assert kinds_of("cd config && terraform apply", **makes) == ["deploy"]
    assert kinds_of("cd config && terraform apply", **remote_module) == ["deploy"]


def test_reports_show_that_tests_ran() -> None:
    upload = "      - uses: actions/upload-artifact@v4\n        with: {name: junit, path: build/reports}\n"
    assert facts_of("      - run: ./check.exe\n" + upload) == [("test", "name", "")]
    assert facts_of("      - run: pytest\n" + upload) == [("test", "strong", "")]


def test_pushes() -> None:
    assert remote.push(("git", "push", "-f", "origin", "+HEAD:refs/heads/x")) == remote.Push("origin", "x")
    assert remote.push(("git", "push", "--tags")) is None
    assert remote.push(("git", "pull")) is None


# pipeline.kinds in gatekeeper.yaml


def told(settings: str, steps: str) -> Project:
    text = f"on: push\njobs:\n  j:\n    runs-on: x\n    steps:\n{steps}"
    return project_of([(".github/workflows/ci.yml", text), ("gatekeeper.yaml", settings)])


@pytest.mark.parametrize(
    ("entry", "step"),
    [
        ("{uses: acme/ship*, kind: deploy}", "uses: acme/ship-it@v1"),
        ("{pattern: acme/ship-it, kind: deploy}", "uses: acme/ship-it@v1"),
        ("{command: ship, kind: deploy}", "run: ship shop --now"),
        ("{script: ops/ship.sh, kind: deploy}", "run: ./ops/ship.sh production"),
        ("{uses: ./.github/actions/ship, kind: deploy}", "uses: ./.github/actions/ship"),
        ("{job: j, kind: deploy}", "run: whatever"),
    ],
)
def test_what_people_say(entry: str, step: str) -> None:
    job = told(f"pipeline: {{kinds: [{entry}]}}\n", f"      - {step}\n").all(Job)[0]
    found = [fact for fact in job.own_facts if fact.kind == "deploy"]
    assert [fact.strength for fact in found] == ["strong"]
    assert "by gatekeeper.yaml" in found[0].tool
    assert job.deploy is not None


def test_what_people_say_of_failure_and_place() -> None:
    entry = "{uses: acme/check, kind: sast, blocking: false, environment: production}"
    fact = told(f"pipeline: {{kinds: [{entry}]}}\n", "      - uses: acme/check@v1\n").all(Job)[0].own_facts[0]
    assert (fact.kind, fact.blocking, fact.target) == ("sast", "no", "production")
    assert "by gatekeeper.yaml" in fact.reason


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{uses: a/b, kind: tests}", "no 'tests' here; did you mean 'test'?"),
        ("{uses: a/b, kind: shipping}", "expected one of analysis, approval, build"),
        ("{kind: test}", "needs one of pattern, uses, command, script, job"),
        ("{uses: a/b}", "needs 'kind'"),
    ],
)
def test_settings_that_say_nothing(entry: str, said: str) -> None:
    with pytest.raises(Invalid) as raised:
        told(f"pipeline:\n  kinds:\n    - {entry}\n", "      - run: x\n")
    assert said in str(raised.value)
    assert "gatekeeper.yaml:3" in str(raised.value)


# the shell


@pytest.mark.parametrize(
    ("script", "lost"),
    [
        ("{ x; y; } || true", True),
        ("(cd a && x) || exit 1", False),
        ("x || { echo no; exit 1; }", False),
        ("x || (echo no && exit 1)", False),
        ("x || exit", False),
        ("x || exit 0", True),
        ("f() { x; }\nf || true", True),
        ("f() { x; }\nf", False),
        ("f() { x; }", None),
        ("! x", True),
        ("x > out.json || true\njq -e .ok out.json", None),
        ("x | tee log\ntest ! -s log", None),
        ("x | tee log\ncat log", True),
        ("for d in a b; do x; done", False),
        ("x &", True),
        ("x &\nwait $!", None),
        ("case $y in a) x;; esac", False),
        ("if y; then x || true; fi", True),
        ("while x; do y; done", None),
        ("x <<EOF || true\na\nEOF", True),
    ],
)
def test_who_hears_it(script: str, lost: bool | None) -> None:
    read = shell.read(script)
    at = next(number for number, command in enumerate(read.commands) if command.words[:1] == ("x",))
    assert shell.heard(read, True, False)[at].lost is lost


def test_what_stands_in_expressions_decides_nothing() -> None:
    for script in ("a ${{ b || 'c' }} d", "a $[[ inputs.b | c ]] d", 'a "$(b "$(c)")" d', "a `b` d"):
        first = shell.commands(script)[0]
        assert first.words == ("a", shell.EXPRESSION, "d")


def test_what_is_guarded_is_a_branch() -> None:
    found = {command.words[0]: command.branch for command in shell.commands("[ -f a ] && b && c\nd")}
    assert found == {"[": False, "b": True, "c": True, "d": False}


def test_a_broken_part_leaves_the_rest_open() -> None:
    read = shell.read("if ($x) { foo }\npytest\n")
    assert read.why
    assert {heard.lost for heard in shell.heard(read, True, False)} == {None}
    assert ("pytest",) in [command.words for command in read.commands]


def test_a_step_that_is_asked_later() -> None:
    later = "      - {if: \"steps.a.outcome == 'failure'\", run: exit 1}\n"
    step = "      - {id: a, continue-on-error: true, run: pytest}\n"
    text = "on: push\njobs:\n  j:\n    runs-on: x\n    steps:\n"
    blocking = [
        project_of([(".github/workflows/ci.yml", text + steps)]).all(Step)[0].facts[0].blocking
        for steps in (step, step + later)
    ]
    assert blocking == ["no", "unknown"]


def test_limits_of_an_action() -> None:
    text = "on: push\njobs: {j: {steps: [{uses: anchore/scan-action@v6, with: {severity-cutoff: critical}}]}}\n"
    step = project_of([(".github/workflows/ci.yml", text)]).all(Step)[0]
    assert [each.limit.leaves_out for each in facts.limits(step)] == [{"high"}]
