"""Which images a pipeline builds, pushes, scans and deploys, by the names that its steps give them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gatekeeper.links.image_names import Name, calls, form, masked, name_of, unmasked
from gatekeeper.models.pipeline import Fact, Job, Step
from gatekeeper.models.pipeline.ir import text_of
from gatekeeper.models.pipeline.kinds import unwrap
from gatekeeper.node import regex

_BUILDERS = ("docker/build-push-action", "depot/build-push-action", "redhat-actions/buildah-build")
_SPLIT = regex(r"[,\s]+")
_SCAN_INPUTS = (
    ("aquasecurity/trivy-action", "image-ref"),
    ("anchore/scan-action", "image"),
    ("anchore/grype", "image"),
    ("snyk/actions/docker", "image"),
    ("docker/scout-action", "image"),
    ("azure/container-scan", "image-name"),
    ("erzz/dockle-action", "image"),
    ("crazy-max/ghaction-container-scan", "image"),
    ("sysdiglabs/scan-action", "image-tag"),
    ("goodwithtech/dockle-action", "image"),
)
_DEPLOY_INPUTS = (
    ("aws-actions/amazon-ecs-render-task-definition", "image"),
    ("google-github-actions/deploy-cloudrun", "image"),
    ("azure/webapps-deploy", "images"),
    ("azure/container-apps-deploy-action", "imagetodeploy"),
    ("azure/k8s-deploy", "images"),
    ("azure/aci-deploy", "image"),
    ("superfly/flyctl-actions", "image"),
)
_RESTARTS = (("kubectl", "rollout", "restart"), ("oc", "rollout", "latest"), ("oc", "rollout", "restart"))
ALL = "{every tag}"  # of a repository that is pushed whole
_MOST = 400  # names of one job


class Image(NamedTuple):
    """An image at a step: its name in one form, the step, and in which order that comes in its job."""

    name: Name
    step: Step
    at: int

    @property
    def words(self) -> str:
        return self.name.text


class Images(NamedTuple):
    """What the steps of some jobs do with images. `unnamed` are the facts whose image has no name that can be read:
    by kind. `tagged` are pairs of names for one image. `restarts` are steps that start anew what is deployed."""

    built: tuple[Image, ...] = ()
    pushed: tuple[Image, ...] = ()
    scanned: tuple[Image, ...] = ()
    deployed: tuple[Image, ...] = ()
    tagged: tuple[tuple[Name, Name], ...] = ()
    restarts: tuple[Step, ...] = ()
    unnamed: tuple[Fact, ...] = ()

    @property
    def made(self) -> tuple[Image, ...]:
        return (*self.built, *self.pushed)

    def open(self, *kinds: str) -> Fact | None:
        """A fact of one of the kinds whose image is not named."""
        return next((fact for fact in self.unnamed if fact.kind in kinds), None)


class _Seen(NamedTuple):
    kind: str  # built, pushed, scanned, deployed, tagged, restarts
    text: str
    other: str = ""


def images_of(jobs: Iterable[Job], until: Fact | None = None) -> Images:
    """What the steps of jobs do with images; of the job of `until`, what comes before that."""
    found: dict[str, list[Image]] = {"built": [], "pushed": [], "scanned": [], "deployed": []}
    tagged: list[tuple[Name, Name]] = []
    restarts: list[Step] = []
    unnamed: list[Fact] = []
    for job in jobs:
        for step in job.steps:
            if step.never or (until and step.job is until.step.job and step.index > until.step.index):
                continue
            seen = _of_step(step)
            for each, name, other in _named(step):
                if each.kind == "restarts":
                    restarts.append(step)
                elif name and each.kind == "tagged" and other:
                    tagged.append((name, other))
                elif name and each.kind in found and len(found[each.kind]) < _MOST:
                    found[each.kind].append(Image(name, step, step.index))
            unnamed += _unnamed(step, {each.kind for each in seen})
    return Images(
        tuple(found["built"]), tuple(found["pushed"]), tuple(found["scanned"]), tuple(found["deployed"]),
        tuple(tagged), tuple(restarts), tuple(unnamed),
    )  # fmt: skip


def _named(step: Step) -> list[tuple[_Seen, Name | None, Name | None]]:
    """What a step does with images, with their names in one form; made once."""
    made: list[tuple[_Seen, Name | None, Name | None]] | None = step.__dict__.get("_named")
    if made is None:
        made = step.__dict__["_named"] = [
            (each, name_of(form(each.text, step)), name_of(form(each.other, step)) if each.other else None)
            for each in _of_step(step)
        ]
    return made


_KINDS = {"image": ("built", "pushed"), "imagepush": ("pushed", "built"), "imagescan": ("scanned",)}


def _unnamed(step: Step, seen: set[str]) -> Iterator[Fact]:
    for fact in step.facts:
        wanted = _KINDS.get(fact.kind)
        if wanted and not seen.intersection(wanted):
            yield fact


def _of_step(step: Step) -> list[_Seen]:
    made: list[_Seen] | None = step.__dict__.get("_images")
    if made is None:
        made = step.__dict__["_images"] = list(_of_action(step) if step.uses else _of_script(step))
    return made


# actions


def _of_action(step: Step) -> Iterator[_Seen]:
    slug, inputs = step.slug, step.inputs
    if slug.startswith(_BUILDERS):
        pushes = inputs.get("push", "false") != "false" or "type=registry" in inputs.get("outputs", "")
        for text in _tags(inputs.get("tags", ""), step):
            yield _Seen("pushed" if pushes else "built", text)
    for prefix, name in _SCAN_INPUTS:
        if slug.startswith(prefix) and inputs.get(name):
            yield _Seen("scanned", inputs[name])
    for prefix, name in _DEPLOY_INPUTS:
        if slug.startswith(prefix) and inputs.get(name):
            for text in _listed(inputs[name]):
                yield _Seen("deployed", text)


def _tags(text: str, step: Step) -> Iterator[str]:
    """The names that a build is given: written out, or those that docker/metadata-action makes."""
    for line in _listed(text):
        meta = next((each for each in step.job.steps if _makes(each, "".join(line.split()))), None)
        if meta is None:
            yield line
            continue
        for image in _listed(meta.inputs.get("images", "")):
            yield from (f"{image}:{tag}" for tag in _of_metadata(meta))


def _listed(text: str) -> list[str]:
    """The names of a list, parted by blanks or commas; an expression is one word."""
    plain, held = masked(text)
    return [unmasked(word, held) for word in _SPLIT.split(plain) if word]


def _makes(step: Step, joined: str) -> bool:
    id = text_of(step.node["id"])
    return bool(id) and step.slug == "docker/metadata-action" and joined == f"${{{{steps.{id}.outputs.tags}}}}"


def _of_metadata(step: Step) -> Iterator[str]:
    """The tags of docker/metadata-action. `type=sha` is the short hash of the commit, with `sha-` before it."""
    lines = [line.strip() for line in step.inputs.get("tags", "").splitlines() if line.strip()]
    for line in lines or ["type=schedule", "type=ref,event=branch", "type=ref,event=tag", "type=ref,event=pr"]:
        facts = dict(part.partition("=")[::2] for part in line.split(","))
        kind = facts.get("type", "raw" if "=" not in line else "")
        if kind == "raw":
            yield facts.get("value", line)
        elif kind == "sha" and facts.get("format") == "long":
            yield f"{facts.get('prefix', 'sha-')}$GITHUB_SHA"
        elif kind == "ref" and facts.get("event") == "branch":
            yield "$GITHUB_REF_NAME"
        else:
            yield "{" + line + "}"
    if "latest=false" not in step.inputs.get("flavor", "") and any("semver" in line for line in lines):
        yield "latest"


# commands


def _of_script(step: Step) -> Iterator[_Seen]:
    if not step.run:
        return
    for command in calls(step):
        words = unwrap(command.words) or command.words
        raw = command.words
        if raw[:1] in (("docker",), ("podman",), ("buildah",), ("nerdctl",), ("depot",)):
            words = raw
        if words:
            yield from _of_command(words)


def _of_command(words: tuple[str, ...]) -> Iterator[_Seen]:
    program, rest = words[0], words[1:]
    if program in ("docker", "podman", "nerdctl", "buildah", "depot"):
        yield from _docker(rest)
    elif program in ("trivy", "grype", "dockle", "snyk", "syft"):
        yield from _scan(program, rest)
    elif program in ("crane", "skopeo", "regctl"):
        yield from _copies(program, rest)
    elif program == "az" and rest[:2] == ("acr", "build"):
        yield from (_Seen("pushed", text) for text in _values(rest, "-t", "--image"))
    elif program == "gcloud" and rest[:2] == ("builds", "submit"):
        yield from (_Seen("pushed", text) for text in _values(rest, "--tag", "-t"))
    else:
        yield from _deploys(words)


def _docker(rest: tuple[str, ...]) -> Iterator[_Seen]:
    rest = _without(rest, "buildx", "image")
    if rest[:1] in (("build",), ("bud",)):
        pushes = "--push" in rest or any("type=registry" in text for text in _values(rest, "--output", "-o"))
        for text in _values(rest, "-t", "--tag"):
            yield _Seen("pushed" if pushes else "built", text)
    elif rest[:1] == ("push",):
        named = _plain(rest[1:])
        every = bool({"--all-tags", "-a"} & set(rest))
        yield from (_Seen("pushed", f"{text}:{ALL}" if every else text) for text in named[:1])
    elif rest[:1] == ("tag",) and len(_plain(rest[1:])) == 2:
        yield _Seen("tagged", *_plain(rest[1:]))
    elif rest[:2] == ("imagetools", "create"):
        source = [word for word in _plain(rest[2:]) if word not in _values(rest, "-t", "--tag")]
        for text in _values(rest, "-t", "--tag"):
            yield from (_Seen("tagged", each, text) for each in source[:1])
            yield _Seen("pushed", text)
    elif rest[:2] in (("scout", "cves"), ("scout", "quickview")) or rest[:1] == ("scan",):
        named = _plain(rest[2:] if rest[0] == "scout" else rest[1:])
        yield from (_Seen("scanned", text) for text in named[:1])
    elif rest[:2] == ("service", "update"):
        yield from (_Seen("deployed", text) for text in _values(rest, "--image"))
    elif rest[:1] == ("run",):
        yield from _scan_in_container(rest[1:])


def _scan_in_container(rest: tuple[str, ...]) -> Iterator[_Seen]:
    """`docker run aquasec/trivy image NAME`: what stands behind the scanner's own image."""
    for at, word in enumerate(rest):
        name = word.rpartition("/")[2].partition(":")[0]
        if name in ("trivy", "grype", "dockle") and not word.startswith("-"):
            yield from _scan(name, rest[at + 1 :])
            return


