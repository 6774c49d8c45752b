"""What a step does: by the tables of actions and commands, and what names say when the tables do not know.

The order of evidence: the action, the command (unwrapped of `sudo`, `npx`, `uv run` …), what a make target, package
script or local script runs, and last the name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import NamedTuple

from gatekeeper.models.pipeline import tables
from gatekeeper.models.pipeline.environments import tokens
from gatekeeper.models.pipeline.shell import EXPRESSION
from gatekeeper.models.shell import WRAPPERS
from gatekeeper.node import regex

TESTS = frozenset({"test", "e2e", "coverage"})
# Tools that change infrastructure rather than roll out a build of the service
INFRASTRUCTURE = frozenset(
    "terraform tofu terragrunt terramate pulumi cdktf dflook/terraform-apply dflook/tofu-apply azure/arm-deploy".split()
)
SCANS = frozenset({"sast", "sca", "secretscan", "iacscan", "imagescan", "dast", "scan", "analysis"})


class Hit(NamedTuple):
    """One thing that a command or action does, and which it is."""

    kind: str
    tool: str


def action_kind(slug: str) -> str | None:
    """The kind of an action (`owner/repo/path`, without its ref); '' for one that judges and changes nothing here."""
    lower = slug.lower()
    for prefix, kind in tables.load().actions.get(lower.partition("/")[0], ()):
        if lower == prefix or (lower.startswith(prefix) and (prefix[-1] in "/-" or lower[len(prefix)] == "/")):
            return kind
    return None


def unwrap(words: Sequence[str]) -> tuple[str, ...]:
    """The command behind a wrapper; see `_unwrapped`."""
    return _unwrapped(tuple(words))


@lru_cache(maxsize=16384)
def _unwrapped(words: tuple[str, ...]) -> tuple[str, ...]:
    """The command behind `sudo`, `npx`, `uv run`, `python -m`, `docker run image` and their like."""
    left = list(words)
    for _ in range(8):
        while left and re.match(r"[A-Za-z_][A-Za-z0-9_]{0,80}=", left[0]):
            left.pop(0)
        if not left:
            return ()
        program = _program(left[0])
        pair = f"{program} {left[1]}" if len(left) > 1 else ""
        if program == "command" and left[1:2] in (["-v"], ["-V"]):
            return ()  # it only asks where a program is
        if program in tables.words("wrappers"):
            left = _past_flags(left[1:], WRAPPERS[program][0].split() if program in WRAPPERS else None)
        elif program == "timeout":
            left = _past_flags(left[1:])[1:]
        elif pair in tables.words("runners"):
            left = _past_flags(left[2:])
        elif program.startswith("python") and len(left) > 2 and left[1] == "-m":
            left = left[2:]
        elif _own_program(program, left):
            left = left[1:]
        else:
            inner = _in_container(program, left)
            if inner is None:
                break
            left = inner
    return (_program(left[0]), *left[1:]) if left else ()


def assigned(words: Sequence[str]) -> tuple[str, ...]:
    """The variables that are set for a command by what runs it: `env NAME=value program`."""
    return tuple(word for word in words if _ASSIGNED.match(word)) if words[:1] in (("env",), ("sudo",)) else ()


_ASSIGNED = regex(r"[A-Za-z_][A-Za-z0-9_]{0,80}=")
_ENTERED = frozenset({"trivy", "grype", "gitleaks", "checkov", "semgrep", "hadolint", "snyk", "kics"})
_CONTAINERS = frozenset({"docker", "podman", "nerdctl", "docker-compose"})


def in_container(words: Sequence[str]) -> bool:
    """Whether a command as written runs another in a container."""
    return any(_program(word) in _CONTAINERS for word in words[:3]) and not {"run", "exec"}.isdisjoint(words)


def _own_program(program: str, words: list[str]) -> bool:
    """Whether the file given to an interpreter is a program of its own name: `python manage.py`, `php artisan`."""
    if len(words) < 2:
        return False
    named = _program(words[1])
    return (program.startswith("python") and named == "manage.py") or (
        program in ("php", "ruby", "node") and named in ("artisan", "rails", "rake")
    )


def _in_container(program: str, words: list[str]) -> list[str] | None:
    """What `docker run image …` or `docker compose exec service …` runs; the image's name stands for the program."""
    rest = words[1:]
    if program == "docker" and rest[:1] == ["compose"]:
        program, rest = "docker-compose", rest[1:]
    if program == "docker-compose":
        rest = _past_flags(rest)
        if rest[:1] in (["run"], ["exec"]):
            inside = _past_flags(rest[1:])
            entry = _entry(rest[1 : len(rest) - len(inside)])
            if entry is None:
                return None
            return [entry, *inside[1:]] if entry else inside[1:] or None
        return None
    if program in ("docker", "podman", "nerdctl") and rest[:1] == ["run"]:
        given, rest = rest[1:], _past_flags(rest[1:])
        entry = _entry(given[: len(given) - len(rest)])
        if not rest or entry is None:
            return None
        if entry:
            return [entry, *rest[1:]]
        image = rest[0].rpartition("/")[2].partition("@")[0].partition(":")[0]
        inside = rest[1:]
        if inside and inside[0] != image and image in _ENTERED:
            return [image, *inside]
        return inside if inside and not inside[0].startswith("-") else [image, *inside]
    return None


