"""Turn Kubernetes' OpenAPI document into the small schema that gatekeeper ships.

    go mod download -json k8s.io/kubernetes@v1.37.2    # prints Dir: $KUBERNETES
    go mod download -json k8s.io/api@v0.37.2           # prints Dir: $API
    python scripts/make_kubernetes_schema.py 1.37.2 $KUBERNETES/api/openapi-spec/swagger.json $API

writes gatekeeper/models/kubernetes/schema-1.37.json.xz: the kinds that the version serves, and the shapes that they are
made of. The document has no lists of allowed values; they are read from the Go types (`+enum`). The same input gives
the same bytes. What is left out (descriptions, lists, options of calls) decides nothing about a manifest.
"""

from __future__ import annotations

import argparse
import json
import lzma
import re
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent / "gatekeeper" / "models" / "kubernetes"
LICENCE = "Copyright The Kubernetes Authors, Apache-2.0"

QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
FORMATS = {"int32": "int32", "int64": "int64", "byte": "bytes", "date-time": "time", "int-or-string": "int-or-string"}

Values = dict[tuple[str, str], list[str]]  # (definition, property) -> the values it may have

# What the server's validation allows, beside the types that say so themselves.
CHECKED: Values = {
    ("io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement", "operator"): [
        "DoesNotExist", "Exists", "In", "NotIn",
    ],
    ("io.k8s.api.rbac.v1.RoleRef", "kind"): ["ClusterRole", "Role"],
    ("io.k8s.api.rbac.v1.Subject", "kind"): ["Group", "ServiceAccount", "User"],
}  # fmt: skip


class Shapes:
    """The shapes met so far; two that are equal are one."""

    def __init__(self, definitions: dict[str, Any], values: Values) -> None:
        self.definitions = definitions
        self.values = values
        self.rows: list[dict[str, Any]] = []
        self.by_text: dict[str, int] = {}
        self.by_name: dict[str, int] = {}

    def named(self, name: str) -> int:
        """The shape of a definition. One that holds itself is entered before what is inside it."""
        if name not in self.by_name:
            if name == QUANTITY:
                self.by_name[name] = self.add({"t": "quantity"})
            elif self.holds_itself(name):
                self.by_name[name] = len(self.rows)
                self.rows.append({})
                self.rows[self.by_name[name]] = self.row(self.definitions[name], name)
            else:
                self.by_name[name] = self.add(self.row(self.definitions[name], name))
        return self.by_name[name]

    def holds_itself(self, name: str) -> bool:
        seen: set[str] = set()
        waiting = [name]
        while waiting:
            for other in re.findall(r'"#/definitions/([^"]+)"', json.dumps(self.definitions[waiting.pop()])):
                if other == name:
                    return True
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
        return False

    def add(self, row: dict[str, Any]) -> int:
        text = json.dumps(row, sort_keys=True)
        if text not in self.by_text:
            self.by_text[text] = len(self.rows)
            self.rows.append(row)
        return self.by_text[text]

    def of(self, schema: dict[str, Any], values: list[str] | None = None) -> int:
        if "$ref" in schema:
            return self.named(schema["$ref"].removeprefix("#/definitions/"))
        return self.add(self.row(schema, "", values))

    def row(self, schema: dict[str, Any], name: str, values: list[str] | None = None) -> dict[str, Any]:
        kind = schema.get("type", "any")
        if "properties" in schema:
            inside = {
                key: self.of(child, self.values.get((name, key))) for key, child in sorted(schema["properties"].items())
            }
            return {"t": "object", "p": inside, **({"r": sorted(schema["required"])} if "required" in schema else {})}
        if kind == "object":
            inner = schema.get("additionalProperties")
            return {"t": "map", "v": self.of(inner)} if isinstance(inner, dict) else {"t": "map"}
        if kind == "array":
            return {"t": "array", "i": self.of(schema["items"], values)}
        row: dict[str, Any] = {"t": FORMATS.get(schema.get("format", ""), kind)}
        if values and row["t"] == "string":
            row["e"] = values
        return row


