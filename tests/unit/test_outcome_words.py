"""Every reason of an outcome has a plain sentence and a next step, in both languages."""

import re

import pytest

from kumitate.activation.destinations import answers
from kumitate.execution.controls import CANCELLED, PAUSED
from kumitate.execution.receipts import UNREPORTED
from kumitate.execution.sending import SPOILS
from kumitate.report.outcome_words import MEANINGS, meaning

CONSTANTS = sorted(value for name, value in vars(answers).items() if name.isupper() and isinstance(value, str))
REASONS = [value for value in CONSTANTS if re.fullmatch(r"[a-z_.]+", value)]


@pytest.mark.parametrize("reason", [*REASONS, CANCELLED, PAUSED, UNREPORTED, SPOILS])
def test_every_reason_of_the_engine_has_a_sentence_of_its_own(reason: str) -> None:
    assert reason in MEANINGS


def test_the_reasons_of_all_vendors_are_among_those_that_are_held() -> None:
    assert {answers.AUTH_REFUSED, answers.REDIRECT_REFUSED, answers.UNAVAILABLE} <= {*REASONS}


def test_a_vendors_own_code_points_to_its_message() -> None:
    assert "read its message" in meaning("vendor.some_code").sentence


def test_a_reason_nobody_knows_still_has_a_next_step() -> None:
    assert "run again" in meaning("").sentence


def test_a_row_without_an_answer_is_told_how_it_is_settled() -> None:
    assert "--settle" in meaning("unavailable", "unknown").sentence


@pytest.mark.parametrize("reason", [*MEANINGS, "vendor.x", "guard.adds", "event.x", "approval"])
def test_both_languages_say_what_and_what_next(reason: str) -> None:
    told = meaning(reason)
    assert all(words.en and re.search(r"[ぁ-んァ-ン一-龯]", words.ja) for words in (told.says, told.do))
