"""What a name says about where something is deployed: production, not production, or a place to publish to.

Two vocabularies: in the name of an environment `test` and `build` are places; in the name of a job or file they are
verbs and decide nothing. What is not production is matched first and taken away, for `pre-production` holds the word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import lru_cache

from gatekeeper.models.pipeline.shell import EXPRESSION
from gatekeeper.node import regex


class Class(StrEnum):
    """The class of an environment. Parametric: several, production among them."""

    PROD = "prod"
    NONPROD = "nonprod"
    PUBLISH = "publish"
    EPHEMERAL = "ephemeral"
    PARAMETRIC = "parametric"
    UNKNOWN = "unknown"


_CAMEL = regex(r"(?<=[a-z0-9])(?=[A-Z])")
_SPLIT = regex(r"[^a-z0-9]+")
_NOT_PRODUCTION = regex(
    r"(?<![a-z0-9])(?:non|not|no|pre|before|post|un|pseudo|fake|like)[-_./ ]?(?:production|prod|prd|live)(?![a-z])"
    r"|(?<![a-z0-9])(?:production|prod)[-_./ ]?like(?![a-z])"
)
_PROD = frozenset("prod prd production live".split())
_NONPROD = frozenset(
    "dev devel develop development stage staging stg stag qa uat sandbox sbx nonprod preprod preproduction".split()
)
_EPHEMERAL = frozenset("preview previews review reviews ephemeral pr".split())
_PLACES = frozenset(
    "test tests testing tst int integration build ci demo training sit perf performance local beta alpha acceptance "
    "acc e2e nightly experimental lab playground tools".split()
)
_PUBLISH = frozenset(
    "pypi testpypi npm npmjs crates cratesio rubygems nuget maven dockerhub ghcr docs documentation pages storybook "
    "chromatic release releases marketplace homebrew publish".split()
)


def tokens(name: str) -> list[str]:
    """The words of a name: `deployToProd_eu` -> deploy, to, prod, eu. Trailing digits of a word are dropped."""
    return [*_tokens(name[:300])]


@lru_cache(maxsize=8192)
def _tokens(name: str) -> tuple[str, ...]:
    words = _SPLIT.split(_CAMEL.sub(" ", name).lower())
    return tuple(word.rstrip("0123456789") or word for word in words if word)


@lru_cache(maxsize=2048)
def classify(name: str, place: bool = True) -> Class:
    """The class of one name; `place` when it is certainly the name of an environment, cluster or namespace."""
    lower = _CAMEL.sub("-", name[:300]).lower()
    without = _NOT_PRODUCTION.sub(" nonprod ", lower)
    words = set(tokens(without))
    production = bool(words & _PROD)
    other = (
        bool(words & _NONPROD)
        or any(word.endswith(("dev", "staging")) for word in words)
        or (place and bool(words & _PLACES))
    )
    if words & _EPHEMERAL and (place or "pr" not in words) and not production:
        return Class.EPHEMERAL
    if place and (words & _PUBLISH or "github-pages" in lower or "crates" in words) and not production and not other:
        return Class.PUBLISH
    if production and other:
        return Class.UNKNOWN
    if production:
        return Class.PROD
    return Class.NONPROD if other else Class.UNKNOWN


def together(classes: Iterable[Class]) -> Class:
    """The class of something that may be any of several."""
    found = set(classes)
    if len(found) == 1:
        return found.pop()
    if Class.PROD in found or Class.PARAMETRIC in found:
        return Class.PARAMETRIC
    known = found - {Class.UNKNOWN}
    return (
        Class.NONPROD
        if known and known <= {Class.NONPROD, Class.EPHEMERAL} and len(known) == len(found)
        else Class.UNKNOWN
    )


_FLAGS = frozenset(
    "-n --namespace --context --kube-context --stage --env --environment -e -s --cluster -var-file --var-file "
    "--space --target -f --values --workspace -l --limit -i --inventory --profile --resource-group -g --stack "
    "-c --config -chdir --chdir --app -a --project --service --instance --stack-name -k --kustomize -var --set".split()
)
_FOLDERS = regex(r"(?:environments?|envs?|overlays?|stages?|live|clusters?|vars|tfvars|values|inventor(?:y|ies))[/._-]")


def named_by_flags(words: Sequence[str]) -> list[str]:
    """What the arguments of a deploy command say about where it goes: `-n production`, `environments/prod`."""
    found: list[str] = []
    for index, word in enumerate(words[1:], 1):
        flag, _, value = word.partition("=")
        if flag in _FLAGS and value:
            found.append(value)
        elif words[index - 1] in _FLAGS and not word.startswith("-"):
            found.append(word)
        elif word.startswith("-"):
            continue
        elif (
            _FOLDERS.search(word)
            or (words[index - 1] in ("select", "workspace"))
            or word.startswith(("s3://", "gs://"))
        ):
            found.append(word)
    return [text for text in found if EXPRESSION not in text and "$" not in text]