def _entry(flags: Sequence[str]) -> str | None:
    """The program that stands for an image's own (`--entrypoint`), '' for its own; None: nobody waits for it."""
    for at, flag in enumerate(flags):
        if flag in ("--detach", "--detach=true") or _DETACHED.match(flag):
            return None
        if flag.startswith("--entrypoint"):
            value = flag.partition("=")[2] or (flags[at + 1] if at + 1 < len(flags) else "")
            return value or "\x1a"
    return ""


_DETACHED = regex(r"-[it]{0,2}d[it]{0,2}\Z")


def _past_flags(words: list[str], takes_value: Collection[str] | None = None) -> list[str]:
    takes_value = tables.words("takes-value") if takes_value is None else takes_value
    at = 0
    while at < len(words) and (words[at].startswith("-") or re.match(r"[A-Za-z_][A-Za-z0-9_]{0,80}=", words[at])):
        if words[at] == "--":
            return words[at + 1 :]
        at += 2 if words[at] in takes_value and at + 1 < len(words) else 1
    return words[at:]


def _program(word: str) -> str:
    name = word.rpartition("/")[2].partition("@")[0] or word
    if name in ("gradlew", "gradlew.bat"):
        return "gradle"
    return "mvn" if name in ("mvnw", "mvnw.cmd") else name.removesuffix(".exe").removesuffix(".cmd")


def command_kinds(words: Sequence[str]) -> tuple[Hit, ...] | None:
    """What an unwrapped command does; () for one that is known to do nothing of a kind, None for one not known."""
    return _command_kinds(tuple(words))


@lru_cache(maxsize=16384)
def _command_kinds(words: tuple[str, ...]) -> tuple[Hit, ...] | None:
    found = _found(words)
    return None if found is None else tuple(found)


def _found(words: tuple[str, ...]) -> list[Hit] | None:
    if not words:
        return []
    program = words[0]
    if program == "oc" and "tag" in words[1:4]:
        return None  # a cluster may deploy whatever gets the tag
    if program in ("gradle", "mvn"):
        return _java(program, words) or (None if _says_more(words) else [])
    if program in ("tox", "nox"):
        return _environments(program, words)
    if program in (
        "turbo",
        "nx",
        "lerna",
        "task",
        "just",
        "rake",
        "invoke",
        "inv",
        "mage",
        "earthly",
        "grunt",
        "gulp",
        "moon",
    ):
        return [hit for word in words[1:] if not word.startswith("-") for hit in _task(program, word)] or None
    special = _special(program, words)
    if special is not None:
        return special
    for wanted, kind in tables.load().commands.get(program, ()):
        if _follows(wanted, words):
            return [Hit(_tempered(kind, words), program)]
    if program.startswith("#") or not program or EXPRESSION in program or "$" in program:
        return None
    return [] if program.lower() in tables.words("neutral") else None


