"""What platforms counted of what they took stands in the report, the newest under each name."""

from dataclasses import replace
from datetime import datetime

from harness.memory_lake import MemoryLake
from harness.reports import LETTER, REPORT
from kumitate.activation.tables import PLATFORM_FIGURES
from kumitate.report.answers import PlatformFigure, platform_figures
from kumitate.report.render import render


def told(day: int, name: str, value: float) -> dict[str, object]:
    return {
        "run_id": f"r{day}",
        "at": datetime(2026, 3, day),
        "sync": "s",
        "receipt": "q",
        "name": name,
        "value": value,
    }


def test_the_newest_figure_of_each_name_is_told_with_how_many_there_were() -> None:
    lake = MemoryLake()
    lake.put(PLATFORM_FIGURES, [told(1, "matched", 10), told(2, "matched", 12), told(2, "received", 20)])
    assert lake.query(platform_figures()).to_pylist() == [
        {"sync": "s", "name": "matched", "value": 12.0, "at": datetime(2026, 3, 2), "reports": 2},
        {"sync": "s", "name": "received", "value": 20.0, "at": datetime(2026, 3, 2), "reports": 1},
    ]


def test_the_page_shows_them_beside_the_sync() -> None:
    figures = (PlatformFigure("matched", 12345.0, datetime(2026, 3, 2), 2),)
    page = render(replace(REPORT, syncs=(replace(LETTER, figures=figures),)))
    assert "told by the platform:" in page
    assert "matched <b>12,345</b> (2026-03-02)" in page
    assert "told by the platform:" not in render(REPORT)
