from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.codeowners import OwnerLine
from gatekeeper.rule import rule


@rule("codeowners-owner", gate="documentation", severity="medium", seed="Phase 7 Documentation complete")
def codeowners_owner(line: OwnerLine) -> Iterator[Finding]:
    """Every line of CODEOWNERS can be read.

    GitHub leaves out a line that it cannot read, and says so only where nobody looks: then nobody is asked for a
    review of what the line means. Owners are `@user`, `@organisation/team` or an address; patterns have no `!` and no
    `[a-z]`. On GitLab, which has sections, `@@maintainer` names a role. That an owner exists and may write is known to
    the server alone.

    Bad:
    ```text .github/CODEOWNERS
    *            @acme/orders
    # expect: platform-team is no owner
    /terraform/  platform-team
    # expect: `!` is not understood
    !/docs/      @acme/docs
    # expect: `[` is not understood
    /src/[a-m]*/ @acme/early
    # expect: @acme/ is no owner
    /k8s/        @acme/
    ```

    Good:
    ```text CODEOWNERS
    # everything
    *        @acme/orders @jane-doe docs@example.com # and others
    /build/
    a\\ b/    @acme/orders
    ```

    Good, on GitLab:
    ```text .gitlab/CODEOWNERS
    * @@maintainer
    [Documentation][2] @docs/team
    docs/
    ^[Optional]
    !docs/generated/
    ```
    """
    mark = line.pattern[:1] if line.pattern.startswith("!") else "[" if "[" in line.pattern else ""
    if mark and not line.on_gitlab:
        yield Finding(line, f"`{mark}` is not understood here: GitHub leaves this line out")
    for owner in line.not_owners[:1]:
        yield Finding(line, f"{owner[:60]} is no owner: not @user, @organisation/team or an address")
