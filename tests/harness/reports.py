"""A run's report with something of everything, for tests and for working on its looks."""

from dataclasses import replace
from datetime import UTC, datetime

from kumitate.identity.scoring import PairScore
from kumitate.report.cleansed import CleansedColumn, Touch
from kumitate.report.facts import (
    ConsentCount,
    Intake,
    PeopleReport,
    QuarantineSample,
    Rejection,
    Report,
    RunFacts,
    SegmentReport,
    SharedIdentifier,
    SourceReport,
    StageTime,
    SyncReport,
    Tally,
)

MEMBERS = Intake(2, 4000, 3900, 20, 30, (Tally("date.invalid", 41), Tally("email.invalid", 9)))
ORDERS = Intake(1, 541_909, 536_641, 5_268)
CLEANSED = (
    CleansedColumn(
        "birthdate",
        "birthdate",
        31,
        31,
        (
            Touch("date.invalid", "rejected", 41, 41, ("令和99年9月9日",)),
            Touch("era", "changed", 31, 31, ("昭和99年9月9日", "平成9年9月99日")),
        ),
    ),
    CleansedColumn("phone", "phone", 120, 0, (Touch("e164", "changed", 120, 0, ("999-9999-9999",)),)),
)
SAMPLE = QuarantineSample("members", "date.invalid", 41, "birthdate", "data/members.csv", 118, "令和99年9月9日")
PEOPLE = PeopleReport(
    records=3900,
    persons=2200,
    golden_records=3900,
    profiles=2200,
    sizes=(Tally("1", 1000), Tally("2", 800), Tally("3", 300), Tally("4", 100)),
    ties=(Tally("email", 1102), Tally("rule:name_birthdate", 290)),
    events=(Tally("created", 2200),),
    shared=(SharedIdentifier("phone", "shared_by:member_id", 88, 214), SharedIdentifier("email", "blocked", 4, 61)),
    score=PairScore(3900, 2300, 2400, 2290),
)
LETTER = SyncReport(
    name="letter",
    description="A letter to regulars",
    destination="mail",
    type="ses",
    segment="regulars",
    mode="mirror",
    candidates=371,
    unchanged=101,
    delivered=196,
    rejected=3,
    pending=2,
    held=(Tally("consent_unknown", 60), Tally("excluded:buyers", 9)),
    deletes=14,
    deleted=13,
    undeleted=1,
    waits=(Tally("unavailable", 3),),
    at_destination=297,
    rejections=(Rejection("address.invalid", "no such mailbox: …", 3, 2),),
)
REPORT = Report(
    project="bakery",
    timezone="Asia/Tokyo",
    run=RunFacts(
        "r000001", datetime(2026, 1, 31, tzinfo=UTC), "duckdb", 83.2, (StageTime("ingest", 3), StageTime("identity", 4))
    ),
    sources=(
        SourceReport("members", "records", "", MEMBERS, MEMBERS, cleansed=CLEANSED),
        SourceReport("orders", "events", "", ORDERS, ORDERS),
    ),
    samples=(SAMPLE,),
    people=PEOPLE,
    traits=12,
    consents=(ConsentCount("marketing", "email", 900, 300),),
    segments=(SegmentReport("regulars", "Came in each week", 371, 380, 9, (0, 371)),),
    syncs=(LETTER,),
)
QUIET = replace(
    REPORT,
    run=replace(REPORT.run, run_id="r000002"),
    sources=tuple(replace(source, now=Intake()) for source in REPORT.sources),
    syncs=(
        replace(LETTER, delivered=0, rejected=0, pending=0, unchanged=302, deletes=0, deleted=0, undeleted=0, waits=()),
    ),
)
"""The same project run again with nothing new."""
