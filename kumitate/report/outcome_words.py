"""Reasons of outcomes in plain words, with what to do next, in English and in Japanese: one place for all who tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kumitate.report.words import Words

FAILED_LATER = "settled.failed"
"""The platform itself, of a row that it had taken."""
SETTLED_ARRIVED, SETTLED_AGAIN = "settled.arrived", "settled.again"
"""A person decided what became of a row whose answer never came."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a reason says, and what to do about it."""

    says: Words
    do: Words

    @property
    def sentence(self) -> str:
        """Both in English, one after the other."""
        return f"{self.says.en}; {self.do.en}"

    def about(self, sync: str) -> str:
        """The sentence, with commands as they are typed for this sync."""
        return self.sentence.replace("NAME", sync)


_BY_ITSELF = Words("nothing to do: the next run brings it again", "対応は不要です。次回の実行で再送します")
_MEND = Words(
    "mend the value at its source or in the sync's mapping, then run again",
    "元データかマッピングを直して、再実行してください",
)
_KEY = Words(
    "check the account's secret and its rights, try `kumitate destination test`, then run again",
    "認証情報と権限を確認し、`kumitate destination test` で試してから再実行してください",
)
_SETTINGS = Words(
    "compare the destination's settings with its page in docs/destinations, then run again",
    "docs/destinations のページと設定を見比べて、再実行してください",
)
_BY_HAND = Words(
    "do it at the vendor by hand, as its page in docs/destinations says", "配信先の画面で手動で行ってください"
)

MEANINGS: Mapping[str, Meaning] = {
    "accepted.unconfirmed": Meaning(
        Words(
            "the destination took the request and does not say which rows it could use", "受理（行ごとの結果は不明）"
        ),
        Words("`--match-rates` tells what the platform counted", "`--match-rates` で媒体の集計を確認できます"),
    ),
    "throttled": Meaning(
        Words("the destination asked for fewer requests (429)", "送信が多すぎると配信先に断られました（429）"),
        _BY_ITSELF,
    ),
    "unavailable": Meaning(
        Words("the destination was down, or gave no answer in time", "配信先が停止中か、時間内に応答がありません"),
        Words(
            "nothing to do if it is up again: the next run brings it; else look at the address and the network",
            "復旧していれば次回の実行で再送します。続く場合はURLとネットワークを確認してください",
        ),
    ),
    "row.busy": Meaning(Words("the row was in use at the destination", "配信先でこの行が使用中でした"), _BY_ITSELF),
    "batch.refused": Meaning(
        Words("another row spoiled the request", "同じ送信内の別の行が原因で断られました"), _BY_ITSELF
    ),
    "batch.spoiled": Meaning(
        Words(
            "one row of the request is wrong, and the vendor does not say which", "送信内のどれかの行に誤りがあります"
        ),
        _BY_ITSELF,
    ),
    "row.spoils_batch": Meaning(
        Words("the destination refuses every request with this row in it", "この行を含む送信は必ず断られます"), _MEND
    ),
    "job.running": Meaning(
        Words("the destination is still at work on it", "配信先がまだ処理中です"),
        Words("nothing to do: a later run asks what became of it", "対応は不要です。次回以降の実行で結果を確認します"),
    ),
    "run.interrupted": Meaning(
        Words("the run was stopped before the row left", "送信前に実行が中断されました"), _BY_ITSELF
    ),
    "quota.spent": Meaning(
        Words("the account's allowance of the day or month is used up", "アカウントの1日または1か月の上限に達しました"),
        Words("wait until it is renewed, or buy more at the vendor", "上限の更新を待つか、配信先で増枠してください"),
    ),
    "auth.refused": Meaning(
        Words("the destination did not let us in (the key is wrong, expired or lacks a right)", "認証が拒否されました"),
        _KEY,
    ),
    "request.refused": Meaning(
        Words("the destination refused the request as a whole", "送信全体が配信先に拒否されました"), _SETTINGS
    ),
    "redirect.refused": Meaning(
        Words("the address answers with a redirect, which is never followed", "URLが転送を返しました（追いません）"),
        Words(
            "write the final address as the account's url, then run again", "転送先のURLを設定して再実行してください"
        ),
    ),
    "answer.unreadable": Meaning(
        Words(
            "the answer was no JSON: perhaps a proxy or a login page spoke",
            "応答がJSONではありません（プロキシ等の可能性）",
        ),
        Words(
            "check the account's url and the network between, then run again", "URLと経路を確認して再実行してください"
        ),
    ),
    "cancelled": Meaning(
        Words("the sync was paused or its run cancelled midway", "途中で連携の一時停止か実行の取り消しがありました"),
        Words(
            "`kumitate control resume` if it is paused; then the next run brings it",
            "停止中なら `kumitate control resume` で再開します",
        ),
    ),
    "paused": Meaning(
        Words("the sync is paused", "連携は一時停止中です"),
        Words("`kumitate control resume` lets it go on", "`kumitate control resume` で再開します"),
    ),
    "unreported": Meaning(
        Words("the destination's answer did not name the row", "応答にこの行がありません"), _BY_ITSELF
    ),
    "matchkey.none": Meaning(
        Words("the person has no value that the platform can look for", "照合に使える値がありません"),
        Words("`kumitate matchkeys --sync` tells why not", "`kumitate matchkeys --sync` で理由を確認できます"),
    ),
    "audience.too_small": Meaning(
        Words("the audience is under the platform's minimum", "人数が媒体の下限に達していません"),
        Words("widen the segment; it goes when there are enough", "セグメントを広げてください"),
    ),
    "audience.missing": Meaning(
        Words("the audience is not there at the vendor", "配信先に対象リストがありません"), _SETTINGS
    ),
    "address.opted_out": Meaning(
        Words("the address opted out at the destination", "宛先が配信先で受信を拒否しています"),
        Words("leave the person out: their word counts", "本人の意思のため、配信から除外してください"),
    ),
    "identifier.shared": Meaning(
        Words(
            "nothing was taken out: somebody who stays in the audience has the same identifiers",
            "同じ識別子を持つ別の人が対象に残るため、削除していません",
        ),
        Words("nothing to do: it leaves with the last who has it", "対応は不要です。最後の該当者と一緒に削除されます"),
    ),
    "event.too_old": Meaning(
        Words("the event happened longer ago than the platform counts", "媒体が受け付ける期限を過ぎたイベントです"),
        Words(
            "nothing can be done for it; let the segment leave out what is older, and run more often",
            "送信できません。セグメントで古いものを除き、実行間隔を短くしてください",
        ),
    ),
    "field.missing": Meaning(Words("a field that the destination asks for is missing", "必須項目がありません"), _MEND),
    "remove.unsupported": Meaning(
        Words("the destination cannot remove rows", "配信先は削除に対応していません"), _BY_HAND
    ),
    "erase.by_hand": Meaning(
        Words("the destination erases nobody by a call", "APIでの消去に対応していません"), _BY_HAND
    ),
    "erase.needs_ad_account": Meaning(
        Words("erasing needs the ad account's id in the settings", "消去には広告アカウントIDの設定が必要です"),
        _SETTINGS,
    ),
    "answer.missing": Meaning(
        Words("the row may have arrived: its answer never came", "届いた可能性がありますが、応答がありません"),
        Words(
            "look at the destination, then `kumitate sync NAME --settle KEY --as arrived|again --reason …`",
            "配信先を確認し、`kumitate sync NAME --settle KEY --as arrived|again --reason …` で決めてください",
        ),
    ),
    FAILED_LATER: Meaning(
        Words(
            "the platform took the row, and said later that nothing came of it",
            "媒体が受理した後、処理に失敗したと通知しました",
        ),
        _BY_ITSELF,
    ),
    SETTLED_ARRIVED: Meaning(
        Words("a person decided that it has arrived", "届いたものと担当者が判断しました"),
        Words("nothing to do", "対応は不要です"),
    ),
    SETTLED_AGAIN: Meaning(Words("a person decided that it goes again", "再送すると担当者が判断しました"), _BY_ITSELF),
}

