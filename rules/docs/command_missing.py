from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links.told import missing, told_in
from gatekeeper.models.docs import Document, Runbook
from gatekeeper.rule import Answer, rule

_MEANT = frozenset({"readme", "setup", "contributing"})


def _runs_ours(document: Document, project: Project) -> bool:
    if not isinstance(document, Runbook) and document.kind not in _MEANT:
        return False
    return (document.central or isinstance(document, Runbook)) and bool(told_in(document, project))


@rule(
    "docs-command-missing",
    gate="documentation",
    severity="medium",
    seed="10. Documentation Delivered",
    where=_runs_ours,
)
def command_missing(document: Document, project: Project) -> Iterator[Answer]:
    """What documents tell people to run is there.

    `make deploy`, and the Makefile has no such target: whoever joins gives up on the page, and whoever is on call on
    the runbook. Judged are targets of make, scripts of package.json and scripts of the repository that a README, a
    setup or contributing page or a runbook runs. A target or script counts wherever it is declared. Left out is what a
    block runs after it clones, downloads, or goes into a container, another folder or another machine, and packages
    that the reader is to make. Where a makefile makes its targets by variables or includes what is not here, or there
    is none at all, a missing one is not known.

    Bad:
    ```markdown README.md
    # Orders
    ## Running locally
    ~~~bash
    # expect: no make target start
    make start
    # expect: no package script dev
    npm run dev
    # expect: no scripts/seed.sh
    ./scripts/seed.sh --all
    ~~~
    ```
    ```makefile Makefile
    up:
        docker compose up
    ```
    ```json package.json
    {"scripts": {"start": "node ."}}
    ```

    Good:
    ```markdown docs/setup.md
    # Setup
    ~~~bash
    make up setup test-unit ENV=dev
    npm run start
    ./scripts/seed.sh
    cd web && make watch
    bash orders/scripts/seed.sh  # from where it is checked out
    bin/kafka-server-start.sh -daemon config/server.properties
    ~~~
    ~~~bash
    git clone https://github.com/acme/tools
    make install
    ~~~
    Then `make $TARGET`, `npm install`, `make -C web watch`, `./scripts/<name>.sh`
    ```
    ```markdown README.md
    # A template
    `npm init orders`, then `npm run dev`
    ```
    ```makefile Makefile
    up: ## starts it
        docker compose up
    test-%:
        go test ./$*
    setup $(CONFIG): config.default
        bin/setup
    ```
    ```json package.json
    {"scripts": {"start": "node ."}}
    ```
    ```sh scripts/seed.sh
    echo
    ```

    Unknown, no makefile is here:
    ```markdown README.md
    # Orders
    `make deploy` and `make test`
    ```

    Unknown, targets are made by variables:
    ```markdown README.md
    # Orders
    `make deploy-prod`
    ```
    ```makefile Makefile
    $(ENVIRONMENTS:%=deploy-%):
        helm upgrade
    ```
    ```makefile other.mk
    up:
        docker compose up
    ```
    """
    said = set[tuple[str, str]]()
    for told in told_in(document, project):
        found = missing(told, document, project)
        if found is None:
            continue
        words, doubt = found
        if doubt and (told.what, doubt) in said:
            continue  # said once of what cannot be known
        said.add((told.what, doubt))
        if doubt:
            yield Unknown(told.at, f"{words} is seen; {doubt}")
        else:
            yield Finding(told.at, f"there is {words} here")
