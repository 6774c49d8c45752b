"""What evidence says, free of the format that said it. A number that can be recounted was recounted.

Every record may carry what the artifact says about itself: the commit, whether the working copy was changed, when it
was made. Times are aware of their zone; a time without one is left out, because nobody can tell how old it is.
"""

from __future__ import annotations

import datetime
import re
from typing import Literal

import msgspec

Grade = Literal["critical", "high", "medium", "low"]
ScanKind = Literal["vulnerabilities", "code", "misconfiguration", "secrets", "lint"]


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What one artifact says. `tool` and `version` made it; `commit` is empty when it does not name one."""

    tool: str = ""
    version: str = ""
    commit: str = ""
    dirty: bool | None = None
    made: datetime.datetime | None = None
    line: int = 1  # where in the artifact the part begins that this was read from


class Case(msgspec.Struct, frozen=True):
    """A test that did not pass: its name, the line of its record, and the first line of what it said."""

    name: str
    line: int
    message: str = ""


class TestRun(Facts, frozen=True, kw_only=True):
    """Test cases, counted one by one. `bad` holds the first 1,000 of those that failed or broke.

    `claims` says where the file's own totals differ from the count; `unshown` is how many more failures and errors
    they state than are there.
    """

    __test__ = False  # no test of ours, whatever pytest makes of the name

    cases: int
    failures: int = 0
    errors: int = 0
    skipped: int = 0
    flaky: int = 0  # failed first, passed when run again
    bad: tuple[Case, ...] = ()
    claims: str = ""
    unshown: int = 0


class Ratio(msgspec.Struct, frozen=True):
    """`covered` of `total`."""

    covered: int
    total: int


class Coverage(Facts, frozen=True, kw_only=True):
    """Covered of countable, by metric: `line`, `branch`, `statement`, `function`, `instruction`.

    A metric of which there is nothing to count is left out.
    """

    metrics: dict[str, Ratio]


class Threshold(msgspec.Struct, frozen=True):
    """A limit that the load test itself was given, and whether it held: `p(95)<500` of `http_req_duration`."""

    metric: str
    expression: str
    held: bool
    line: int = 1


class LoadTest(Facts, frozen=True, kw_only=True):
    """A run under load. `percentiles` are milliseconds, by metric and percentile:
    {"http_req_duration": {95.0: 212.4}}."""

    requests: int | None = None
    failed: float | None = None  # the share of them that failed
    thresholds: tuple[Threshold, ...] = ()
    percentiles: dict[str, dict[float, float]] = {}


class Benchmarks(Facts, frozen=True, kw_only=True):
    """Micro-benchmarks: functions were measured. They are no proof of latency under load."""


class Problem(msgspec.Struct, frozen=True, gc=False):
    """One result of a scanner. `severity` is None when the tool gives none.

    `path` and `line` are a place in the repository where the tool names one, `end_line` its last line where it says so;
    `record` is the line in the artifact. `suppressed` says by what it was silenced there; it then has no effect here.
    """

    id: str
    severity: Grade | None
    message: str
    where: str = ""  # a package with its version, a resource, a target
    path: str = ""
    line: int = 0
    end_line: int = 0
    record: int = 1
    suppressed: str = ""


def speaks_of_secret(problem: Problem) -> bool:
    """Whether a result is about a secret, by its words: the line that it names may hold it."""
    return bool(_SECRET.search(f"{problem.id} {problem.message}"))


_SECRET = re.compile(
    r"secret|passw|passphrase|credential|token|api.?key|private.?key|cwe-(?:259|321|798)\b", re.IGNORECASE
)


class Scan(Facts, frozen=True, kw_only=True):
    """What a scanner looked at and found. `kind` says what it looks for.

    `targets` are the things scanned: images, lock files, folders. With none of them, nothing was scanned.
    `images` are digests (`sha256:...`) or references of scanned images. `incomplete` says what it did not manage.
    """

    kind: ScanKind
    targets: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    incomplete: tuple[str, ...] = ()


class Validation(Facts, frozen=True, kw_only=True):
    """`terraform validate` of one root, which it does not name."""

    valid: bool
    errors: tuple[Case, ...] = ()


class Bill(Facts, frozen=True, kw_only=True):
    """A software bill of materials: how many components, and of what."""

    components: int
    subject: str = ""


class Price(msgspec.Struct, frozen=True):
    """What one resource costs in a month; None when that depends on use or is not known."""

    name: str
    kind: str
    monthly: float | None


class Estimate(Facts, frozen=True, kw_only=True):
    """A monthly estimate. `total` leaves out what `unpriced` counts; None when nothing has a price. For `unfound` of
    these one was looked for in vain, `unsupported` are of kinds that the tool does not know. `before` is what the base
    that it is compared with comes to, None where there is none."""

    currency: str
    total: float | None
    unpriced: int = 0
    unfound: int = 0
    unsupported: int = 0
    before: float | None = None
    rows: tuple[Price, ...] = ()


class Stage(msgspec.Struct, frozen=True):
    """A job of a run: `conclusion` in the platform's own word, lower case."""

    name: str
    conclusion: str
    seconds: float | None = None
    url: str = ""
    line: int = 1
    allowed_to_fail: bool = False


