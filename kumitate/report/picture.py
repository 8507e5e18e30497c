"""The flow from raw rows to deliveries, as stations on a ribbon and exits beside it."""

from __future__ import annotations

from dataclasses import dataclass

from kumitate.report import charts
from kumitate.report.facts import Report
from kumitate.report.words import Words, plural


@dataclass(frozen=True, slots=True)
class Drawn:
    """A station or an exit with its place in the picture; `half` is half the ribbon's height there."""

    x: float
    words: Words
    count: int
    note: Words
    half: float = 0.0
    path: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything the template draws; coordinates are the SVG's."""

    ribbon: str
    stations: tuple[Drawn, ...]
    exits: tuple[Drawn, ...]


def draw(report: Report) -> Picture:
    stations = _stations(report)
    counts = [station.count for station in stations]
    return Picture(
        charts.ribbon(counts),
        tuple(
            Drawn(charts.station_x(at), s.words, s.count, s.note, half=charts.thickness(s.count))
            for at, s in enumerate(stations)
        ),
        tuple(
            Drawn(charts.exit_x(e.after), e.words, e.count, e.note, path=charts.branch(e, counts), tone=e.tone)
            for e in _exits(report)
            if e.count
        ),
    )


def _stations(report: Report) -> tuple[charts.Station, ...]:
    files = sum(source.ever.files for source in report.sources)
    people, segments = report.people, report.segments
    station = charts.Station
    return (
        station(Words("Raw rows", "生データ"), _intake(report, "rows_in"), _many(files, "file", "ファイル")),
        station(
            Words("Clean", "クリーン"), _intake(report, "accepted"), _many(len(report.sources), "source", "ソース")
        ),
        station(Words("Persons", "人物"), people.persons, _many(people.records, "record", "レコード")),
        station(Words("Profiles", "プロファイル"), people.profiles, _many(report.traits, "trait", "特性")),
        station(
            Words("Memberships", "所属"),
            sum(segment.members for segment in segments),
            _many(len(segments), "segment", "セグメント"),
        ),
        station(Words("To bring", "変更"), report.changes, _many(_total(report, "candidates"), "candidate", "候補")),
        station(Words("Delivered", "配信済み"), report.accepted, _many(len(report.syncs), "sync", "連携")),
    )


def _exits(report: Report) -> tuple[charts.Exit, ...]:
    repeated = _intake(report, "duplicate") + _intake(report, "superseded")
    quarantined, held = _intake(report, "in_quarantine"), _total(report, "held_back")
    failed = _total(report, "rejected") + _total(report, "pending") + _total(report, "undeleted")
    shared = sum(identifier.distinct_values for identifier in report.people.shared)
    unchanged = _total(report, "unchanged")
    leave = charts.Exit
    return (
        leave(
            0,
            quarantined,
            _count(quarantined, "quarantined", "隔離"),
            _count(repeated, "repeated", "重複・旧版"),
            "bad",
        ),
        leave(1, shared, _many(shared, "shared value", "共有値"), Words("merge nobody", "統合に不使用"), "calm"),
        leave(
            4, held, _count(held, "held by a gate", "ゲートで保留"), _count(unchanged, "unchanged", "変更なし"), "warn"
        ),
        leave(
            5, failed, _count(failed, "not accepted", "未受理"), Words("rejected or pending", "拒否・再送待ち"), "bad"
        ),
    )


def _intake(report: Report, figure: str) -> int:
    return sum(getattr(source.ever, figure) for source in report.sources)


def _total(report: Report, figure: str) -> int:
    return sum(getattr(sync, figure) for sync in report.syncs)


def _many(count: int, noun: str, ja: str) -> Words:
    return Words(plural(count, noun), f"{count:,} {ja}")


def _count(count: int, en: str, ja: str) -> Words:
    return Words(f"{count:,} {en}", f"{count:,} {ja}")