_FLAGS_WITH_VALUE = frozenset(
    "--severity --format -f --output -o --exit-code --ignorefile --timeout --scanners --vuln-type --pkg-types "
    "--cache-dir "
    "--template -t --fail-on --file --severity-threshold --only-fixed-by --db-repository --config -c --platform --org "
    "--project-name --username --password --skip-dirs --skip-files --input --security-checks --exit-level -i".split()
)


def _scan(program: str, rest: tuple[str, ...]) -> Iterator[_Seen]:
    if program == "trivy":
        at = next((n for n, word in enumerate(rest) if word in ("image", "i")), -1)
        if at < 0:
            return
        rest = rest[at + 1 :]
    elif program == "snyk":
        if rest[:2] not in (("container", "test"), ("container", "monitor")):
            return
        rest = rest[2:]
    named = _plain(rest, _FLAGS_WITH_VALUE)
    if named and program != "syft" and not named[0].startswith(("dir:", "sbom:", ".", "/")):
        yield _Seen("scanned", named[0].removeprefix("docker:").removeprefix("registry:"))


def _copies(program: str, rest: tuple[str, ...]) -> Iterator[_Seen]:
    rest = _without(rest, "image")
    named = [word.removeprefix("docker://") for word in _plain(rest[1:])]
    if rest[:1] in (("copy",), ("cp",)) and len(named) >= 2:
        yield _Seen("tagged", named[0], named[1])
        yield _Seen("pushed", named[1])
    elif program == "crane" and rest[:1] == ("tag",) and len(named) >= 2:
        name = named[0].rpartition("@")[0] or named[0]
        head, slash, last = name.rpartition("/")
        yield _Seen("tagged", named[0], f"{head}{slash}{last.partition(':')[0]}:{named[1]}")
        yield _Seen("pushed", f"{head}{slash}{last.partition(':')[0]}:{named[1]}")


