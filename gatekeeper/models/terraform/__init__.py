"""Terraform and OpenTofu: every block of a directory, evaluated as far as its files say what it comes to.

The files of a directory are one module. Variables have the value that a root's variable files or the module's callers
give them, else their default; a value that differs from one environment or caller to the next is not known.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from functools import cached_property

from gatekeeper.discover import Tree
from gatekeeper.models import Subject
from gatekeeper.models.terraform import values
from gatekeeper.models.terraform.blocks import Block as Block
from gatekeeper.models.terraform.blocks import Data as Data
from gatekeeper.models.terraform.blocks import Ephemeral as Ephemeral
from gatekeeper.models.terraform.blocks import Local as Local
from gatekeeper.models.terraform.blocks import Locals as Locals
from gatekeeper.models.terraform.blocks import ModuleCall as ModuleCall
from gatekeeper.models.terraform.blocks import OtherBlock as OtherBlock
from gatekeeper.models.terraform.blocks import Output as Output
from gatekeeper.models.terraform.blocks import Provider as Provider
from gatekeeper.models.terraform.blocks import Repeated as Repeated
from gatekeeper.models.terraform.blocks import Resource as Resource
from gatekeeper.models.terraform.blocks import TerraformSettings as TerraformSettings
from gatekeeper.models.terraform.blocks import Text as Text
from gatekeeper.models.terraform.blocks import Typed as Typed
from gatekeeper.models.terraform.blocks import Variable as Variable
from gatekeeper.models.terraform.blocks import Written as Written
from gatekeeper.models.terraform.json_syntax import attributes_of_json
from gatekeeper.models.terraform.modules import CONFIGURATION, VARIABLES
from gatekeeper.models.terraform.modules import Configuration as Configuration
from gatekeeper.models.terraform.modules import Module as Module
from gatekeeper.node import START, Fault, Node, Source, Span
from gatekeeper.parsers import hcl, json
from gatekeeper.parsers.hcl import Reference as Reference

_WRAPPERS = ("terragrunt.hcl", "root.hcl", "atmos.yaml", "cdktf.json")


class Directory(Subject):
    """A directory of configuration: one module. Stands at its terraform block, else at the first block of it."""

    technology = "terraform"
    example_path = "main.tf"

    def __init__(self, module: Module) -> None:
        blocks: Sequence[Block] = module.of(TerraformSettings) or module.of(Provider) or module.blocks
        source = module.tree.source(module.paths[0])
        super().__init__(
            Node({}, blocks[0].node.source, blocks[0].node.span, blocks[0].syntax.header)
            if blocks
            else Node(None, source, START)
        )
        self.module = module
        self.directory = module.directory

    @property
    def name(self) -> str:
        return self.module.name

    @property
    def root(self) -> bool:
        return self.module.root

    @property
    def example(self) -> bool:
        """It shows how something is used, and is nobody's infrastructure."""
        return self.module.shown

    @cached_property
    def wrapper(self) -> str:
        """The file by which another program runs Terraform here, and writes the backend: Terragrunt, Atmos, CDKTF."""
        steps = self.directory.split("/")
        above = ["/".join(steps[:depth]) for depth in range(len(steps), -1, -1)]
        tree = self.module.tree
        paths = (f"{folder}/{name}".lstrip("/") for folder in above for name in _WRAPPERS)
        folders = [f"{folder}/stacks".lstrip("/") for folder in above]
        stacks = tuple(f"{folder}/" for folder in folders if folder in tree.folders)
        manifests = (path for path in tree.paths if path.startswith(stacks) and path.endswith((".yaml", ".yml")))
        return next((path for path in paths if path in tree), "") or (next(manifests, "") if stacks else "")


class VarFile(Written):
    """A file of variable values."""

    example_path = "terraform.tfvars"


class BackendFile(Written):
    """A file of backend settings (`-backend-config`)."""

    example_path = "prod.tfbackend"


class LockFile(Written):
    """A dependency lock file."""

    example_path = ".terraform.lock.hcl"


class StateFile(Subject):
    """A state file. Its text is not read: it may hold secrets."""

    technology = "terraform"
    example_path = "terraform.tfstate"


class Terragrunt(Written):
    """A Terragrunt file."""

    example_path = "terragrunt.hcl"


def read(source: Source, tree: Tree) -> Iterator[Subject | Fault]:
    """What a file of Terraform declares."""
    path = source.path
    name = posixpath.basename(path).lower()
    if name.endswith((".tfstate", ".tfstate.backup")):
        yield StateFile(Node(None, source, START))
    elif name.endswith(CONFIGURATION):
        yield from _configuration(source, tree)
    elif name.endswith(VARIABLES):
        yield from _settings(source, VarFile)
    elif name.endswith(".tfbackend"):
        yield from _settings(source, BackendFile)
    else:
        yield from _settings(source, LockFile if name == ".terraform.lock.hcl" else Terragrunt)


def _settings(source: Source, kind: type[Written]) -> Iterator[Subject | Fault]:
    if source.path.endswith(".json"):
        document = source.once(json.parse)
        bodies = [attributes_of_json(node) for node in document.nodes]
        faults = document.faults
    else:
        read = source.once(hcl.parse)
        bodies, faults = [read.body], read.faults
    for body in bodies:
        yield kind(Node(values.body(body, values.Scope()), source, _whole(source), START), body)
    yield from (fault._replace(technology="terraform") for fault in faults)


def _whole(source: Source) -> Span:
    return source.span(0, len(source.text))


def _configuration(source: Source, tree: Tree) -> Iterator[Subject | Fault]:
    module = tree.once(Configuration).module(posixpath.dirname(source.path))
    if source.path == module.paths[0]:
        yield Directory(module)
    for block in module.blocks:
        if block.node.source is source:
            yield block
            if isinstance(block, Locals):
                yield from (Local(found, module) for found in block.syntax.body.attributes.values())
    yield from module.faults[source.path]