def _tempered(kind: str, words: Sequence[str]) -> str:
    """A dry run deploys and publishes nothing."""
    if kind in ("deploy", "publish", "migrate", "rollback") and not tables.words("dry").isdisjoint(words):
        return "plan"
    return kind


def _follows(wanted: tuple[str, ...], words: Sequence[str]) -> bool:
    """Whether the wanted words are the first arguments, flags and what may be a flag's value aside."""
    at = 0
    for index, word in enumerate(words[1:], 1):
        if at == len(wanted):
            break
        if word == wanted[at]:
            at += 1
        elif not word.startswith("-") and not (words[index - 1].startswith("-") and "=" not in words[index - 1]):
            return False
    return at == len(wanted)


def _special(program: str, words: Sequence[str]) -> list[Hit] | None:
    """Commands whose arguments decide more than the tables can say."""
    if program == "aws" and words[1:2] == ("s3",) and words[2:3] in (("cp",), ("sync",), ("mv",)):
        ends = [
            word
            for word in words[3:]
            if word.startswith(("s3://", "./", "/")) or "." in word or EXPRESSION in word or "$" in word
        ]
        remote = (
            bool(ends)
            and [w for w in words[3:] if not w.startswith("-")][1:2] != []
            and _second(words).startswith("s3://")
        )
        bulk = words[2] == "sync" or "--recursive" in words
        return [Hit("plan" if "--dryrun" in words else "deploy", "aws s3")] if remote and bulk else []
    if program == "npm" and words[1:2] == ("audit",) and words[2:3] in (("fix",), ("signatures",)):
        return []
    if program == "trivy" and ({"--download-db-only", "--version", "plugin", "version", "clean"} & set(words)):
        return []
    if program == "ruff" and words[1:2] not in (("check",), ("format",), (".",)) and len(words) > 1:
        return []
    if program == "hugo" and words[1:2] == ("deploy",):
        return [Hit("deploy", "hugo")]
    if program == "curl":
        return [Hit("smoke", "curl")] if _is_probe(words) else []
    if program in ("snyk", "gitleaks", "semgrep", "checkov", "grype", "trufflehog", "tfsec") and words[1:2] in (
        ("auth",),
        ("--version",),
        ("version",),
        ("login",),
        ("config",),
    ):
        return []
    return None


def _second(words: Sequence[str]) -> str:
    plain = [word for word in words[3:] if not word.startswith("-")]
    return plain[1] if len(plain) > 1 else ""


def _is_probe(words: Sequence[str]) -> bool:
    """A request whose failure fails the step, or whose status is looked at; not a download and not an upload."""
    flags = [word for word in words[1:] if word.startswith("-")]
    short = "".join(flag[1:] for flag in flags if not flag.startswith("--"))
    fails = (
        "f" in short or any(flag.startswith("--fail") for flag in flags) or any("http_code" in word for word in words)
    )
    if not fails:
        return False
    kept = [
        words[i + 1]
        for i, w in enumerate(words[:-1])
        if w in ("-o", "--output") or (w[:1] == "-" and w[:2] != "--" and w[-1:] == "o")
    ]
    if any(name != "/dev/null" for name in kept) or "O" in short or "--remote-name" in flags:
        return False
    if any(flag in ("-T", "--upload-file", "-F", "--form") for flag in flags):
        return False
    return not any(
        re.search(
            r"github\.com/|githubusercontent|/install|\.sh\b|\.tgz|\.tar|\.zip|\.gpg|\.asc\b|get\.|api\.github|hooks\.slack|webhook",
            w,
        )
        for w in words
    )


