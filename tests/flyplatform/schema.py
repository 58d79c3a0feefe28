"""fly-go's schema, which says what flyctl may ask over GraphQL and what an answer must have."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from graphql import DocumentNode, FieldNode, GraphQLSchema, OperationDefinitionNode, build_schema, parse

FLY_GO = "github.com/superfly/fly-go@v0.9.3"


def path() -> Path:
    """Where the Go module cache keeps it, whether or not it is there."""
    gopath = os.environ.get("GOPATH", "").split(os.pathsep)[0] or str(Path.home() / "go")
    cache = os.environ.get("GOMODCACHE") or f"{gopath}/pkg/mod"
    return Path(cache) / FLY_GO / "schema.graphql"


@functools.cache
def schema() -> GraphQLSchema:
    """The schema; half a second, once."""
    return build_schema(path().read_text(), assume_valid=True)


@functools.lru_cache(maxsize=256)
def document(query: str) -> DocumentNode:
    """A query, parsed."""
    return parse(query, no_location=True)


def fields(query: str) -> str:
    """The fields that a query asks for at its root, and one level below: `app image ref`."""
    names: list[str] = []
    for definition in document(query).definitions:
        if isinstance(definition, OperationDefinitionNode):
            for node in definition.selection_set.selections:
                if isinstance(node, FieldNode):
                    names.append(node.name.value)
                    below = node.selection_set.selections if node.selection_set else ()
                    names += [f".{child.name.value}" for child in below if isinstance(child, FieldNode)]
    return " ".join(names)