class Run(Facts, frozen=True, kw_only=True):
    """A pipeline run. `stages` are its jobs, the last attempt of each."""

    name: str = ""
    url: str = ""
    status: str = ""
    conclusion: str = ""
    stages: tuple[Stage, ...] = ()


class Protection(Facts, frozen=True, kw_only=True):
    """Who must say yes before an environment is deployed to. `reviewers` is how many persons or teams are named;
    `approvals` how many of them must agree. `repository` is owner/name where the snapshot names it.

    `waits` is for how many minutes a deployment waits by itself; `restricted` whether only some branches or, on GitLab,
    some people may deploy; `every` whether the snapshot lists every environment that there is.
    """

    repository: str = ""
    environment: str
    reviewers: int = 0
    approvals: int = 0
    prevents_self_review: bool | None = None
    admins_bypass: bool | None = None
    restricted: bool | None = None
    waits: int = 0
    every: bool = False


class BranchRules(Facts, frozen=True, kw_only=True):
    """What the server demands before something is merged into a branch."""

    repository: str = ""
    branch: str = ""
    approvals: int = 0
    checks: tuple[str, ...] = ()
    enforced_for_admins: bool | None = None


class Drift(Facts, frozen=True, kw_only=True):
    """Whether what runs is what the code says: resources or objects that differ, of how many; None when not known."""

    name: str = ""
    differing: tuple[str, ...] = ()
    compared: int | None = None
    synced: bool
    healthy: bool | None = None


class PlannedInstance(msgspec.Struct, frozen=True):
    """A managed resource as it is to be: its address, and what its attributes come to.

    `module` is the address of its module ('' at the root), `index` the key of the instance as it is written. `values`
    is JSON, in which what is not known yet and what is sensitive has been replaced: see `plan_values`.
    """

    address: str
    module: str
    type: str
    label: str
    index: str
    values: bytes
    line: int = 1

    def __repr__(self) -> str:  # values may be anybody's
        return f"PlannedInstance({self.address!r})"


class Plan(Drift, frozen=True, kw_only=True):
    """A plan of Terraform with what it plans.

    `references` are those of every attribute in the configuration, by the address of its resource, without the keys of
    instances: a resource that is there and of which there is no instance is not made. `variables` are hashes of the
    values that the root is given.
    """

    instances: tuple[PlannedInstance, ...] = ()
    references: dict[str, dict[str, tuple[str, ...]]] = {}
    variables: dict[str, str] = {}
    complete: bool = True


class Manifests(Facts, frozen=True, kw_only=True):
    """What charts were rendered to: the charts by name, and the text of all documents, each with its template."""

    charts: tuple[str, ...]
    text: str
