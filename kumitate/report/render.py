"""Turns a report into one self-contained HTML page: nothing to load, light and dark, English and Japanese."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from kumitate.report import charts, words
from kumitate.report.advice import next_steps
from kumitate.report.cleansed import legend
from kumitate.report.facts import Report
from kumitate.report.outcome_words import meaning
from kumitate.report.picture import draw
from kumitate.report.verdict import open_points, verdict


def render(report: Report) -> str:
    codes = legend(column for source in report.sources for column in source.cleansed)
    return _template().render(
        report=report, picture=draw(report), codes=codes, steps=next_steps(report), verdict=tuple(verdict(report))
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("kumitate.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        clock=_clock,
        number=_number,
        plural=words.plural,
        seconds=_seconds,
        sparkline=charts.sparkline,
        share=charts.share,
        gate=words.gate,
        meaning=meaning,
        open_points=open_points,
        shared_reason=words.shared_reason,
        person_event=lambda name: words.known(words.PERSON_EVENTS, name),
        stage=lambda name: words.known(words.STAGES, name),
    )
    return environment.get_template("report.html.j2")


def _clock(moment: datetime, timezone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M} {timezone}"


def _number(count: int) -> str:
    return f"{count:,}"


def _seconds(seconds: float) -> words.Words:
    """`83.2` is `1 min 23 s`; below a minute one decimal."""
    if seconds < 60:
        return words.Words(f"{seconds:.1f} s", f"{seconds:.1f} 秒")
    minutes, rest = divmod(round(seconds), 60)
    return words.Words(f"{minutes} min {rest} s", f"{minutes} 分 {rest} 秒")