_FAMILIES: Mapping[str, Meaning] = {
    "vendor": Meaning(
        Words("the destination refused the row under a code of its own", "配信先が独自のコードでこの行を拒否しました"),
        Words(
            "read its message and its page in docs/destinations, mend the value or the setting, then run again",
            "メッセージと docs/destinations を確認し、値か設定を直して再実行してください",
        ),
    ),
    "guard": Meaning(
        Words("more would change than the sync's guard lets pass", "変更が安全上限を超えています"),
        Words(
            "look at `kumitate sync NAME --dry-run`, then `kumitate control approve NAME --reason …`",
            "`kumitate sync NAME --dry-run` を見て `kumitate control approve NAME` で承認してください",
        ),
    ),
    "event": Meaning(
        Words("the event's time, type or value cannot be used", "イベントの日時・種類・値が使えません"), _MEND
    ),
    "field": Meaning(Words("a field's value cannot be used", "項目の値が使えません"), _MEND),
    "matchkey": Meaning(Words("a match key cannot be used", "照合キーが使えません"), _MEND),
    "audience": Meaning(Words("the audience cannot take rows now", "対象リストが今は使えません"), _SETTINGS),
}
_APPROVAL = Meaning(Words("a person must approve the run first", "担当者の承認待ちです"), _FAMILIES["guard"].do)
_OTHER = Meaning(
    Words("the destination did not take the row", "配信先がこの行を受け付けませんでした"),
    Words(
        "read its message and its page in docs/destinations, then run again",
        "メッセージと docs/destinations を確認して再実行してください",
    ),
)


def meaning(reason: str, verdict: str = "") -> Meaning:
    """What a reason says; a row whose answer never came is told as that, whatever the reason."""
    if verdict == "unknown":
        return MEANINGS["answer.missing"]
    if reason == "approval":
        return _APPROVAL
    return MEANINGS.get(reason) or _FAMILIES.get(reason.partition(".")[0], _OTHER)
