"""`kumitate sync`: what became of a sync's rows, asked on the command line; each answer also as JSON."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from harness.projects import BAKERY, copy_of, rows, run
from kumitate.cli.main import main

pytestmark = pytest.mark.slow  # projects that have run

PUB = """
pub:
  destination: annonces
  segment: fideles
  mode: upsert
  consent: not_needed
  consent_reason: a test
  settings: {audience_id: "123"}
  fields: {given_name: "{prenom}"}
"""


def kumitate(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def answer(*words: str) -> Any:
    result = kumitate(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A bakery that advertises to people of whom it knows the given name alone: nobody can be looked for."""
    root = copy_of(BAKERY, tmp_path_factory.mktemp("refused") / "boulangerie")
    with (root / "syncs/alerte.yaml").open("a") as file:
        file.write(PUB)
    (root / "destinations/annonces.yaml").write_text("annonces: {type: meta}\n")
    run(root)
    return str(root)


def test_rows_not_taken_are_listed_and_tried_again(refused: str) -> None:
    found = answer("sync", "pub", "--rejected", "--project", refused)
    assert [(row["status"], row["reason"], row["attempts"]) for row in found] == [("rejected", "matchkey.none", 1)] * 2
    key = found[0]["key"]
    again = answer("sync", "pub", "--retry", key, "--project", refused)
    assert (again["rejected"], again["retried"]) == (1, 1)
    attempts = {row["key"]: row["attempts"] for row in answer("sync", "pub", "--rejected", "--project", refused)}
    assert attempts == {key: 2, found[1]["key"]: 1}
    assert (
        "2 rows not taken; `kumitate sync pub --retry`"
        in kumitate("sync", "pub", "--rejected", "--project", refused).stdout
    )


def test_a_refusal_is_told_in_plain_words_with_what_to_do(refused: str) -> None:
    said = kumitate("sync", "pub", "--rejected", "--project", refused).stdout
    assert "matchkey.none: the person has no value that the platform can look for; `kumitate matchkeys" in said
    assert answer("sync", "pub", "--unknown", "--project", refused) == []


def test_a_person_is_told_why_by_any_identifier(refused: str) -> None:
    person = rows(Path(refused), "select person_id from activation.state_alerte_fideles order by 1")[0][0]
    assert answer("sync", "alerte_fideles", "--why", person, "--project", refused)["outcome"]["verdict"] == "accepted"
    said = kumitate("sync", "pub", "--why", person, "--project", refused).stdout
    assert f"{person} is in the segment fideles." in said
    assert "rejected for matchkey.none" in said


def test_a_dry_run_says_whom_the_platform_can_look_for(refused: str) -> None:
    found = answer("sync", "pub", "--dry-run", "--project", refused)
    assert (found["match_keys"]["people"], found["match_keys"]["usable"]) == (2, 0)
    assert answer("sync", "alerte_fideles", "--dry-run", "--project", refused)["match_keys"] is None
    assert "meta can look for 0 of 2 people" in kumitate("sync", "pub", "--dry-run", "--project", refused).stdout


def test_a_segments_and_a_syncs_people_are_counted_before_they_are_sent(refused: str) -> None:
    (figures,) = answer("matchkeys", "--sync", "pub", "--summary", "--project", refused)["platforms"]
    assert (figures["platform"], figures["people"], figures["usable"]) == ("meta", 2, 0)
    told = answer("matchkeys", "--segment", "fideles", "--summary", "--project", refused)
    assert {each["platform"]: each["usable"] for each in told["platforms"]}["line"] == 0
    assert told["segment"] == "fideles"


def test_a_platform_that_has_reported_nothing_has_no_match_rates(refused: str) -> None:
    assert answer("sync", "pub", "--match-rates", "--project", refused) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--rejected", "--retry"), "one at a time of --dry-run"),
        (("a-key",), "KEYS are for --retry and --settle"),
        (("--settle", "a-key", "--as", "again"), "--settle needs KEYS, --as arrived|again and --reason"),
        (("--rejected", "--reason", "x"), "--as and --reason are for --settle"),
        (("--settle", "a-key", "--as", "again", "--reason", "x"), "1 of 1 keys: the row does not wait for a verdict"),
        (("--retry", "nobody"), "1 of 1 keys: the row does not wait to be tried again"),
        (("--why", "nobody@example.com"), "nobody has this identifier"),
    ],
)
def test_a_slip_is_told(refused: str, words: tuple[str, ...], said: str) -> None:
    result = kumitate("sync", "pub", *words, "--project", refused)
    assert result.exit_code != 0
    assert said in result.stderr