def _deploys(words: tuple[str, ...]) -> Iterator[_Seen]:
    if words[0] in ("kubectl", "oc") and words[1:3] == ("set", "image"):
        for word in words[3:]:
            container, equals, image = word.partition("=")
            if equals and not container.startswith("-") and image:
                yield _Seen("deployed", image)
    elif words[:3] in _RESTARTS or ("--force-new-deployment" in words and words[0] == "aws"):
        if "--task-definition" not in words:
            yield _Seen("restarts", "restart")
    elif words[:3] == ("gcloud", "run", "deploy") or words[0] in ("fly", "flyctl"):
        yield from (_Seen("deployed", text) for text in _values(words, "--image", "-i"))
    elif words[:2] == ("az", "containerapp") or words[:3] == ("az", "webapp", "config"):
        flags = ("--image", "-i", "--docker-custom-image-name", "--container-image-name")
        yield from (_Seen("deployed", text) for text in _values(words, *flags))
    elif words[:3] == ("aws", "lambda", "update-function-code"):
        yield from (_Seen("deployed", text) for text in _values(words, "--image-uri"))


def _without(rest: tuple[str, ...], *words: str) -> tuple[str, ...]:
    while rest[:1] and rest[0] in words:
        rest = rest[1:]
    return rest


_VALUES = frozenset("--platform --context --builder --config -H -f --file".split())


def _plain(rest: tuple[str, ...], with_value: frozenset[str] = _VALUES) -> list[str]:
    found: list[str] = []
    for before, word in zip(("", *rest), rest, strict=False):
        if word.startswith("-") or before in with_value:
            continue
        found.append(word)
    return found


def _values(words: tuple[str, ...], *flags: str) -> list[str]:
    """The values of options that may be given more than once."""
    found: list[str] = []
    for before, word in zip(("", *words), words, strict=False):
        flag, equals, value = word.partition("=")
        if equals and flag in flags:
            found.append(value)
        elif before in flags and not word.startswith("-"):
            found.append(word)
    return found
