"""A plan on the screen: what changes, what a month costs, and what that rests on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from kumitate.blueprint.usage import MEANINGS, Range, that_matter
from kumitate.cli.output import print_table

if TYPE_CHECKING:
    from kumitate.blueprint.changes import Change
    from kumitate.blueprint.cost import Cost, Estimate
    from kumitate.blueprint.platform import Platform

_NAMES_SHOWN = 3
_HEADS = tuple(f"{head:>10}" for head in ("low", "expected", "high"))


def print_changes(changes: Sequence[Change], *, every: bool) -> None:
    made, others = [each for each in changes if each.how == "created"], [e for e in changes if e.how != "created"]
    counts = {how: sum(change.how == how for change in changes) for how in ("created", "changed", "removed")}
    click.echo(", ".join(f"{count} {how}" for how, count in counts.items()) + "\n")
    if made and every:
        print_table(["stack", "created", "name"], [(each.stack, each.kind, each.name) for each in made])
    elif made:
        print_table(["stack", "created", "number", "names"], _grouped(made))
    if others:
        print_table(["stack", "", "kind", "name", "what"], [_row(change) for change in others])


def _grouped(made: Iterable[Change]) -> list[tuple[str, str, int, str]]:
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for change in made:
        groups[change.stack, change.kind].append(change.name)
    return [
        (stack, kind, len(names), ", ".join(names[:_NAMES_SHOWN]) + (", ..." if len(names) > _NAMES_SHOWN else ""))
        for (stack, kind), names in groups.items()
    ]


def _row(change: Change) -> tuple[str, ...]:
    return change.stack, change.how, change.kind, change.name, "; ".join(change.what) or change.data


def print_estimate(estimate: Estimate, platform: Platform, *, every: bool) -> None:
    region = platform.names.region
    rows: list[tuple[str, ...]] = [(service, *_dollars(usd)) for service, usd in estimate.by_service.items()]
    columns = ["service", *_HEADS]
    if every:
        columns = ["service", "what", "priced per", f"{'quantity':>12}", *_HEADS, "idle month"]
        rows = [_part(cost, cost.usd, cost.idle_usd) for cost in estimate.costs if cost.usd and cost.idle_usd]
    print_table(columns, rows, title="A month in US dollars")
    print_table(
        ["", *_HEADS],
        [("a month", *_dollars(estimate.total)), ("an idle month", *_dollars(estimate.idle))],
    )
    click.echo(f"An idle month is one in which nothing runs and nothing arrives: {_idle(estimate)}.")
    budget = platform.environment.budget_usd
    if budget is not None and budget < estimate.total.expected:
        click.echo(f"The expected month is above the environment's budget of {budget:,.2f}.")
    for cost in estimate.unpriced:
        about = f"{cost.part.service}, {_plain(cost.part.quantity.expected)} {cost.part.what}"
        click.echo(f"Not in it, as the price is not known: {about} ({cost.price.source}).")
    click.echo("")
    _print_assumptions(estimate, platform)
    _print_prices(estimate, region)


def _part(cost: Cost, usd: Range, idle: Range) -> tuple[str, ...]:
    part = cost.part
    quantity = f"{_plain(part.quantity.expected):>12}"
    return part.service, part.what, cost.price.per, quantity, *_dollars(usd), _dollar(idle.expected)


def _idle(estimate: Estimate) -> str:
    kept = sorted(
        (cost for cost in estimate.costs if cost.idle_usd is not None and cost.idle_usd.expected >= 0.01),
        key=lambda cost: -(cost.idle_usd.expected if cost.idle_usd else 0),
    )
    return ", ".join(f"{c.part.what} {c.idle_usd.expected:.2f}" for c in kept if c.idle_usd) or "nothing is left"


def _print_assumptions(estimate: Estimate, platform: Platform) -> None:
    rows = []
    for name in that_matter(platform):
        found: Range = getattr(estimate.usage, name)
        rows.append((name, *(f"{_plain(value):>10}" for value in asdict(found).values()), MEANINGS[name]))
    title = "Assumed (--profiles, --events or --usage FILE say better)"
    print_table(["assumption", *_HEADS, "meaning"], rows, title=title)


def _print_prices(estimate: Estimate, region: str) -> None:
    prices = estimate.prices
    used = {cost.part.price: cost.price for cost in estimate.costs if cost.usd is not None}
    elsewhere = sorted(name for name, price in used.items() if not price.is_regional)
    unchecked = sum(price.checked is None for price in used.values())
    click.echo(f"List prices of {prices.date}, without taxes and discounts; only the low values count on free tiers.")
    if unchecked:
        click.echo(
            f"{unchecked} of {len(used)} were never held against AWS's own list (kumitate/blueprint/prices.yaml)."
        )
    if elsewhere:
        click.echo(f"{len(elsewhere)} of them are taken from {prices.region}; in {region} they may differ.")


def _dollars(usd: Range) -> tuple[str, str, str]:
    return _dollar(usd.low), _dollar(usd.expected), _dollar(usd.high)


def _dollar(usd: float) -> str:
    return f"{usd:>10,.2f}"


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def estimate_data(estimate: Estimate) -> dict[str, Any]:
    """The estimate for programs."""
    return {
        "currency": "USD",
        "prices_of": estimate.prices.date,
        "month": asdict(estimate.total),
        "idle_month": asdict(estimate.idle),
        "assumed": asdict(estimate.usage),
        "parts": [
            {
                "service": cost.part.service,
                "what": cost.part.what,
                "quantity": asdict(cost.part.quantity),
                "per": cost.price.per,
                "usd": asdict(cost.usd) if cost.usd else None,
                "idle_usd": asdict(cost.idle_usd) if cost.idle_usd else None,
                "price": cost.price.usd,
                "price_source": cost.price.source,
                "price_checked": cost.price.checked,
                "price_of_the_region": cost.price.is_regional,
            }
            for cost in estimate.costs
        ],
    }
