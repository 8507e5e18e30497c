"""Who of the persons is a device of nobody yet."""

from __future__ import annotations

from harness.memory_lake import MemoryLake
from kumitate.identity.tables import IDENTIFIERS, PERSON_RECORDS
from kumitate.report.questions import anonymous_persons


def test_who_is_a_device_and_nobody_yet_is_told_apart() -> None:
    lake = MemoryLake()
    stated = (("a", "email"), ("a", "device"), ("b", "device"), ("c", "device"), ("e", "cookie"))
    lake.put(IDENTIFIERS, [{"record": record, "kind": kind, "value": "v"} for record, kind in stated])
    people = (("a", "A"), ("b", "B"), ("c", "A"), ("d", "D"), ("e", "E"))
    lake.put(PERSON_RECORDS, [{"record": record, "person_id": person} for record, person in people])
    assert lake.query(anonymous_persons(["device"])).to_pylist() == [{"persons": 2}], "B and D"
    assert lake.query(anonymous_persons(["device", "cookie"])).to_pylist() == [{"persons": 3}], "B, D and E"
