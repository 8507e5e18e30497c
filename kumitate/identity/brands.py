"""Brand views: the persons whom a brand's own sources know, by what those sources say.

A brand that may not see what its sisters know reads its rows of `curated.brand_profiles` alone. The person id is the
same in all of them; consent and traits are the person's, and stay in `curated.consents` and `curated.traits`.
"""

from __future__ import annotations

from kumitate.config.project import Config
from kumitate.identity.entity_tables import brand_profiles_table
from kumitate.identity.golden import brands_query
from kumitate.model.step import QueryStep, Step


def brand_steps(config: Config) -> tuple[Step, ...]:
    """`curated.brand_profiles`; nothing where the project has no brands."""
    if not config.person.brands:
        return ()
    return (QueryStep(brand_profiles_table(config), brands_query(config)),)