IGNORES_FAILURES = frozenset("-fn --fail-never -Dmaven.test.failure.ignore -DtestFailureIgnore".split())
_INSTEAD = frozenset({"-h", "--help", "-V", "--version", "-version"})
_LISTS: dict[str, frozenset[str]] = {
    program: frozenset(flags.split())
    for programs, flags in (
        ("pytest py.test", "--collect-only --collectonly --co --fixtures --markers --setup-plan"),
        ("jest react-scripts npm yarn pnpm", "--listTests --showConfig --clearCache --collect-only --list-tests"),
        ("vitest", "list init"),
        ("go gotestsum", "-list -c -n"),
        ("cargo", "--no-run --list list archive init fetch"),
        ("dotnet vstest", "--list-tests -t --listtests"),
        ("gradle", "--dry-run -m --tasks"),
        ("ctest", "-N --show-only"),
        ("rspec mocha cucumber cucumber-js", "--dry-run"),
        ("behave", "--dry-run -d"),
        ("phpunit pest", "--list-tests --list-suites --list-groups"),
        ("playwright", "--list"),
        ("bats", "--count -c"),
        ("tox", "l list config devenv --listenvs --listenvs-all -l -a --showconfig --notest"),
        ("nox", "-l --list --list-sessions"),
        ("prove", "-D --dry"),
        ("ginkgo", "--dry-run --dryRun build bootstrap generate outline labels"),
        ("bazel", "--nobuild"),
        ("pip-audit", "--dry-run"),
        ("checkov", "--list -l"),
        ("bundle bundler-audit bundle-audit", "update download stats"),
        ("grype", "db config"),
        ("trivy", "server plugin clean vex registry"),
        ("semgrep", "--validate --dump-config --dump-engine-path publish"),
    )
    for program in programs.split()
}


def runs_nothing(words: Sequence[str]) -> bool:
    """Whether a test or a scan is only asked what it would do: what there is, which version it is, how it is used."""
    rest = words[1:]
    if "--help" in rest or rest[-1:] in tuple((each,) for each in _INSTEAD) or rest[:1] in (("help",), ("version",)):
        return True
    if any(word in _LISTS.get(words[0], ()) for word in rest):
        return True
    return words[0] == "go" and any(_NO_NAME.match(word) for word in rest)


_NO_NAME = regex(r"(?:-run=?)?(?:\^\$|XXX|NONE|\^NONE\$|\^XXX\$)\Z")
_REPORTS = frozenset("report xml html json lcov combine annotate check-coverage merge erase instrument".split())


def reports_only(words: Sequence[str]) -> bool:
    """Whether a program of coverage only tells what a run before it came to: it passes when the tests failed."""
    return words[0] in ("coverage", "nyc", "c8") and words[1] in _REPORTS if len(words) > 1 else False


_SKIP_TESTS = regex(r"-D(skipTests|maven\.test\.skip)(=true)?\Z")


def _java(program: str, words: Sequence[str]) -> list[Hit]:
    """Maven's and Gradle's lifecycles: later phases run the tests too, unless told not to."""
    arguments = [word.rpartition(":")[2] if program == "gradle" else word for word in words[1:]]
    named = [word for word in arguments if not word.startswith("-")]
    left_out = {arguments[at] for at, word in enumerate(arguments[1:], 1) if words[at] in ("-x", "--exclude-task")}
    skipped = any(_SKIP_TESTS.match(word) for word in words) or "test" in left_out
    named = [word for word in named if word not in left_out]
    hits: list[Hit] = []
    for word in named:
        found = next((kind for wanted, kind in tables.load().commands.get(program, ()) if wanted == (word,)), "")
        if found:
            hits.append(Hit(found, program))
        if (
            word
            in (
                "test",
                "verify",
                "install",
                "package",
                "deploy",
                "check",
                "build",
                "integrationTest",
                "jacocoTestReport",
            )
            and not skipped
        ):
            hits.append(Hit("test", program))
        if word in ("verify", "install", "package", "build") and not found:
            hits.append(Hit("build", program))
        if not found and word not in ("test", "verify", "install", "package", "build", "check", "clean"):
            hits += by_name(word, program)
    return hits


_LIFECYCLE = frozenset(
    "test verify install package deploy check build clean validate initialize site compile test-compile".split()
)


