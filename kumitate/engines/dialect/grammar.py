"""What sqlglot or an engine accepts though Athena does not: it would run here and stop there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from kumitate.engines.dialect import kinds as k
from kumitate.engines.dialect.kinds import Kinds
from kumitate.engines.dialect.names import misnamed
from kumitate.engines.dialect.refusals import NO_TEXT, Refusal, shortened
from kumitate.engines.dialect.words import words_of

Reasons = Iterator[str]
Check = Callable[[exp.Expr, Kinds], Reasons]


def faults_of(sql: str, kinds: Kinds) -> Iterator[Refusal]:
    """Every piece that Athena itself would not take."""
    yield from _in_the_text(sql)
    for node in kinds.nodes:
        for check in _checks_of(type(node)):  # type: ignore[arg-type]  # mypy takes the nodes' __hash__ for the class's
            for why in check(node, kinds):
                yield Refusal(shortened(node), why)


@cache
def _checks_of(kind: type[exp.Expr]) -> tuple[Check, ...]:
    return tuple(check for nodes, check in _CHECKS if issubclass(kind, nodes))


def _in_the_text(sql: str) -> Iterator[Refusal]:
    """What the tree no longer tells apart."""
    tokens = words_of(sql)
    for first, _, third in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if first.token_type is TokenType.LIMIT and third.token_type is TokenType.OFFSET:
            yield Refusal("limit … offset …", "Athena wants them the other way round: offset 1 limit 5")
    for token in tokens:
        if token.token_type is TokenType.DCOLON:
            yield Refusal("::", "Athena does not cast so; write cast(… as …)")
    if tokens[0].token_type is TokenType.FROM:
        yield Refusal("from …", _NO_SELECT)


_NO_SELECT = "Athena's queries begin with select; write select … from …"


def _select(node: exp.Expr, _: Kinds) -> Reasons:
    begins_the_text = node.parent is None and not node.args.get("with_")
    if "distinct" not in node.args and not begins_the_text:  # sqlglot notes it, absent or not, once it read `select`
        yield _NO_SELECT


def _grouping(node: exp.Expr, _: Kinds) -> Reasons:
    if node.args.get("all"):
        yield "Athena does not group by all; name the columns, or their places: group by 1, 2"


def _count_of_rows(node: exp.Expr, _: Kinds) -> Reasons:
    count = node.args["expression"]
    if not (isinstance(count, exp.Literal) and count.name.isdigit()):
        yield "Athena takes a whole number here"


def _joined_text(node: exp.Expr, kinds: Kinds) -> Reasons:
    parts = node.expressions or [node.this, node.args["expression"]]
    found = {kinds.of(part) for part in parts}
    wrong = sorted(found & NO_TEXT)
    if wrong and (k.STRING in found or found <= NO_TEXT | {k.NULL}):
        yield f"Athena does not join varchar with {wrong[0]}; write cast(… as varchar)"


def _caseless(_node: exp.Expr, _kinds: Kinds) -> Reasons:
    yield "Athena has no ilike; write lower(…) like …"


_CHECKS: tuple[tuple[type[exp.Expr] | tuple[type[exp.Expr], ...], Check], ...] = (
    (exp.Column, misnamed),
    (exp.Select, _select),
    (exp.Group, _grouping),
    ((exp.Limit, exp.Offset), _count_of_rows),
    ((exp.Concat, exp.ConcatWs, exp.DPipe), _joined_text),
    (exp.ILike, _caseless),
)
