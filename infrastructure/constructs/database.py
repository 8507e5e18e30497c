"""The lake's databases in the Glue catalogue; its tables are made by the platform itself, not by CloudFormation."""

from __future__ import annotations

from aws_cdk import aws_glue as glue
from constructs import Construct

from infrastructure.constructs.keeping import Keeping
from kumitate.blueprint.names import ZONES
from kumitate.blueprint.platform import Platform

MEANINGS = {
    "raw": "Rows as delivered, as strings, with where they came from",
    "quarantine": "Rows that were not accepted, with the reason",
    "staging": "The run's own intermediate tables; rebuilt by every run",
    "clean": "Accepted rows, typed and normalised",
    "curated": "Identity, profiles, traits, segments",
    "activation": "What goes to destinations and what became of it",
}


def place_databases(scope: Construct, platform: Platform, keeping: Keeping) -> dict[str, glue.CfnDatabase]:
    """Database of the lake -> its resource, e.g. `curated` -> shop_dev_curated.

    They are kept as the files are: Glue drops the tables in a database with it, and files alone are no table.
    """
    databases = {database: _place(scope, platform, database) for database in ZONES}
    for resource in databases.values():
        resource.apply_removal_policy(keeping.policy)
    return databases


def _place(scope: Construct, platform: Platform, database: str) -> glue.CfnDatabase:
    names = platform.names
    return glue.CfnDatabase(
        scope,
        f"{database.capitalize()}Database",
        catalog_id=names.account,
        database_name=names.database(database),
        database_input=glue.CfnDatabase.DatabaseInputProperty(
            name=names.database(database),
            description=MEANINGS[database],
            location_uri=f"s3://{names.bucket(ZONES[database])}/{database}/",
            # None for everybody: a new table is open to no one until its tags or a grant say so.
            create_table_default_permissions=[],
        ),
    )
