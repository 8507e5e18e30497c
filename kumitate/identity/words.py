"""An explanation in words, English and Japanese, with nothing in it that its reader may not know."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from kumitate.cleanse.reasons import REASONS
from kumitate.identity.identifiers import RULE_PREFIX
from kumitate.identity.why import MODEL, STEWARD, Explanation, HeldBack, Likeness, Step

Language = Literal["en", "ja"]

_EN: Mapping[str, str] = {
    "one_record": "{left} and {right} are one record, of person {person}.",
    "one_person": "{left} and {right} are one person: {person}.",
    "two_persons": "{left} and {right} are two persons: {person}.",
    "merged": "{old} was merged into {new}, which holds now.",
    "since": "They have been since run {run} ({at}).",
    "step": "{left} and {right} share {kind} {value}",
    "step_rule": "{left} and {right} agree on {columns}: {value}",
    "step_model": "{left} and {right} are alike, with a probability of {probability:.1%}",
    "step_steward": "{left} and {right} were made one by {author} at {at}: {reason}",
    "parted": "{author} parted {left} and {right} at {at}: {reason}",
    "nothing_shared": "They share no value that identifies.",
    "held": "Both have {kind} {value}, which merges nobody: {reason}.",
    "unusable": "Both were delivered with {kind} {value}, which cannot be used: {reason}",
    "blocked": "a blocked pattern says that it is nobody's own",
    "too_many_records": "it is on {records:,} records",
    "shared_by": "people with different {what} share it ({records:,} records)",
    "found": "so many with different {what} share it that it tells nobody apart ({records:,} records)",
    "contradicted": "records that have it differ in {what} and in name ({records:,} records)",
    "limit": "a person may not have so many values of {what}",
    "limit_steward": "a steward parted records that have it",
    "limit_largest": "the person would be larger than allowed",
    "limit_model": "the model finds the records that have it too unlike",
    "likeness": "By the model they are one person with a probability of {probability:.1%}; from {merge:.0%} they would"
    " merge, from {review:.0%} a steward is asked.",
    "part": "{name}: {what} ({weight:+.1f})",
    "no_path": "The last run tied them by values that were changed since; the next run decides anew.",
}  # fmt: skip
_JA: Mapping[str, str] = {
    "one_record": "{left} と {right} は同じレコードです（人物 {person}）。",
    "one_person": "{left} と {right} は同一人物です：{person}。",
    "two_persons": "{left} と {right} は別人です：{person}。",
    "merged": "{old} は {new} に統合済みです。",
    "since": "実行 {run}（{at}）から同一人物です。",
    "step": "{left} と {right} は {kind} {value} が同じです",
    "step_rule": "{left} と {right} は {columns} が一致します：{value}",
    "step_model": "{left} と {right} は似ています（確率 {probability:.1%}）",
    "step_steward": "{left} と {right} は {author} が {at} に同一と判断しました：{reason}",
    "parted": "{author} が {at} に {left} と {right} を別人と判断しました：{reason}",
    "nothing_shared": "人物を特定できる共通の値はありません。",
    "held": "どちらも {kind} {value} を持ちますが、統合には使いません：{reason}。",
    "unusable": "どちらも {kind} {value} が届いていますが、使えません：{reason}",
    "blocked": "個人のものではない値として除外されています",
    "too_many_records": "{records:,} 件のレコードにあります",
    "shared_by": "{what} の異なる人が共有しています（{records:,} 件）",
    "found": "{what} の異なる人が多数共有していて、人を区別できません（{records:,} 件）",
    "contradicted": "これを持つレコードは {what} も氏名も異なります（{records:,} 件）",
    "limit": "一人が持てる {what} の数を超えます",
    "limit_steward": "これを持つレコードを担当者が分けました",
    "limit_largest": "一人の上限件数を超えます",
    "limit_model": "これを持つレコードはモデルでは似ていません",
    "likeness": "モデルによる同一人物の確率は {probability:.1%} です"
    "（{merge:.0%} 以上で統合、{review:.0%} 以上で担当者が確認）。",
    "part": "{name}：{what}（{weight:+.1f}）",
    "no_path": "前回の実行で結び付けた値がその後変わりました。次の実行で判断し直します。",
}
_SAYS_SOMETHING = 0.05
"""Bits; a comparison of less, such as of a missing value, is left out."""
_LANGUAGES: Mapping[Language, Mapping[str, str]] = {"en": _EN, "ja": _JA}


def sentences(told: Explanation, language: Language = "en") -> tuple[str, ...]:
    """One sentence a line; the steps of a path are numbered."""
    words = _LANGUAGES[language]
    return tuple(_lines(told, words))


def _lines(told: Explanation, words: Mapping[str, str]) -> Iterator[str]:
    persons = ", ".join(told.persons)
    yield words[told.verdict].format(left=told.left, right=told.right, person=persons)
    for old, new in told.merged:
        yield words["merged"].format(old=old, new=new)
    if told.verdict == "one_person":
        yield from _of_one(told, words)
    elif told.verdict == "two_persons":
        yield from _of_two(told, words)


def _of_one(told: Explanation, words: Mapping[str, str]) -> Iterator[str]:
    for number, step in enumerate(told.path, 1):
        yield f"  {number}. {_step(step, words)}"
    if not told.path:
        yield words["no_path"]
    if told.together is not None:
        yield words["since"].format(run=told.together[0], at=told.together[1])


def _of_two(told: Explanation, words: Mapping[str, str]) -> Iterator[str]:
    for step in told.parted:
        yield "  " + words["parted"].format(
            left=step.left, right=step.right, author=step.author, at=_day(step), reason=step.reason
        )
    for held in told.held_back:
        yield "  " + words["held"].format(kind=_kind(held.kind), value=held.value, reason=_reason(held, words))
    for each in told.unusable:
        said = REASONS[each.reason].ja if words is _JA else REASONS[each.reason].en
        yield "  " + words["unusable"].format(kind=_kind(each.kind), value=each.value, reason=said)
    if not told.held_back:
        yield words["nothing_shared"]
    if told.likeness is not None:
        yield from _likeness(told.likeness, words)


def _likeness(likeness: Likeness, words: Mapping[str, str]) -> Iterator[str]:
    yield words["likeness"].format(probability=likeness.probability, merge=likeness.merge, review=likeness.review)
    for name, what, weight in (part for part in likeness.parts if abs(part[2]) >= _SAYS_SOMETHING):
        yield "  " + words["part"].format(name=name, what=what, weight=weight)


def _step(step: Step, words: Mapping[str, str]) -> str:
    write = _STEPS.get(step.rule, _step_by_value)
    return write(step, words)


def _step_by_value(step: Step, words: Mapping[str, str]) -> str:
    name = "step_rule" if step.columns else "step"
    return words[name].format(
        left=step.left, right=step.right, kind=_kind(step.rule), columns=", ".join(step.columns), value=step.value
    )


def _step_by_model(step: Step, words: Mapping[str, str]) -> str:
    return words["step_model"].format(left=step.left, right=step.right, probability=step.probability or 0.0)


def _step_by_steward(step: Step, words: Mapping[str, str]) -> str:
    return words["step_steward"].format(
        left=step.left, right=step.right, author=step.author, at=_day(step), reason=step.reason
    )


_STEPS: Mapping[str, Callable[[Step, Mapping[str, str]], str]] = {MODEL: _step_by_model, STEWARD: _step_by_steward}


def _day(step: Step) -> str:
    return f"{step.at:%Y-%m-%d}" if step.at else ""


def _kind(kind: str) -> str:
    return kind.removeprefix(RULE_PREFIX)


def _reason(held: HeldBack, words: Mapping[str, str]) -> str:
    reason, _, what = held.reason.partition(":")
    special = f"{reason}_{what}"
    return words[special if special in words else reason].format(what=what, records=held.records)
