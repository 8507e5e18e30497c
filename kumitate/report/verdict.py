"""What a run came to in a few lines: what there was to bring, what became of it, what waits and what to do."""

from __future__ import annotations

from collections.abc import Iterator

from kumitate.activation.gates import UNKNOWN_DELIVERY
from kumitate.report.facts import Report
from kumitate.report.late_failures import failed_later
from kumitate.report.outcome_words import meaning
from kumitate.report.sync_facts import SyncReport
from kumitate.report.words import Words, plural

QUIET = Words(
    "0 changes: every destination has what it should have",
    "変更 0 件：すべての配信先は最新です",
)


def verdict(report: Report) -> Iterator[Words]:
    """One line of figures that add up, or the one sentence of a run without anything to bring."""
    if report.is_quiet:
        yield QUIET
    elif report.changes:
        yield _brought(report)
    elif report.run.held_by:
        yield Words("nothing was brought: quality rules hold activation back", "品質ルールにより、配信を保留しています")
    else:
        yield Words(
            "0 changes to bring, but not every destination is known to have what it should have",
            "新しい変更は 0 件ですが、届いたか不明な行があります",
        )
    if report.unsettled:
        yield _unsettled(report.unsettled)


def _brought(report: Report) -> Words:
    rest = [(report.refused, "refused", "拒否"), (report.unanswered, "without an answer", "応答不明")]
    parts = [(report.accepted, "accepted", "受理"), *(each for each in rest if each[0])]
    en = [f"{count:,} {word}" for count, word, _ in parts]
    ja = [f"{word} {count:,} 件" for count, _, word in parts]
    for each in report.waits:
        en.append(f"{each.count:,} waiting ({each.name or 'no reason given'})")
        ja.append(f"待機 {each.count:,} 件（{each.name or '理由なし'}）")
    tried = (f"; {report.retried:,} of them had been tried before", f"（うち再試行 {report.retried:,} 件）")
    again = tried if report.retried else ("", "")
    return Words(
        f"{plural(report.changes, 'change')} to bring: {', '.join(en)}{again[0]}",
        f"変更 {report.changes:,} 件：{'、'.join(ja)}{again[1]}",
    )


def _unsettled(rows: int) -> Words:
    return Words(
        f"{plural(rows, 'row')} of earlier runs may have arrived or not, and are held: "
        "`kumitate sync NAME --unknown` lists them",
        f"以前の送信で届いたか不明な行が {rows:,} 件あります。`kumitate sync NAME --unknown` で確認してください",
    )


def open_points(sync: SyncReport) -> Iterator[Words]:
    """One sync's: what was not taken, why, and what to do, one line each."""
    if sync.stopped:
        yield _stopped(sync)
    for each in sync.waits:
        told, name = meaning(each.name), f"{sync.name}: {plural(each.count, 'change')}"
        verb = "waits" if each.count == 1 else "wait"
        yield Words(
            f"{name} {verb} ({each.name or 'no reason given'}): {told.says.en}; {told.do.en}",
            f"{sync.name}：{each.count:,} 件が待機（{each.name or '理由なし'}）：{told.says.ja}。{told.do.ja}",
        )
    if sync.refused or sync.again:
        command = f"kumitate sync {sync.name} --rejected"
        en = f"{plural(sync.refused, 'row')} refused" if sync.refused else "what waits, row by row"
        ja = f"{sync.refused:,} 件が拒否" if sync.refused else "待機中の行"
        yield Words(f"{sync.name}: {en}: see `{command}`", f"{sync.name}：{ja}：`{command}` で確認できます")
    if sync.failed_later:
        yield failed_later(sync.name, sync.failed_later)
    unsettled = sync.unanswered + sum(gate.count for gate in sync.held if gate.name == UNKNOWN_DELIVERY)
    if unsettled:
        command = f"kumitate sync {sync.name} --unknown"
        yield Words(
            f"{sync.name}: {plural(unsettled, 'row')} may have arrived or not: see `{command}`",
            f"{sync.name}：届いたか不明な行が {unsettled:,} 件：`{command}` で確認できます",
        )


def _stopped(sync: SyncReport) -> Words:
    """A sync that did not begin to deliver."""
    rows = plural(sync.stopped, "change")
    do = f"resume {sync.name}" if sync.waits_for == "paused" else f"approve {sync.name}"
    removals = f", {plural(sync.waiting_deletes, 'removal')} among them" if sync.waiting_deletes else ""
    verb = "waits" if sync.stopped == 1 else "wait"
    look = f"`kumitate sync {sync.name} --dry-run`"
    return Words(
        f"{sync.name}: {rows} {verb}{removals} ({sync.waits_for}); nothing was sent; look at {look}, "
        f"then `kumitate control {do} --reason …`",
        f"{sync.name}：{sync.stopped:,} 件が待機（{sync.waits_for}）。{look} を見て "
        f"`kumitate control {do} --reason …` を実行してください",
    )