def _says_more(words: Sequence[str]) -> bool:
    """Whether a build tool is told goals that no table knows, or that are put in when it runs."""
    named = [word for word in words[1:] if not word.startswith("-")]
    if words[0] == "gradle":
        named = [word.rpartition(":")[2] for word in named]
    return any(word not in _LIFECYCLE for word in named) or any(EXPRESSION in word or "$" in word for word in words)


def _environments(program: str, words: Sequence[str]) -> list[Hit]:
    """What `tox -e lint` or `nox -s tests` runs: by the names of its environments; without any, the tests."""
    chosen = [words[at + 1] for at, word in enumerate(words[:-1]) if word in ("-e", "-s", "--session", "--sessions")]
    names = [name for each in chosen for name in each.split(",")]
    if not names or any(_PYTHON.match(name) or EXPRESSION in name or "$" in name for name in names):
        return [Hit("test", program)]
    return [hit for name in names for hit in by_name(name, program)]


_PYTHON = regex(r"(?:py|pypy|python|test)[0-9.]*(?:-|\Z)")


def _task(program: str, word: str) -> list[Hit]:
    return by_name(word.rpartition(":")[2] or word, program)


_NAMES: tuple[tuple[str, frozenset[str]], ...] = tuple(
    (kind, frozenset(words.split()))
    for kind, words in (
        ("rollback", "rollback revert"),
        ("prod-mutation", "restage"),
        ("smoke", "smoke healthcheck"),
        ("e2e", "e2e integration acceptance cypress playwright functional"),
        ("perf", "perf performance benchmark benchmarks loadtest loadtests lighthouse"),
        ("coverage", "coverage"),
        ("typecheck", "typecheck typing types mypy tsc"),
        ("lint", "lint linting linter format fmt prettier eslint style checkstyle vet"),
        ("migrate", "migrate migration migrations"),
        ("deploy", "deploy promote rollout"),
        ("scan", "scan sast dast snyk trivy semgrep sonar codeql vulnerability vulnerabilities audit"),
        ("test", "test tests unit spec specs pytest jest"),
        ("build", "build compile bundle"),
    )
)


_MUTATES = regex(
    r"(?:restore|import|reset|reindex)-(?:the-)?(?:db|database|production|prod|backup)\b|(?:db|database)-restore\b"
    r"|(?:invalidate|purge|flush|clear)-(?:cdn|cloudfront|redis|fastly)|cache-invalidation|invalidate-cache"
    r"|(?:toggle|enable|disable)-feature|feature-flag"
)
_NOT_SCANNED = frozenset({"image", "images", "report", "reports", "create", "database", "db", "start"})


@lru_cache(maxsize=1)
def _stops() -> dict[str, frozenset[str]]:
    """Words beside those of a kind in a name that speaks of something else."""
    no_check = tables.words("no-check")
    stops = {"deploy": tables.words("no-deployment"), "prod-mutation": tables.words("no-deployment")}
    return {**stops, "test": no_check, "e2e": no_check, "scan": no_check - _NOT_SCANNED}


def by_name(name: str, tool: str = "") -> list[Hit]:
    """What a target's, script's or step's name says. Words inside variables and stop-words say nothing."""
    return [*_by_name(name[:200], tool)]


@lru_cache(maxsize=8192)
def _by_name(name: str, tool: str) -> list[Hit]:
    plain = re.sub(r"\$\{\{.{0,200}?\}\}|\$\{[^}]{0,100}\}|\$[A-Za-z_]+", " ", name[:200])
    words = tokens(plain)
    held = set(words)
    joined = "-".join(words)
    if "type-check" in joined or "check-types" in joined:
        return [Hit("typecheck", tool)]
    if "health-check" in joined:
        return [Hit("smoke", tool)]
    if "-load-test" in f"-{joined}":
        return [Hit("perf", tool)]
    if _MUTATES.search(joined):
        return [Hit("prod-mutation", tool)]
    if re.search(r"(?:terraform|tf|app|infra|tofu)-apply", joined) and not held & _stops()["deploy"]:
        return [Hit("deploy", tool)]
    for kind, known in _NAMES:
        if held & known:
            stops = _stops().get(kind, frozenset())
            return [] if held & (stops - known) else [Hit(kind, tool)]
    return []
