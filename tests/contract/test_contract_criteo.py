"""What we send to Criteo, the models of its own SDK take; what they leave out, we hold ourselves to."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from harness.destinations import CASES
from kumitate.activation.destinations.criteo import Criteo
from kumitate.sandbox.contract import schema_of

SDK = "criteo_api_marketingsolutions_v2027_01"


def sdk(module: str) -> Any:
    pytest.importorskip(SDK, reason="Criteo's SDK (criteo-api-marketingsolutions-sdk) is not installed")
    return importlib.import_module(f"{SDK}.{module}")


def recorded() -> list[dict[str, Any]]:
    cases = json.loads((CASES / "criteo.json").read_text(encoding="utf-8"))["cases"]
    return [item["body"] for case in cases for item in case["renders"] if "body" in item]


def taken(body: dict[str, Any]) -> Any:
    """The body as the SDK's model, every name and value checked."""
    request = sdk("model.contactlist_amendment_request").ContactlistAmendmentRequest
    unknown = set(body["data"]["attributes"]) - set(_attributes().attribute_map.values())
    if unknown:
        raise ValueError(f"unknown to Criteo: {unknown}")
    configuration = sdk("configuration").Configuration()
    return request._from_openapi_data(_configuration=configuration, _spec_property_naming=True, **body)


def _attributes() -> Any:
    return sdk("model.contactlist_amendment_attributes").ContactlistAmendmentAttributes


def test_criteos_models_take_our_recorded_requests() -> None:
    bodies = recorded()
    assert len(bodies) > 3
    for body in bodies:
        assert taken(body) is not None


@pytest.mark.parametrize(
    ("field", "value"),
    [("operation", "replace"), ("identifierType", "phone"), ("identifiers", "abc"), ("tags", ["x"])],
)
def test_criteos_models_refuse_what_is_not_in_the_contract(field: str, value: object) -> None:
    body = json.loads(json.dumps(recorded()[0]))
    body["data"]["attributes"][field] = value
    errors = (ValueError, sdk("exceptions").ApiTypeError, sdk("exceptions").ApiValueError)
    with pytest.raises(errors):
        taken(body)


def test_criteo_knows_every_value_that_our_schema_allows() -> None:
    ours = schema_of("criteo_contact_list")["properties"]["data"]["properties"]["attributes"]["properties"]
    theirs = _attributes().allowed_values
    assert set(ours["operation"]["enum"]) <= set(theirs["operation",].values())
    assert set(ours["identifierType"]["enum"]) <= set(theirs["identifier_type",].values())
    assert ours.keys() <= set(_attributes().attribute_map.values())


def test_criteo_answers_with_the_names_that_we_read() -> None:
    answered = sdk("model.contactlist_operation_attributes").ContactlistOperationAttributes.attribute_map
    assert {"nbValidIdentifiers", "nbInvalidIdentifiers", "sampleInvalidIdentifiers"} <= set(answered.values())
    counted = sdk("model.contact_list_statistics_entity_v1").ContactListStatisticsEntityV1.attribute_map
    assert {"numberOfIdentifiers", "numberOfMatches", "matchRate"} <= set(counted.values())


def test_criteo_knows_the_paths_that_we_ask_for() -> None:
    text = Path(sdk("api.audience_api").__file__).read_text(encoding="utf-8")
    path = Criteo(audience_id="1").inquiry("{audience-segment-id}").path
    assert f"'{path}'" in text
    assert f"'{path.removesuffix('/statistics')}'" in text


@pytest.mark.parametrize(
    "bad", ["mary@example.com", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]
)
def test_our_schema_takes_hashes_and_device_ids_and_nothing_readable(bad: str) -> None:
    validator = Draft202012Validator(schema_of("criteo_contact_list"))
    body = json.loads(json.dumps(recorded()[0]))
    assert list(validator.iter_errors(body)) == []
    body["data"]["attributes"]["identifiers"] = [bad]
    assert list(validator.iter_errors(body)) != []


def test_a_list_of_more_identifiers_than_criteo_takes_is_not_in_our_schema() -> None:
    attributes = schema_of("criteo_contact_list")["properties"]["data"]["properties"]["attributes"]
    assert attributes["properties"]["identifiers"]["maxItems"] == 50_000
