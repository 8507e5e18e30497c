"""What it means that a platform fails a request after it has taken it, and what mends it."""

from __future__ import annotations

from kumitate.report.words import Words, plural


def failed_later(sync: str, requests: int) -> Words:
    """Its rows count as accepted, and nobody knows any more which of them were removals."""
    reset = f"`kumitate control reset {sync} --reason …`"
    return Words(
        f"{sync}: the platform says it failed {plural(requests, 'request')} that it had taken; the rows count as "
        f"accepted, and nothing came of them: {reset}, and the next run sends everybody again (who was to be removed "
        "is taken out by a run in mode `rebuild`, or by hand)",
        f"{sync}：受理された送信 {requests:,} 件が、媒体側で後から失敗しました。"
        f"{reset} の後、次回の実行で全員を再送します"
        "（削除分は `rebuild` モードの実行か手動で取り除いてください）",
    )
