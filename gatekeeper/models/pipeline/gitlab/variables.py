"""What GitLab's predefined variables are for one way in which a pipeline starts.

Source: "Predefined CI/CD variables reference" of GitLab's documentation.
"""

from __future__ import annotations

from gatekeeper.models.pipeline.gitlab.conditions import SOMETHING, UNKNOWN, Sample, Value
from gatekeeper.models.pipeline.ir import Trigger

_ALWAYS = frozenset(
    "CI_COMMIT_SHA CI_COMMIT_SHORT_SHA CI_COMMIT_MESSAGE CI_COMMIT_TITLE CI_COMMIT_AUTHOR CI_COMMIT_TIMESTAMP "
    "CI_PIPELINE_ID CI_PIPELINE_IID CI_PIPELINE_URL CI_PROJECT_ID CI_PROJECT_NAME CI_PROJECT_PATH CI_PROJECT_NAMESPACE "
    "CI_PROJECT_ROOT_NAMESPACE CI_PROJECT_PATH_SLUG CI_PROJECT_URL CI_PROJECT_TITLE CI_PROJECT_VISIBILITY "
    "CI_SERVER_HOST CI_SERVER_URL CI_SERVER_FQDN CI_SERVER_NAME CI_SERVER_VERSION CI_API_V4_URL CI_CONFIG_PATH "
    "CI_COMMIT_REF_PROTECTED CI_COMMIT_REF_SLUG GITLAB_USER_ID GITLAB_USER_LOGIN GITLAB_USER_NAME GITLAB_USER_EMAIL "
    "CI_TEMPLATE_REGISTRY_HOST".split()
)
_ONLY_IN_MERGE_REQUESTS = ("CI_MERGE_REQUEST_", "CI_EXTERNAL_PULL_REQUEST_")
_NOT_IN_EVERY_MERGE_REQUEST = ("_LABELS", "_MILESTONE", "_ASSIGNEES", "_DESCRIPTION", "_APPROVED", "_SQUASH_ON_MERGE")
# What names the repository itself: a condition that compares it keeps copies of the repository out.
OWN = frozenset({"CI_PROJECT_PATH", "CI_PROJECT_NAMESPACE", "CI_PROJECT_ROOT_NAMESPACE", "CI_PROJECT_ID"})
REF = frozenset("CI_COMMIT_REF_NAME CI_COMMIT_REF_SLUG CI_COMMIT_BRANCH CI_COMMIT_SHORT_SHA CI_COMMIT_SHA".split())


def is_predefined(name: str) -> bool:
    """Whether GitLab gives it."""
    return name in ("CI", "GITLAB_CI", "GITLAB_FEATURES") or name.startswith(("CI_", "GITLAB_USER_"))


def predefined(name: str, trigger: Trigger, default: str, child: bool = False) -> Value:
    """The value of one of GitLab's own variables; `child`: in a pipeline that another one starts."""
    if name in ("CI", "GITLAB_CI"):
        return "true"
    if name == "CI_DEFAULT_BRANCH":
        return default
    if name == "CI_PIPELINE_SOURCE":
        return "parent_pipeline" if child else trigger.event
    if name in _ALWAYS:
        return SOMETHING
    if name.startswith(_ONLY_IN_MERGE_REQUESTS):
        return _of_merge_request(name, trigger)
    if name in ("CI_COMMIT_BRANCH", "CI_COMMIT_TAG", "CI_COMMIT_REF_NAME"):
        return _ref(name, trigger)
    if name == "CI_OPEN_MERGE_REQUESTS" and trigger.ref in ("tag", "schedule"):
        return None
    if name in ("CI_PIPELINE_TRIGGERED", "CI_PIPELINE_SCHEDULE_DESCRIPTION", "CI_DEPLOY_FREEZE"):
        return UNKNOWN if trigger.ref in ("schedule", "other") else None
    return UNKNOWN


def _of_merge_request(name: str, trigger: Trigger) -> Value:
    if trigger.ref != "pr" or name.startswith("CI_EXTERNAL"):
        return None
    if name == "CI_MERGE_REQUEST_TARGET_BRANCH_NAME":
        return sample(trigger)
    return UNKNOWN if name.endswith(_NOT_IN_EVERY_MERGE_REQUEST) else SOMETHING


def _ref(name: str, trigger: Trigger) -> Value:
    if trigger.ref == "pr":
        return SOMETHING if name == "CI_COMMIT_REF_NAME" else None
    tag = trigger.ref == "tag"
    if name == ("CI_COMMIT_BRANCH" if tag else "CI_COMMIT_TAG"):
        return None
    return sample(trigger)


def sample(trigger: Trigger) -> Value:
    """The branch or tag of a trigger: one that is named, or one that stands for others."""
    if trigger.pattern == "*":
        return Sample(trigger.branch)
    return Sample(trigger.branch, trigger.pattern) if trigger.pattern else trigger.branch
