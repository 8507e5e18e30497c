"""What the report calls things, in English and in Japanese; codes it does not know it shows as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """One thing said twice; the page shows the reader's language."""

    en: str
    ja: str


PERSON_EVENTS: Mapping[str, Words] = {
    "created": Words("created", "新規"),
    "merged": Words("merged", "統合"),
    "split": Words("split", "分割"),
    "moved": Words("moved", "移動"),
    "retired": Words("retired", "消滅"),
}

STAGES: Mapping[str, Words] = {
    "ingest": Words("Ingest", "取り込み"),
    "cleanse": Words("Cleanse", "クレンジング"),
    "quality": Words("Quality", "品質検査"),
    "identity": Words("Identity", "名寄せ"),
    "profiles": Words("Profiles", "プロファイル"),
    "segments": Words("Segments", "セグメント"),
    "profile_quality": Words("Profile quality", "プロファイル品質検査"),
    "activation": Words("Activation", "差分計算"),
    "delivery": Words("Delivery", "配信"),
}

_GATES: Mapping[str, Words] = {
    "no_consent": Words("consent refused", "同意なし"),
    "consent_unknown": Words("consent unknown", "同意不明"),
    "key.empty": Words("without a key", "キーなし"),
    "key.duplicate": Words("another person has the key", "同じキーの別の人がいる"),
    "delivery.unknown": Words("sent before, answer unknown", "送信済み・応答不明"),
}


def plural(count: int, noun: str) -> str:
    """`1 file`, `1,200 files`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def known(names: Mapping[str, Words], name: str) -> Words:
    """The words for `name`, or `name` itself."""
    return names.get(name, Words(name, name))


def gate(code: str) -> Words:
    """Why a candidate is held: `excluded:buyers` is "excluded: buyers"."""
    kind, _, what = code.partition(":")
    if kind == "excluded" and what:
        return Words(f"excluded: {what}", f"除外: {what}")
    return known(_GATES, code)


_YIELDED: Mapping[str, Words] = {
    "limit:largest": Words("more records than one person may have", "一人のレコード数の上限を超える"),
    "limit:steward": Words("a steward keeps them apart", "担当者が別人と判断"),
    "limit:model": Words("the model speaks against it", "モデルが別人と判断"),
}


def shared_reason(code: str) -> Words:
    """Why an identifier merges nobody: `shared_by:member_id` is "shared by several member_id"."""
    kind, _, what = code.partition(":")
    if kind == "shared_by" and what:
        return Words(f"several {what} share it", f"複数の {what} で共有")
    if kind == "found" and what:
        return Words(f"more {what} than one person has", f"一人分を超える {what} で共有")
    if kind == "limit" and what and f"limit:{what}" not in _YIELDED:
        return Words(f"would break the limit of {what}", f"{what} の上限を超える")
    names = dict(_YIELDED) | {
        "blocked": Words("blocked by rule", "ブロック規則"),
        "too_many_records": Words("on too many records", "レコード数超過"),
    }
    return known(names, code)
