from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.pipeline.jenkins import JenkinsPipeline
from gatekeeper.node import regex
from gatekeeper.rule import Reason, rule

_VERSION = regex(r"(?:[A-Za-z][A-Za-z-]{0,30}[-/_])?v?\d[\w.+-]{0,60}\Z|[0-9a-f]{7,40}\Z")


@rule(
    "jenkins-library-unpinned",
    gate="workflow-security",
    severity="medium",
    seed="Best Practices Checklist: Immutable Infrastructure",
    where=lambda pipeline: bool(pipeline.libraries),
)
def library_unpinned(pipeline: JenkinsPipeline) -> Iterator[Finding | Unknown]:
    """A shared library is loaded in one version.

    What a library does runs with the pipeline's credentials. Loaded from a branch it is another program tomorrow:
    whoever may push there changes every pipeline that uses it, and no build can be repeated. A tag or a commit stays.
    Without a version Jenkins takes the one in its settings, which is most often a branch.

    Bad:
    ```groovy
    // expect: main is a branch
    @Library('delivery@main') _
    node { sh 'make' }
    ```

    Good:
    ```groovy
    @Library(['delivery@v2.4.0', 'base@1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b']) _
    node { sh 'make' }
    ```

    Unknown:
    ```groovy
    library 'delivery'
    node { sh 'make' }
    ```

    Unknown, put together:
    ```groovy
    library "delivery@${env.LIBRARY_VERSION}"
    node { sh 'make' }
    ```
    """
    for library in pipeline.libraries:
        if not library.version:
            words = f"{library.name}: its version is in the settings of Jenkins"
            yield Unknown(library.place, words, Reason.NEEDS_API)
        elif "$" in library.version:
            yield Unknown(library.place, f"which version of {library.name} {library.version} is")
        elif not _VERSION.match(library.version):
            fix = Fix("name a tag or a commit: @Library('name@v1.2.3')")
            yield Finding(
                library.place, f"{library.version} is a branch: the library changes under the pipeline", (), fix
            )
