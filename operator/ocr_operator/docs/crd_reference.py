"""The reference page of the manual: every field of an OCRBackend, and every rule between fields, as tables.

Pure; reads the same schema that `kubectl explain` shows. `crd` writes it into `docs/`.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from ocr_operator.api.names import ADOPT_ANNOTATION, API_VERSION, KIND, SHORT_NAME
from ocr_operator.crd.schema_types import Schema
from ocr_operator.crd.spec_schema import spec_schema
from ocr_operator.crd.status_schema import status_schema
from ocr_operator.crd.validation_rules import name_rules

_HEAD = f"""<!-- Made by `make generate`; edit the code it comes from. -->

# {KIND}

`{API_VERSION}`, short name `{SHORT_NAME}`: what the operator makes backends from. `kubectl explain
{SHORT_NAME}.spec` says the same. The smallest one:

```yaml
apiVersion: {API_VERSION}
kind: {KIND}
metadata:
  name: ocr
spec:
  variants:
    - language: korean
      modelType: mobile
```

[examples/guarded.yaml](examples/guarded.yaml) is one with a budget, a NetworkPolicy and monitoring.

An object of somebody else that has the name of a child is left alone, and the condition Reconciled names it.
With the annotation `{ADOPT_ANNOTATION}`, whose value is the name of the {KIND}, it is taken over: the
fields that the operator writes are made as they shall be, the others stay. What a controller holds is never
taken.

"""


def page() -> str:
    """The page in Markdown."""
    spec, status = spec_schema(), status_schema()
    return (
        _HEAD
        + "## Spec\n\n"
        + _table(("Field", "Type", "Default", "Meaning"), _spec_rows(spec))
        + "\n## Refused\n\nWhat does not go together is refused at `kubectl apply`, with these sentences:\n\n"
        + "".join(f"- {message}\n" for message in refusals(spec))
        + "\n## Status\n\n"
        + _table(("Field", "Type", "Meaning"), _status_rows(status))
    )


def fields(schema: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    """Every field below a schema with its path, parents first: `spec.variants[].language`."""
    for name, field in schema.get("properties", {}).items():
        yield f"{path}.{name}", field
        yield from fields(field, f"{path}.{name}")
        yield from fields(field.get("items", {}), f"{path}.{name}[]")


def _spec_rows(spec: Schema) -> Iterator[list[str]]:
    shared = {f"spec.variants[].{name}": f"spec.{name}" for name in _shared(spec)}
    for path, field in fields(spec, "spec"):
        if any(path.startswith(f"{one}.") for one in shared):
            continue
        like = f" Fields as in `{shared[path]}`." if path in shared else ""
        yield [f"`{path}`", _type(field), _default(field), field["description"] + like]


def _shared(spec: Schema) -> Iterator[str]:
    """Fields of a variant that have nothing in them but what the family's field of the same name has."""
    variant = spec["properties"]["variants"]["items"]["properties"]
    for name, family in spec["properties"].items():
        inner = variant.get(name, {}).get("properties", {})
        if inner and set(inner) <= set(family.get("properties", {})):
            yield name


def _status_rows(status: Schema) -> Iterator[list[str]]:
    for path, field in fields(status, "status"):
        yield [f"`{path}`", _type(field), field["description"]]


def _type(field: Schema) -> str:
    if field.get("x-kubernetes-int-or-string"):
        return "quantity"
    if "enum" in field:
        return ", ".join(field["enum"])
    if field["type"] == "array":
        return f"list of {_type(field['items'])}"
    if "additionalProperties" in field:
        return f"map of {_type(field['additionalProperties'])}"
    if field["type"] == "integer" and field["maximum"] < 2**31 - 1:
        return f"{field['minimum']} to {field['maximum']}"
    return str(field["type"])


def _default(field: Schema) -> str:
    found: Any = field.get("default")
    if found is None or isinstance(found, dict):
        return ""
    return f"`{str(found).lower() if isinstance(found, bool) else found}`"


def refusals(spec: Schema) -> Iterator[str]:
    """Sentences of all rules, each once: a rule of a part that stands in two places says the same twice."""
    parts = [spec, *(field for _, field in fields(spec, "spec"))]
    inner = [field.get(name, {}) for field in parts for name in ("items", "additionalProperties")]
    rules = [rule for one in (*parts, *inner) for rule in one.get("x-kubernetes-validations", [])]
    yield from dict.fromkeys(rule["message"] for rule in [*name_rules(), *rules])


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
