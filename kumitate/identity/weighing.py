"""The model at work in a project: which attributes it looks at, and what it says of the records that are resolved.

The pairs' weights are kept from run to run (`pair_weights`); here they are read.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache, partial
from hashlib import sha256

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kumitate.cleanse.rules import RULES_VERSION
from kumitate.cleanse.tables import clean_table
from kumitate.config.project import Config
from kumitate.config.source import Source
from kumitate.errors import FatalError
from kumitate.identity.components import ABSENT, positions
from kumitate.identity.graph.hashing import hash64
from kumitate.identity.graph.model import Floats, Integers, Pairs, PairScorer
from kumitate.identity.identifiers import identified_sources, record_sql
from kumitate.identity.pair_rows import PAIRS, known_pairs
from kumitate.identity.probabilistic.comparisons import ATTRIBUTES
from kumitate.identity.probabilistic.files import load
from kumitate.identity.probabilistic.matching import telling
from kumitate.identity.probabilistic.model import Model
from kumitate.identity.probabilistic.scoring import scorer
from kumitate.identity.resolution import Weigh, Weighing, no_model
from kumitate.identity.statements import bound, quoted, statement, union_all
from kumitate.identity.tables import PERSON_RECORDS
from kumitate.model.step import Query
from kumitate.model.table import Column, Type

COMPARED = "compared"
"""The input that `compared_query` gives."""
_BETWEEN, _NOTHING = "\x1f", "\x00"


def project_model(config: Config) -> Model | None:
    """The model in the file that the project declares; None where one is learned from the data, or none is wanted.

    FatalError where the file was not read with the project: learning another one in silence would be another rule.
    """
    declared = config.person.model
    if declared is None or declared.file is None:
        return None
    if not config.person_model:
        raise FatalError(f"{declared.file}: the person's model was not read; open the project with open_project")
    return load(config.person_model, declared.file)


def model_caution(config: Config) -> str | None:
    """What to know of a model that was learned from values cleansed by other rules than those in force.

    Nothing of one that does not say by which: Splink's own files do not.
    """
    model = project_model(config)
    if model is None or model.rules_version in ("", RULES_VERSION):
        return None
    file = config.person.model.file if config.person.model else None
    return (
        f"{file}: was learned from values cleansed by rules of version {model.rules_version}, sources are cleansed by "
        f"version {RULES_VERSION}, so its weights may be off; train it anew (`kumitate resolve --model train "
        f"--save-model {file}`, docs/concepts/probabilistic.md says on what), or leave out `file`: every run then "
        "learns its own"
    )


def compared_attributes(config: Config, model: Model | None) -> tuple[str, ...]:
    """The columns a model looks at: its own, those that the project names, or all that can be compared."""
    declared = config.person.model.compare if config.person.model else ()
    wanted = model.columns if model else declared or ATTRIBUTES
    tables = [clean_table(name, source) for name, source in _described(config).items()]
    return tuple(name for name in wanted if any(table.column(name) for table in tables))


def compared_query(config: Config, model: Model | None = None) -> Query:
    """One row per record that describes somebody; an attribute that its source has not is null."""
    names = compared_attributes(config, model)
    columns = (PERSON_RECORDS.columns[0], *(Column(name, Type.STRING, personal=True) for name in names))
    selects = (_select(name, source, names) for name, source in _described(config).items())
    return statement(COMPARED, union_all(selects, columns))


def _described(config: Config) -> dict[str, Source]:
    """Events describe nobody."""
    return {name: source for name, source in identified_sources(config).items() if source.kind == "records"}


def _select(name: str, source: Source, attributes: Collection[str]) -> str:
    table = clean_table(name, source)
    said = (_text(attribute, is_there=table.column(attribute) is not None) for attribute in attributes)
    return f"""
        select {", ".join((f"{record_sql(name)} as record", *said))}
        from {table}
        where {quoted("_record_id")} is not null
        """


def _text(attribute: str, *, is_there: bool) -> str:
    value = f"nullif(cast({quoted(attribute)} as varchar), {bound('')})" if is_there else "cast(null as varchar)"
    return f"{value} as {quoted(attribute)}"


def project_weigh(config: Config) -> Weigh:
    """What `resolve_records` takes for pairs; nothing where the project declares no model."""
    return weigh if config.person.model else no_model


def weigh(inputs: Mapping[str, pa.Table], names: pa.Array) -> Weighing | None:
    """What `staging.pair_weights` holds of the records in `names` (sorted), and the weight of any pair of them."""
    kept = known_pairs(inputs[PAIRS])
    if kept is None:
        return None
    place = positions(kept.names, names)
    said = np.zeros(len(names) + 1, np.int64)
    said[place] = kept.said
    left, right = place[kept.pairs.left], place[kept.pairs.right]
    there = (left != ABSENT) & (right != ABSENT)
    pairs = Pairs(left[there], right[there], kept.pairs.probability[there])
    score = _evidence(inputs[COMPARED], names, load(kept.model.text))
    return Weighing(pairs, score, said[:-1], sha256(kept.model.text.encode()).hexdigest())


def _evidence(compared: pa.Table, names: pa.Array, model: Model) -> PairScorer:
    """What any pair's values say, without the prior (`matching.Matched.evidence`); nobody else is looked at."""
    told = cache(partial(told_in_order, compared, names))

    def score(left: Integers, right: Integers) -> Floats:
        rows = np.unique(np.append(left, right))
        weight = scorer(model, told().take(pa.array(rows)))
        return weight(np.searchsorted(rows, left), np.searchsorted(rows, right)) - model.prior

    return score


def told_in_order(compared: pa.Table, names: pa.Array) -> pa.Table:
    """A row per name, without what very many share; what describes nobody has no attributes.

    Of two rows of one record the first in order counts.
    """
    record = pc.unique(compared["record"])
    if len(record) < compared.num_rows:
        compared = compared.sort_by([(name, "ascending") for name in compared.column_names])
    record = pa.chunked_array(compared["record"].cast(pa.large_string()), pa.large_string()).combine_chunks()
    row = pc.index_in(names, value_set=record)
    return telling(compared.drop_columns(["record"]).take(row))


def hashes_of(table: pa.Table) -> Integers:
    """One number per row, of all that a model looks at."""
    if not table.num_columns:
        return np.zeros(table.num_rows, np.int64)
    texts = [pc.fill_null(column.cast(pa.string()), _NOTHING) for column in table.columns]
    joined = pc.binary_join_element_wise(*texts, _BETWEEN).combine_chunks()
    return hash64(joined).view(np.int64)
