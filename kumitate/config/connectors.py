"""The services that sources can be pulled from: Amazon AppFlow's connectors and AWS Glue's connections."""

from __future__ import annotations

APPFLOW = frozenset({
    "amplitude", "datadog", "dynatrace", "googleanalytics", "infornexus", "marketo", "pardot", "s3", "salesforce",
    "servicenow", "singular", "slack", "trendmicro", "veeva", "zendesk",
})  # fmt: skip
"""Sources of Amazon AppFlow (its model's SourceConnectorProperties), in lower case."""
GLUE = frozenset({
    "facebookads", "freshdesk", "googleads", "googleanalytics4", "googlesheets", "hubspot", "instagramads", "intercom",
    "kustomer", "linkedin", "mailchimp", "microsoftdynamics365crm", "mixpanel", "pendo", "salesforcecommercecloud",
    "salesforcemarketingcloud", "sendgrid", "snapchatads", "stripe", "twilio", "woocommerce", "zohocrm",
})  # fmt: skip
"""Sources that only AWS Glue connects (its model's ConnectionType), in lower case."""
WITH_INSTANCE = frozenset({"datadog", "dynatrace", "infornexus", "marketo", "servicenow", "slack", "veeva", "zendesk"})
"""Connectors whose profile AppFlow does not make without the address of an instance."""

OF_THE_CONNECTION = frozenset({"client_id", "grant_type", "instance_url", "token_url"})
"""Settings that a connection of Glue is made with; all others are options of each read."""
OF_A_READ = frozenset({
    "api_version", "filter_predicate", "lower_bound", "num_partitions", "partition_field", "selected_fields",
    "transfer_mode", "upper_bound",
})  # fmt: skip
_OWN = {"googleads": frozenset({"manager_id"}), "twilio": frozenset({"edge_location"})}


def glue_settings(connector: str) -> frozenset[str]:
    """What `settings` may hold where a connection of Glue fetches, by Glue's documentation of the service."""
    return OF_THE_CONNECTION | OF_A_READ | _OWN.get(connector, frozenset())
