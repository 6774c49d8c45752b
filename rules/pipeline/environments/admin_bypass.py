from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import production_of
from gatekeeper.links.approval import shown
from gatekeeper.models.pipeline import Job
from gatekeeper.rule import rule


@rule(
    "pipeline-environment-admin-bypass",
    gate="production-approval",
    severity="low",
    seed="3.3 Quality Gates: manual approval for production",
    where=lambda job, project: (
        job.pipeline.platform == "github"
        and production_of(job, project) is not None
        and any(each.declared.approved and each.declared.by == "snapshot" for each in shown(job, project))
    ),
)
def environment_admin_bypass(job: Job, project: Project) -> Iterator[Finding | Unknown]:
    """Administrators do not pass over the approval of production.

    Unless an environment says otherwise an administrator of the repository may start what waits for an approval. Judged
    is what a snapshot of the server says about environments with reviewers; a file of settings cannot say it, and
    Terraform's `github_repository_environment` has a rule of its own, `tf-github-environment-bypass`.
    """
    for name, at, declared in shown(job, project):
        if not declared.approved or declared.by != "snapshot":
            continue
        if declared.bypass is None:
            words = f"environment {name}: the snapshot does not say whether administrators pass it by"
            yield Unknown(declared.at, words)
        elif declared.bypass:
            see = (Note(declared.at, "what the server says"),)
            words = f"environment {name}: administrators may pass over its reviewers"
            yield Finding(at, words, see, Fix("clear `Allow administrators to bypass configured protection rules`"))
