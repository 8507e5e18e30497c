"""How a query becomes another engine's text: children first, each node by its rewrite or as sqlglot writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlglot import exp

from kumitate.engines.dialect.kinds import UNKNOWN, Kinds
from kumitate.engines.dialect.words import dialect

_KIND = "kumitate.kind"


@dataclass(frozen=True, slots=True)
class Piece:
    """A node whose children already are the target's text."""

    node: exp.Expr
    target: str

    def kind(self, argument: str = "this") -> str:
        """What the argument was in Athena's SQL."""
        value = self.node.args.get(argument)
        return str(value.meta.get(_KIND, UNKNOWN)) if isinstance(value, exp.Expr) else UNKNOWN

    def text(self, argument: str = "this") -> str:
        """The argument as the target's SQL; '' where there is none."""
        value = self.node.args.get(argument)
        return self.sql(value) if isinstance(value, exp.Expr) else ""

    def sql(self, node: exp.Expr) -> str:
        if isinstance(node, exp.Var):  # what a rewrite left: text already
            return node.name
        return node.sql(dialect(self.target))

    def literal(self, argument: str) -> exp.Literal | None:
        value = self.node.args.get(argument)
        return value if isinstance(value, exp.Literal) else None


Rewrite = Callable[[Piece], str | None]
"""The target's text for a piece, or None to leave it to sqlglot."""


def note(kinds: Kinds, rewrites: Mapping[type[exp.Expr], Rewrite]) -> None:
    """Notes kinds on what rewrites may ask about, their nodes' arguments: that outlives renamings and rewrites."""
    for node in kinds.nodes:
        if type(node) in rewrites:
            for argument in node.args.values():
                if isinstance(argument, exp.Expr):
                    argument.meta[_KIND] = kinds.of(argument)


def rewritten(query: exp.Query, rewrites: Mapping[type[exp.Expr], Rewrite], target: str) -> str:
    """The text of a noted query for `target`; the tree is used up."""
    for node in reversed(list(query.walk(bfs=False))):
        rewrite = rewrites.get(type(node))
        text = rewrite(Piece(node, target)) if rewrite is not None else None
        if text is not None:
            raw = exp.Var(this=text)
            raw.meta[_KIND] = node.meta.get(_KIND, UNKNOWN)
            node.replace(raw)
    return query.sql(dialect(target), copy=False)


def quoted(text: str, target: str) -> str:
    """A string literal of the target."""
    return exp.Literal.string(text).sql(dialect(target))


def is_plain_number(literal: exp.Literal | None, *, least: int) -> bool:
    """Whether it is a whole number from `least` on, so that no guard is needed."""
    return literal is not None and literal.name.isdigit() and int(literal.name) >= least
