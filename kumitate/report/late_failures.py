"""What it means that a platform fails a request after it has taken it."""

from __future__ import annotations

from kumitate.report.words import Words, plural


def failed_later(sync: str, requests: int) -> Words:
    """Its rows count as accepted no more, and are changes again: there is nothing to do."""
    return Words(
        f"{sync}: the platform says it failed {plural(requests, 'request')} that it had taken; the next run sends "
        "the rows again by itself (removals, too)",
        f"{sync}：受理された送信 {requests:,} 件が、媒体側で後から失敗しました。"
        "次回の実行で自動的に再送します（削除分も含みます）",
    )
