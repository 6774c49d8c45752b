"""Which tool's pipeline a file holds, by its path alone.

Sources: each tool's own documentation of where it looks for its file.
"""

from __future__ import annotations

from gatekeeper.node import regex

GITHUB, GITLAB, JENKINS = "GitHub Actions", "GitLab CI", "Jenkins"

_YAML = r"\.ya?ml\Z"
_TOOLS = (
    (GITHUB, r"(?:.*/)?\.github/workflows/[^/]*" + _YAML),
    (GITLAB, r"(?:.*/)?\.gitlab-ci" + _YAML),
    (
        JENKINS,
        r"(?:.*/)?jenkinsfile(?:[._-](?![^/]*(?:backup|bak|old|orig|disabled|md|txt|html|ya?ml|json)\Z)[^/]*)?\Z"
        r"|.*\.jenkinsfile(?:\.groovy)?\Z|(?:.*/)?\.?jenkins/(?:.*/)?[^/]*\.groovy\Z",
    ),
    (
        "Azure Pipelines",
        r"(?:.*/)?[^/]*azure-pipelines?[^/]*" + _YAML + r"|(?:.*/)?\.?azure-pipelines/(?:.*/)?[^/]*" + _YAML,
    ),
    ("CircleCI", r"(?:.*/)?\.circleci/[^/]*" + _YAML),
    ("Bitbucket Pipelines", r"(?:.*/)?bitbucket-pipelines" + _YAML),
    ("Travis CI", r"(?:.*/)?\.travis" + _YAML),
    ("Buildkite", r"(?:.*/)?\.?buildkite/[^/]*" + _YAML + r"|(?:.*/)?\.?buildkite" + _YAML),
    ("Drone", r"(?:.*/)?\.drone(?:\.ya?ml|\.star|\.jsonnet)\Z"),
    ("Woodpecker CI", r"(?:.*/)?\.woodpecker" + _YAML + r"|(?:.*/)?\.woodpecker/[^/]*" + _YAML),
    ("Tekton", r"(?:.*/)?\.tekton/(?:.*/)?[^/]*" + _YAML),
    ("TeamCity", r"(?:.*/)?\.teamcity/(?:.*/)?settings\.kts\Z"),
    ("AppVeyor", r"(?:.*/)?\.?appveyor" + _YAML),
    ("Google Cloud Build", r"(?:.*/)?(?:[^/]*[._-])?cloudbuild(?:[._-][^/]*)?\.(?:ya?ml|json)\Z"),
    ("AWS CodeBuild", r"(?:.*/)?buildspec(?:[._-][^/]*)?" + _YAML),
    ("Semaphore", r"(?:.*/)?\.semaphore/[^/]*" + _YAML),
    ("Codefresh", r"(?:.*/)?\.?codefresh" + _YAML + r"|(?:.*/)?\.?codefresh/[^/]*" + _YAML),
    ("Bamboo", r"(?:.*/)?bamboo-specs/(?:.*/)?[^/]*\.(?:ya?ml|java)\Z"),
    ("Gitea Actions", r"(?:.*/)?\.gitea/workflows/[^/]*" + _YAML),
    ("Forgejo Actions", r"(?:.*/)?\.forgejo/workflows/[^/]*" + _YAML),
    ("Cirrus CI", r"(?:.*/)?\.cirrus" + _YAML),
    ("Wercker", r"(?:.*/)?wercker" + _YAML),
    ("Concourse", r"(?:.*/)?concourse/(?:.*/)?pipeline[^/]*" + _YAML),
    ("GoCD", r"(?:.*/)?[^/]*\.gocd" + _YAML),
    ("Harness", r"(?:.*/)?\.harness/(?:.*/)?[^/]*" + _YAML),
    ("Screwdriver", r"(?:.*/)?screwdriver" + _YAML),
)  # fmt: skip
_HINTS = tuple(
    "github/workflows gitlab-ci jenkins azure-pipeline circleci bitbucket-pipelines travis buildkite .drone. "
    "woodpecker .tekton/ .teamcity/ appveyor cloudbuild buildspec .semaphore/ codefresh bamboo-specs .gitea/ "
    ".forgejo/ .cirrus. wercker concourse/ .gocd. .harness/ screwdriver".split()
)
_PATTERNS = tuple((tool, regex(pattern)) for tool, pattern in _TOOLS)


def tool_of(path: str) -> str:
    """The tool whose pipeline a path is that of; '' for any other file."""
    lower = path.lower()
    if not any(hint in lower for hint in _HINTS):
        return ""
    return next((tool for tool, pattern in _PATTERNS if pattern.match(lower)), "")
