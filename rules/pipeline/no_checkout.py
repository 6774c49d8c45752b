from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pipeline import Job, Step
from gatekeeper.models.pipeline.files import Wanted, wanted
from gatekeeper.models.pipeline.ir import text_of
from gatekeeper.node import regex
from gatekeeper.rule import rule

_FETCHES = regex(
    r"git (?:-\S+ \S+ )?(?:clone|init|fetch|pull|worktree)|gh repo clone|svn |hg clone|\bcurl\b|\bwget\b|\btar\b|"
    r"unzip|gh (?:release|run) download|npm init|npx create-|docker cp|aws s3|gsutil|gcloud storage|rsync|scp |cat <<|"
    r"cat >|tee |cp |>\s*\S|touch |mkdir |ln -s|git config --global --add safe"
)
_BRINGS = ("checkout", "download", "cache", "clone", "restore")


def _brings_files(step: Step) -> bool:
    """Whether files may be there after it: a checkout, a download, or something that is not known."""
    if step.uses:
        return not step.classified or any(word in step.slug for word in _BRINGS)
    return bool(_FETCHES.search(step.run)) or not step.classified


def _on_hosted_runner(job: Job) -> bool:
    labels = job.node["runs-on"]
    words = " ".join(text_of(each) for each in labels) if labels.is_list else text_of(labels)
    return "self-hosted" not in words and labels.present and not labels.is_mapping and not job.node["container"].present


def _first(job: Job) -> tuple[Step, Wanted] | None:
    """The first step that uses a file of the repository while nothing has brought one."""
    for step in job.steps:
        found = next(iter(wanted(step)), None)
        if found and not _FETCHES.search(step.run):
            return step, found
        if _brings_files(step):
            return None
    return None


@rule(
    "pipeline-no-checkout",
    gate="pipeline-automation",
    severity="high",
    seed="3.1 Pipeline Stages",
    where=lambda job: job.pipeline.caller is None and bool(job.steps) and _on_hosted_runner(job),
)
def no_checkout(job: Job) -> Iterator[Finding]:
    """A job checks out the repository before it uses its files.

    Every job starts in an empty folder, whatever the job before it has checked out. A script, a manifest or a package
    that the job names is not there until `actions/checkout` (or a download) brings it: the job fails, or scans nothing
    and passes.

    Held against a job is a relative path, a package script, a make target or a scan of the folder before anything may
    have brought files. Jobs on runners of one's own, whose folder may outlive a job, and jobs in containers are not
    judged. `docker/build-push-action` fetches the repository by itself.

    Bad:
    ```yaml
    on: push
    jobs:
      security:
        runs-on: ubuntu-latest
        steps:
          # expect: snyk/actions/node
          - uses: snyk/actions/node@master
      deploy:
        runs-on: ubuntu-latest
        steps:
          - uses: azure/setup-kubectl@v4
          # expect: k8s
          - run: kubectl apply -f k8s/
          - run: ./scripts/smoke-test.sh
    ```

    Good:
    ```yaml
    on: push
    jobs:
      image:
        runs-on: ubuntu-latest
        steps:
          - uses: docker/build-push-action@v6
      deploy:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: kubectl apply -f k8s/
      release:
        runs-on: ubuntu-latest
        steps:
          - run: git clone "https://github.com/$GITHUB_REPOSITORY" .
          - run: ./scripts/release.sh
      artifact:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/download-artifact@v4
          - run: ./dist/check.sh
      scan:
        runs-on: ubuntu-latest
        steps:
          - uses: aquasecurity/trivy-action@0.28.0
            with: {image-ref: shop, exit-code: 1}
    ```
    """
    found = _first(job)
    if found:
        _, what = found
        words = f"{what.path or what.words} is not there: nothing has checked out the repository in this job"
        yield Finding(what.place, words, (), Fix("begin the job with - uses: actions/checkout@<commit>"))
