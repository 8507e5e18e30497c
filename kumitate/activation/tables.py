"""Per sync: who qualifies, what changes, what the destination last accepted; over all: outcomes."""

from __future__ import annotations

from kumitate.model.table import Column, Table, Type

OUTCOMES = Table(
    "activation",
    "outcomes",
    (
        Column("run_id", Type.STRING),
        Column("at", Type.TIMESTAMP),
        Column("sync", Type.STRING),
        Column("key", Type.STRING),
        Column("person_id", Type.STRING),
        Column("operation", Type.STRING, meaning="create, update, delete or keep"),
        Column("verdict", Type.STRING, meaning="accepted, rejected, retry or unknown"),
        Column("reason", Type.STRING),
        Column("message", Type.STRING, personal=True, meaning="the destination's own words"),
    ),
    "what became of every change sent",
)

PLATFORM_FIGURES = Table(
    "activation",
    "platform_figures",
    (
        Column("run_id", Type.STRING, meaning="the run that asked"),
        Column("at", Type.TIMESTAMP),
        Column("sync", Type.STRING),
        Column("receipt", Type.STRING, meaning="the platform's id of what it was sent, or of a conversation"),
        Column("name", Type.STRING, meaning="received, matched, invalid, match_rate_low, …"),
        Column("value", Type.DOUBLE),
    ),
    "what platforms count of what they took, as they told it, kept as history",
)

REJECTED = Table(
    "activation",
    "rejected_rows",
    (
        Column("sync", Type.STRING),
        Column("key", Type.STRING),
        Column("operation", Type.STRING),
        Column("reason", Type.STRING),
        Column("message", Type.STRING, personal=True),
        Column("first_seen", Type.TIMESTAMP),
        Column("last_seen", Type.TIMESTAMP),
        Column("attempts", Type.BIGINT),
    ),
    "rows a destination refuses, until it accepts them",
)

SYNC_COUNTS = Table(
    "activation",
    "sync_counts",
    (
        Column("run_id", Type.STRING),
        Column("sync", Type.STRING),
        Column(
            "outcome",
            Type.STRING,
            meaning="create, update, retried, unchanged, held:<gate>, delete or delete_retried;"
            " ready: is sent something when the trigger fires",
        ),
        Column("rows", Type.BIGINT),
    ),
    "per run and sync: candidates = held + unchanged + create + update + retried; deletes come beside",
)

SYNC_HOLDS = Table(
    "activation",
    "sync_holds",
    (
        Column("run_id", Type.STRING),
        Column("at", Type.TIMESTAMP),
        Column("sync", Type.STRING),
        Column("reason", Type.STRING, meaning="guard.adds, guard.removes or approval"),
        Column("creates", Type.BIGINT, meaning="new rows the run would bring; those tried before are not counted"),
        Column("updates", Type.BIGINT),
        Column("deletes", Type.BIGINT),
        Column("accepted", Type.BIGINT, meaning="rows the destination had accepted before"),
        Column("limit_rows", Type.BIGINT, meaning="as many may leave without a person's approval"),
    ),
    "runs of a sync that were held for a person to look at: what they would have brought, and the limit",
)

HOLDOUT_ASSIGNMENTS = Table(
    "activation",
    "holdout_assignments",
    (
        Column("holdout", Type.STRING),
        Column("person_id", Type.STRING, meaning="as it was then; curated.person_aliases leads on"),
        Column("is_held", Type.BOOLEAN, meaning="true: the person is in the control group, for good"),
        Column("percent", Type.DOUBLE, meaning="the share held out when this person was assigned"),
        Column("run_id", Type.STRING),
        Column("at", Type.TIMESTAMP),
    ),
    "who is held out of what, and who is not: assigned once, when first seen",
)

FIRINGS_TOLD = Table(
    "activation",
    "firings_told",
    (
        Column("fired_id", Type.STRING, meaning="the same however often it is told"),
        Column("trigger", Type.STRING),
        Column("sync", Type.STRING),
        Column("key", Type.STRING, meaning="the row's key at the destination; empty where nothing was made of it"),
        Column("person_id", Type.STRING, meaning="empty where the lake does not know the person"),
        Column("at", Type.TIMESTAMP, meaning="when the condition came true, by the events' own time"),
        Column("state", Type.STRING, meaning="accepted, rejected, held, pending or unknown"),
        Column("reason", Type.STRING),
        Column("message", Type.STRING, personal=True, meaning="the destination's own words"),
        Column("told_at", Type.TIMESTAMP, meaning="when it came into this state"),
    ),
    "what became of firings since the lake was told of them last",
    rebuilt=True,
)

