"""Which records name one company: by its number, its domain, its name and place; and whose company it is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from harness.memory_lake import MemoryLake
from harness.people import Row
from kumitate.cleanse.tables import clean_table
from kumitate.config.project import Config
from kumitate.identity.companies import company_domain, free_mail_domains
from kumitate.identity.stage import IDENTITY
from kumitate.model.step import Run
from kumitate.profiles.stage import PROFILES

SOURCES: Row = {
    "contacts": {
        "kind": "records",
        "path": "contacts.csv",
        "key": ["id"],
        "updated_at": "updated",
        "columns": {
            "id": {"type": "id"},
            "email": {"type": "email"},
            "company": {"type": "company"},
            "corporate": {"type": "corporate_number"},
            "postal_code": {"type": "postal_code"},
            "updated": {"type": "timestamp"},
        },
        "identifiers": {"member": "id", "email": "email"},
    },
    "accounts": {
        "kind": "records",
        "path": "accounts.csv",
        "key": ["id"],
        "columns": {"id": {"type": "id"}, "email": {"type": "email"}},
        "identifiers": {"card": "id", "email": "email"},
    },
}
COMPANY: Row = {
    "columns": {"corporate_number": "corporate", "domain": "email", "name": "company"},
    "identifiers": {
        "corporate_number": {"unique": True},
        "domain": {"max_distinct": {"corporate_number": 1, "name": 3}},
    },
    "rules": {"name_at_place": {"match": ["name", "postal_code"]}},
}
AGENCY, TOKYO = "7000012050002", "8000020130001"
OLD, NEW = datetime(2024, 1, 1), datetime(2025, 1, 1)


class Business:
    """A lake of contacts whose clean zone is set anew before each run."""

    def __init__(self, company: Row = COMPANY) -> None:
        self.config = Config.model_validate(
            {
                "root": ".",
                "settings": {"project": "business"},
                "sources": SOURCES,
                "identity": {
                    "person": {"identifiers": {"member": {}, "card": {}, "email": {}}, "attributes": ATTRIBUTES},
                    "company": company,
                },
            }
        )
        self.lake = MemoryLake()
        self.runs = 0

    def resolve(self, contacts: list[Row], accounts: list[Row] | None = None) -> Business:
        self.runs += 1
        for name, rows in (("contacts", contacts), ("accounts", accounts or [])):
            given = ({"_line": line, **row} for line, row in enumerate(rows))
            self.lake.put(clean_table(name, self.config.sources[name]), given)
        for stage in (IDENTITY, PROFILES):
            self.lake.run(stage, self.config, Run(f"r{self.runs:06}", datetime(2026, 3, 1, tzinfo=UTC)))
        return self

    def company_of(self, record: str) -> str | None:
        rows = self.lake.rows(f"select company_id from curated.company_members where record = '{record}'")
        return rows[0][0] if rows else None

    def companies(self) -> set[tuple[Any, ...]]:
        shown = "corporate_number, name, domain, records, persons"
        return set(self.lake.rows(f"select {shown} from curated.companies"))


ATTRIBUTES: Row = {"email": {}, "company": {}, "postal_code": {}}


def contact(number: str, **values: Any) -> Row:
    return {"_record_id": number, "id": number, **values}


@pytest.mark.slow
def test_one_corporate_number_is_one_company_however_it_is_called() -> None:
    found = Business().resolve(
        [contact("1", corporate=AGENCY, company="国税庁"), contact("2", corporate=AGENCY, company="国税庁 東京")]
    )
    assert found.companies() == {(AGENCY, "国税庁", None, 2, 2)}


@pytest.mark.slow
def test_two_corporate_numbers_are_never_one_company() -> None:
    contacts = [
        contact("1", corporate=AGENCY, company="港物産", postal_code="100-0001", email="a@minato.co.jp"),
        contact("2", corporate=TOKYO, company="港物産", postal_code="100-0001", email="b@minato.co.jp"),
    ]
    found = Business().resolve(contacts)
    assert found.company_of("contacts/1") != found.company_of("contacts/2")


@pytest.mark.slow
def test_a_number_with_a_wrong_check_digit_ties_nobody() -> None:
    wrong = "1" + AGENCY[1:]
    found = Business().resolve(
        [contact("1", corporate=wrong, company="甲"), contact("2", corporate=wrong, company="乙")]
    )
    assert found.companies() == {(None, "甲", None, 1, 1), (None, "乙", None, 1, 1)}


@pytest.mark.slow
def test_a_domain_of_its_own_ties_and_a_free_mail_service_does_not() -> None:
    found = Business().resolve(
        [
            contact("1", company="港物産", email="a@minato.co.jp"),
            contact("2", company="港物産大阪", email="b@minato.co.jp"),
            contact("3", company="甲", email="a@gmail.com"),
            contact("4", company="乙", email="b@gmail.com"),
        ]
    )
    assert found.company_of("contacts/1") == found.company_of("contacts/2")
    assert found.company_of("contacts/3") != found.company_of("contacts/4")
    assert (None, "甲", None, 1, 1) in found.companies()


@pytest.mark.slow
def test_a_domain_that_many_companies_use_ties_none() -> None:
    contacts = [contact(str(number), company=f"会社{number}", email=f"{number}@mall.co.jp") for number in range(4)]
    found = Business().resolve(contacts)
    assert len(found.companies()) == 4
    assert {row[2] for row in found.companies()} == {None}
    assert len(Business().resolve(contacts[:3]).companies()) == 1


@pytest.mark.slow
def test_a_name_at_one_place_ties_and_a_name_alone_does_not() -> None:
    found = Business().resolve(
        [
            contact("1", company="港 物産", postal_code="100-0001"),
            contact("2", company="港・物産", postal_code="100-0001"),
            contact("3", company="港物産", postal_code="530-0001"),
        ]
    )
    assert found.company_of("contacts/1") == found.company_of("contacts/2")
    assert found.company_of("contacts/1") != found.company_of("contacts/3")


def test_a_mail_domain_alone_is_no_company_but_brings_its_persons_to_one() -> None:
    found = Business().resolve(
        [contact("1", company="港物産", email="a@minato.co.jp")],
        [contact("7", email="b@minato.co.jp"), contact("8", email="c@elsewhere.co.jp")],
    )
    assert found.company_of("accounts/7") == found.company_of("contacts/1")
    assert found.company_of("accounts/8") is None
    assert found.companies() == {(None, "港物産", "minato.co.jp", 2, 2)}


@pytest.mark.slow
def test_a_persons_company_is_that_of_their_newest_record() -> None:
    found = Business().resolve(
        [
            contact("1", company="旧社", postal_code="100-0001", email="taro@example.jp", updated=OLD),
            contact("2", company="新社", postal_code="100-0001", email="taro@example.jp", updated=NEW),
            contact("3", company="新社", postal_code="100-0001", updated=OLD),
        ],
        [contact("9", email="nobody@gmail.com")],
    )
    profiles = dict(found.lake.rows("select company, company_id from curated.profiles"))
    assert profiles["新社"] == found.company_of("contacts/3")
    assert found.lake.rows("select count(*) from curated.profiles where company_id is null") == [(1,)]


@pytest.mark.slow
def test_a_company_of_thousands_is_one_company() -> None:
    many = [contact(f"{number:04}", corporate=AGENCY) for number in range(1200)]
    assert {row[3] for row in Business().resolve(many).companies()} == {1200}


@pytest.mark.slow
def test_a_company_keeps_its_id_when_contacts_come_and_go() -> None:
    found = Business()
    first = found.resolve([contact("5", corporate=AGENCY), contact("6", corporate=AGENCY)]).company_of("contacts/5")
    again = found.resolve([contact("1", corporate=AGENCY), contact("6", corporate=AGENCY)]).company_of("contacts/1")
    assert first == again
    assert found.lake.rows("select minted_run_id from curated.companies") == [("r000001",)]
    since = dict(found.lake.rows("select record, since_run_id from curated.company_members"))
    assert since == {"contacts/1": "r000002", "contacts/6": "r000001"}


@pytest.mark.slow
def test_companies_can_be_made_of_persons_too() -> None:
    found = Business(COMPANY | {"of": "persons", "identifiers": {"domain": {}}}).resolve(
        [contact("1", company="港物産", email="a@minato.co.jp"), contact("2", email="b@minato.co.jp")]
    )
    assert found.companies() == {(None, "港物産", "minato.co.jp", 0, 2)}


@pytest.mark.parametrize(
    ("value", "domain"),
    [
        ("taro@mail.example.co.jp", "mail.example.co.jp"),
        ("https://www.Example.co.jp:443/a?b=@c", "example.co.jp"),
        ("example.co.jp", "example.co.jp"),
        ("https://example.co.jp?from=mail", "example.co.jp"),
        ("example.co.jp#top", "example.co.jp"),
        ("https://example.co.jp/go?to=https://other.jp/", "example.co.jp"),
        ("a/b@example.co.jp", "example.co.jp"),
        ("https://192.168.0.1/", None),
        ("taro@gmail.com", None),
        ("taro@i.softbank.jp", None),
        ("taro@abc.ocn.ne.jp", None),
        ("taro@notgmail.com", "notgmail.com"),
        ("localhost", None),
        ("", None),
    ],
)
def test_what_domain_tells_of_a_company(value: str, domain: str | None) -> None:
    assert company_domain(value) == domain


def test_the_list_of_free_mail_services_holds_each_domain_once_and_nothing_else() -> None:
    assert all(
        domain == domain.strip().lower() and "." in domain and "@" not in domain for domain in free_mail_domains()
    )
    assert {"gmail.com", "yahoo.co.jp", "docomo.ne.jp"} <= free_mail_domains()
