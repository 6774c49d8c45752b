from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.models.pipeline import SCANS
from gatekeeper.models.pipeline.gitlab import GitlabJob
from gatekeeper.rule import Reason, rule

_POLICY = ".gitlab/security-policies/policy.yml"


def _scans(job: GitlabJob) -> bool:
    return bool(job.template) and any(fact.kind in SCANS for fact in job.own_facts)


@rule(
    "gitlab-security-template-never-blocks",
    gate="security-scan",
    severity="medium",
    seed="Anti-Patterns to Avoid: Skipping security scan",
    where=_scans,
)
def security_template(job: GitlabJob, project: Project | None = None) -> Iterator[Finding | Unknown]:
    """GitLab's scan templates are set up so that what they find can stop something.

    Every scan job of GitLab's templates and catalog components has `allow_failure: true`, and passes whatever it finds:
    it fails only when the scan itself cannot be done. Nothing comes of a finding unless a merge request approval policy
    asks for an approval, which lives in another project and is not in these files.

    With `allow_failure: false` a scan that breaks is at least noticed, and what it finds still depends on the policy:
    that is UNKNOWN until it is attested. A job with a script of its own is judged by what the script does.

    Bad:
    ```yaml
    include:
      # expect: allow_failure: true
      - template: Jobs/Secret-Detection.gitlab-ci.yml
    build: {script: [make]}
    ```

    Bad, a component:
    ```yaml
    include:
      # expect: allow_failure: true
      - component: $CI_SERVER_FQDN/components/container-scanning/container-scanning@5.0.0
    build: {script: [make]}
    ```

    Good, a scan of one's own in its place:
    ```yaml
    include:
      - template: Jobs/Secret-Detection.gitlab-ci.yml
    secret_detection:
      image: zricethezav/gitleaks:v8.18.0
      script: [gitleaks detect --source .]
      allow_failure: false
    ```

    Unknown, the scan itself must succeed:
    ```yaml
    include:
      - template: Jobs/Secret-Detection.gitlab-ci.yml
    secret_detection: {allow_failure: false}
    ```
    """
    if not any(fact.tool == job.template for fact in job.own_facts):
        return
    if project is not None and project.tree.exists(_POLICY):
        yield Unknown(job, f"whether {_POLICY} stops what {job.id} finds", Reason.NEEDS_HUMAN)
        return
    if job.soft[0] == "yes":
        words = f"{job.id} of {job.template} has allow_failure: true and passes whatever it finds"
        fix = Fix("set allow_failure: false on the job, and attest the merge request approval policy that acts on it")
        yield Finding(job, words, fix=fix)
        return
    words = f"{job.id} passes whatever it finds; attest the merge request approval policy that acts on it"
    yield Unknown(job, words, Reason.NEEDS_API)