FIRINGS = Table(
    "activation",
    "firings",
    FIRINGS_TOLD.columns,
    "every firing of a trigger for every sync it fires, once, with its newest state",
)

LIVE_ENTRIES = Table(
    "activation",
    "live_entries",
    (
        Column("key", Type.STRING, meaning="who#<kind>#<hash> or card#<sync>#<person>"),
        Column("data", Type.STRING, personal=True, meaning="the document as JSON"),
        Column("hash", Type.STRING, meaning="of data"),
    ),
    "what real time should know of people: who an identifier is, and what a sync would send to whom",
    rebuilt=True,
)

LIVE_CHANGES = Table(
    "activation",
    "live_changes",
    (
        Column("key", Type.STRING),
        Column("data", Type.STRING, personal=True, meaning="null: it goes"),
    ),
    "what a run is about to put into the state store; empty when it has",
)

LIVE_PUBLISHED = Table(
    "activation",
    "live_published",
    (Column("key", Type.STRING), Column("hash", Type.STRING)),
    "what the state store has, as of the last run",
)


def keys_table(sync: str) -> Table:
    """`activation.keys_<sync>`: every member of the segment by key, before all are looked at together."""
    return Table(
        "activation",
        f"keys_{sync}",
        (
            Column("person_id", Type.STRING),
            Column("key", Type.STRING),
            Column("gate", Type.STRING, meaning="of those that a row tells by itself; null = the others are asked"),
        ),
    )


def candidates_table(sync: str) -> Table:
    """`activation.candidates_<sync>`: every member of the segment, with the gate that holds them back, if any."""
    return Table(
        "activation",
        f"candidates_{sync}",
        (
            Column("person_id", Type.STRING),
            Column("key", Type.STRING),
            Column(
                "gate",
                Type.STRING,
                meaning="null = may be sent; else the first that applies of no_consent, consent_unknown,"
                " excluded:<segment>, key.empty, field.<what>:<field>, outranked:<sync>, holdout:<name>,"
                " key.duplicate, frequency:<budget>, delivery.unknown",
            ),
            Column(
                "fields",
                Type.STRING,
                personal=True,
                meaning="mapped fields as JSON, keys sorted; absent = leave as it is, null = clear",
            ),
            Column("fields_hash", Type.STRING, meaning="sha256 of fields, 32 hex digits"),
        ),
    )


def changes_table(sync: str) -> Table:
    """`activation.changes_<sync>`: this run's difference between desired and last accepted."""
    return Table(
        "activation",
        f"changes_{sync}",
        (
            Column("key", Type.STRING),
            Column("operation", Type.STRING, meaning="create, update, delete; keep where an audience is built anew"),
            Column("person_id", Type.STRING),
            Column("fields", Type.STRING, personal=True),
            Column("fields_hash", Type.STRING),
            Column("previous_fields", Type.STRING, personal=True, meaning="what the destination accepted last"),
            Column("accepted_run_id", Type.STRING, meaning="the run in which it took the row, or took it out"),
            Column("shared", Type.STRING, meaning="fields that somebody who stays in the audience has as well"),
        ),
    )


def unreported_table(sync: str) -> Table:
    """`activation.unreported_<sync>`: rows of requests that the platform took, until it says what became of them."""
    return Table(
        "activation",
        f"unreported_{sync}",
        (
            Column("receipt", Type.STRING, meaning="the platform's id of the request"),
            Column("place", Type.STRING, meaning="`<receipt>#<row>`, the row counted from 0"),
            Column("key", Type.STRING),
            Column("operation", Type.STRING, meaning="create, update or delete"),
            Column("person_id", Type.STRING),
            Column("before", Type.STRING, personal=True, meaning="fields accepted before this change; empty = none"),
            Column(
                "accepted_run_id", Type.STRING, meaning="the run in which the row was accepted, or taken out, before"
            ),
            Column("run_id", Type.STRING, meaning="the run that sent it"),
            Column("at", Type.TIMESTAMP),
        ),
    )


def state_table(sync: str) -> Table:
    """`activation.state_<sync>`: what the destination last accepted, row by row."""
    return Table(
        "activation",
        f"state_{sync}",
        (
            Column("key", Type.STRING),
            Column("person_id", Type.STRING),
            Column("fields", Type.STRING, personal=True, meaning="kept to be able to remove the row again"),
            Column("fields_hash", Type.STRING),
            Column("accepted_run_id", Type.STRING),
        ),
    )
