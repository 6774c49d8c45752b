from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project
from gatekeeper.links import is_local, target_of
from gatekeeper.models.docs import Document
from gatekeeper.rule import rule

_NOT_SHOWN_HERE = ("pull_request_template", "issue_template/", ".github/issue_template", "template.md", "/templates/")


def _links_inside(document: Document) -> bool:
    path = document.path.lower()
    if document.kind == "changelog" or any(part in path for part in _NOT_SHOWN_HERE):
        return False
    return any(is_local(link.target) for link in document.links)


@rule("docs-links", gate="documentation", severity="low", seed="10. Documentation Delivered", where=_links_inside)
def links(document: Document, project: Project) -> Iterator[Finding]:
    """Links, images and anchors within the repository lead somewhere.

    A link to a page that was moved tells the reader that nobody reads this. Paths count from the document, `/` from the
    root; anchors are those that GitHub makes of headings, and `id`s. Not judged: other sites, issues and releases
    (`../../issues`), submodules, what git ignores because a build makes it, what is filled in (`{{< ref >}}`),
    missing pages and anchors where MkDocs, Hugo, Docusaurus, Sphinx and the like make the site (they check their own),
    changelogs, templates.

    Bad:
    ```markdown docs/setup.md
    # Setup
    <!-- expect: docs/deploy.md does not exist -->
    See [deploying](deploy.md).

    <!-- expect: docs/img/logo.png does not exist -->
    ![Logo](img/logo.png)

    <!-- expect: no heading #rolling-back in docs/operations.md -->
    | [Roll back](operations.md#rolling-back) | b |
    |---|---|

    <!-- expect: no heading #intro in docs/setup.md -->
    > - as the [introduction](#intro) says
    ```
    ```markdown docs/operations.md
    # Operations
    ## Rollback
    ```

    Bad, by reference and in HTML:
    ```markdown README.md
    # Service
    <!-- expect: docs/adr does not exist -->
    Decisions are [written down][adr].

    <!-- expect: logo.svg does not exist -->
    <p align="center"><img src="logo.svg"></p>

    [adr]: docs/adr
    ```

    Good:
    ```markdown docs/setup.md
    # Setup & more
    See [this](#setup--more), [that](/docs/operations.md#rollback-1), [here](./operations.md?plain=1#a), [root](..),
    [code](../src/main.c#L10), [issues](../../../issues), [mail](mailto:a@example.com), <https://example.com/x.md>,
    [page]({{< ref "x.md" >}}), `[not](a-link.md)`, [cut](%6fperations.md), [free](<operations.md>).

    <!-- [draft](missing.md) -->
    ```
    ```markdown docs/operations.md
    # Operations
    ## Rollback
    ## Rollback
    <a id="a"></a>
    ```
    ```c src/main.c
    int main(void) { return 0; }
    ```

    Good, where a site is made:
    ```yaml mkdocs.yml
    site_name: Service
    ```
    ```markdown docs/guide/start.md
    # Start
    [Pretty](../install/), [file](../install.md), [anchor](../install.md#on_linux), [made](../settings.md)
    ```
    ```markdown docs/install.md
    # Install
    ```

    Good, made by a build:
    ```text .gitignore
    # generated
    /docs/api/
    *.pdf
    ```
    ```markdown README.md
    # Service
    [API](docs/api/index.md), [manual](docs/manual.pdf), [site](/elsewhere/page), [terms](#terms)
    ## ⚙️ Terms
    ```
    """
    for link in document.links:
        target = target_of(link, document, project)
        if target and target.missing:
            what = "image" if link.is_image else "link"
            yield Finding(link.node, f"this {what} leads nowhere: {target.missing}")