def served(document: dict[str, Any]) -> list[tuple[str, str]]:
    """`group/version kind` of everything that can be created, and the name of its definition."""
    created = {
        tuple(sorted(call["post"]["x-kubernetes-group-version-kind"].items()))
        for call in document["paths"].values()
        if "x-kubernetes-group-version-kind" in call.get("post", {})
    }
    found = []
    for name, schema in document["definitions"].items():
        for kind in schema.get("x-kubernetes-group-version-kind", ()):
            if tuple(sorted(kind.items())) in created and "metadata" in schema.get("properties", {}):
                group = f"{kind['group']}/" if kind["group"] else ""
                found.append((f"{group}{kind['version']} {kind['kind']}", name))
    return sorted(found)


_ENUM = re.compile(r"// \+enum\n(?://[^\n]*\n)*type (\w+) string\b")
_CONSTANT = re.compile(r'^\t\w+(?:\s+(\w+))?\s+=\s+(?:(\w+)\()?"([^"]*)"', re.MULTILINE)  # A T = "a", A = T("a")
_STRUCT = re.compile(r"^type (\w+) struct \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r'^\t\w+\s+(?:\[\])?\*?((?:\w+\.)?\w+)\s+`json:"(\w+)', re.MULTILINE)
_INLINE = re.compile(r'^\t(?:\w+\s+)?(\w+)\s+`json:",inline"', re.MULTILINE)
_IMPORT = re.compile(r'^\t(\w+) "k8s\.io/api/(\w+)/(\w+)"', re.MULTILINE)


def enums(api: Path) -> Values:
    """The values that Kubernetes' Go types allow (`+enum`), by the definition and the property they are for."""
    texts = {path.parent.relative_to(api).as_posix(): path.read_text("utf-8") for path in api.glob("*/*/types.go")}
    allowed: dict[tuple[str, str], list[str]] = {}  # (package, type)
    for package, text in texts.items():
        for name in _ENUM.findall(text):
            of_it = {value for kind, cast, value in _CONSTANT.findall(text) if name in (kind, cast)}
            allowed[package, name] = sorted(of_it)
    found = dict(CHECKED)
    for package, text in texts.items():
        imported = {alias: f"{group}/{version}" for alias, group, version in _IMPORT.findall(text)}
        structs = dict(_STRUCT.findall(text))
        for name, body in structs.items():
            bodies = [body, *(structs[inner] for inner in _INLINE.findall(body) if inner in structs)]
            for kind, key in (field for part in bodies for field in _FIELD.findall(part)):
                alias, _, short = kind.rpartition(".")
                values = allowed.get((imported.get(alias, "") if alias else package, short))
                if values:
                    found[f"io.k8s.api.{package.replace('/', '.')}.{name}", key] = values
    return found


def make(version: str, document: dict[str, Any], values: Values) -> bytes:
    shapes = Shapes(document["definitions"], values)
    kinds = {kind: shapes.named(name) for kind, name in served(document)}
    data = {
        "source": f"k8s.io/kubernetes v{version}, api/openapi-spec/swagger.json. {LICENCE}",
        "version": version,
        "kinds": kinds,
        "metadata": shapes.named("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"),
        "shapes": shapes.rows,
    }
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    return lzma.compress(text.encode(), format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC64, preset=9 | lzma.PRESET_EXTREME)


def main() -> None:
    asked = argparse.ArgumentParser(description="Make gatekeeper's Kubernetes schema.")
    asked.add_argument("version", help="the release, 1.37.2")
    asked.add_argument("document", type=Path, help="its api/openapi-spec/swagger.json")
    asked.add_argument("api", type=Path, help="the folder of k8s.io/api at the same release")
    given = asked.parse_args()
    document = json.loads(given.document.read_text("utf-8"))
    target = HERE / f"schema-{'.'.join(given.version.split('.')[:2])}.json.xz"
    target.write_bytes(make(given.version, document, enums(given.api)))
    print(f"{target}: {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
