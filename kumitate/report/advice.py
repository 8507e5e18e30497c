"""What to do next, from what the run found: a sentence and the command that goes on from it."""

from __future__ import annotations

from dataclasses import dataclass

from kumitate.report.facts import Report
from kumitate.report.words import Words


@dataclass(frozen=True, slots=True)
class NextStep:
    """One suggestion."""

    words: Words
    command: str


def next_steps(report: Report) -> tuple[NextStep, ...]:
    """Mending first, then looking closer."""
    return (*_mend(report), *_look(report))


def _mend(report: Report) -> tuple[NextStep, ...]:
    steps = []
    if report.run.held_by:
        words = Words(
            "Quality rules hold activation back: see what they found, mend the data or the rule, run again.",
            "品質ルールにより配信を保留しています。結果を見て、データかルールを直し、再実行します。",
        )
        steps.append(NextStep(words, "kumitate status"))
    worst = max(report.sources, key=lambda source: source.ever.in_quarantine, default=None)
    if worst is not None and worst.ever.in_quarantine:
        words = Words(
            f"{worst.ever.in_quarantine:,} rows of {worst.name} wait in quarantine: see why, mend, replay.",
            f"{worst.name} の {worst.ever.in_quarantine:,} 行が隔離中です。理由を見て直し、再投入します。",
        )
        steps.append(NextStep(words, "kumitate quarantine list"))
    refused = max(report.syncs, key=lambda sync: sync.rejected, default=None)
    if refused is not None and refused.rejected:
        words = Words(
            f"{refused.name} had {refused.rejected:,} rows rejected: read the destination's own words.",
            f"{refused.name} で {refused.rejected:,} 行が拒否されました。配信先の返答を確認します。",
        )
        steps.append(NextStep(words, f"kumitate sync {refused.name} --rejected"))
    return tuple(steps)


def _look(report: Report) -> tuple[NextStep, ...]:
    steps = []
    if report.segments:
        name = max(report.segments, key=lambda segment: segment.members).name
        words = Words("Look into a segment: size, masked sample, its SQL.", "セグメントの人数・サンプル・SQLを見る。")
        steps.append(NextStep(words, f"kumitate segment {name}"))
    if report.syncs:
        name = max(report.syncs, key=lambda sync: sync.candidates).name
        words = Words("See what a sync would send, without sending.", "送信せずに、連携の送信内容を見る。")
        steps.append(NextStep(words, f"kumitate sync {name} --dry-run"))
    words = Words("Ask the lake anything, in Athena's SQL.", "レイクに Athena の SQL で問い合わせる。")
    steps.append(NextStep(words, 'kumitate query "select count(*) as persons from curated.profiles"'))
    return tuple(steps)
