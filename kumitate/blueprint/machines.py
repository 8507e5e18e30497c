"""The two state machines as Amazon States Language: from files to segments, and from segments to destinations."""

from __future__ import annotations

import json
from collections.abc import Sequence

from kumitate.blueprint.names import RUN_ENDED as RUN_ENDED
from kumitate.blueprint.names import SEGMENTS_CHANGED as SEGMENTS_CHANGED
from kumitate.blueprint.names import SYNC_CHANGES_READY as SYNC_CHANGES_READY
from kumitate.blueprint.names import Names
from kumitate.blueprint.platform import Platform, StageJob
from kumitate.blueprint.states import (
    DYNAMODB,
    State,
    States,
    caught,
    choice,
    invoke,
    machine,
    put_event,
    put_metric,
    run_job,
    table_call,
)

PIPELINE_STAGES = ("ingest", "cleanse", "quality", "identity", "profiles", "segments", "profile_quality")
"""Those that a project has no rules for are left out."""

_SECONDS_BETWEEN_LOOKS = 60
_MINUTES_TO_START = 60
"""A job waits for workers before its own clock starts."""
_DAYS_OF_NOTES = 30
_SYNCS_AT_ONCE = 10
_OF_THE_RUN = {"run_id": "{% $run_id %}", "as_of": "{% $as_of %}"}


def pipeline_machine(platform: Platform) -> State:
    """Begin a run, its stages, the quality gate; then the event that activation waits for."""
    names, stages = platform.names, pipeline_stages(platform)
    states: States = {"Begin run": _begin_run(names)}
    states |= _unless_busy(go_on=stages[0])
    for stage, after in zip(stages, (*stages[1:], "Quality gate"), strict=True):
        is_judged = stage == "quality"
        states |= _stage(platform, platform.stage(stage), then="Source gate" if is_judged else after)
        states |= _source_gate(names, then=after) if is_judged else {}
    states |= _gate(names, then="Publish" if platform.routes else "End finished run")
    states |= _publish(names) if platform.routes else {}
    return machine(f"{names.prefix}: from files to segments", "Begin run", states | _endings(names))


def pipeline_stages(platform: Platform) -> tuple[str, ...]:
    """The stages before the quality gate that the project has jobs for, in order."""
    placed = {job.stage for job in platform.jobs}
    return tuple(stage for stage in PIPELINE_STAGES if stage in placed)


def activation_machine(platform: Platform) -> State:
    """What changes at every destination, its announcement, the wait for deliveries, and their outcomes."""
    names = platform.names
    states: States = {
        "Is a run given?": choice(("{% $exists($states.input.detail.run_id) %}", "Take the run"), otherwise="Begin run")
    }
    states |= _take_the_run(names, [route.name for route in platform.routes])
    states["Begin run"] = _begin_run(names, all_syncs=[route.name for route in platform.routes])
    # What held a run back holds a sync's own schedule back, too.
    states |= _unless_busy(go_on="Quality gate") | _gate(names, then="activation")
    states |= _stage(platform, platform.stage("activation"), then="Announce changes", syncs=True)
    states["Announce changes"] = _announce(names, fired=[route.name for route in platform.fired_routes])
    states |= _wait_for_deliveries(names, platform.environment.delivery_minutes)
    states |= _stage(platform, platform.stage("delivery"), then="End finished run", syncs=True)
    return machine(f"{names.prefix}: from segments to destinations", "Is a run given?", states | _endings(names))


def _begin_run(names: Names, *, all_syncs: Sequence[str] = ()) -> State:
    """Asked again with the same execution, the function answers the same; who starts it by hand may name no syncs."""
    asked = {
        "execution": "{% $states.context.Execution.Id %}",
        "reason": "{% $exists($states.input.reason) ? $states.input.reason : 'schedule' %}",
        "only_syncs": bool(all_syncs),
    }
    answer = {each: f"{{% $states.result.Payload.{each} %}}" for each in ("verdict", "run_id", "as_of")}
    if all_syncs:
        given = "$states.input.syncs"
        answer["syncs"] = f"{{% $exists({given}) ? {given} : {json.dumps(all_syncs)} %}}"
    begin = invoke(names, "begin_run", asked)
    troubled = [caught("begin run", then="Tell of failure")]
    return begin | {"Assign": answer, "Catch": troubled, "Output": {}, "Next": "Is another run under way?"}


def _unless_busy(*, go_on: str) -> States:
    return {"Is another run under way?": choice(("{% $verdict = 'busy' %}", "Busy"), otherwise=go_on)}


def _end_run(names: Names, state: str, *, reason: str = "") -> States:
    """The run's end, counted for the dashboard; a number never stops a run."""
    ended = invoke(names, "end_run", {"run_id": "{% $run_id %}", "state": state, "reason": reason})
    counted, then = f"Count {state} run", "Failed" if state == "failed" else "Done"
    dimensions = {"project": names.project, "environment": names.environment, "state": state}
    measured = put_metric("RunsEnded", 1, unit="Count", dimensions=dimensions)
    return {
        f"End {state} run": ended
        | {"Catch": [caught("end run", then="Tell of failure")], "Output": {}, "Next": counted},
        counted: measured | {"Catch": [_anyway(then)], "Output": {}, "Next": then},
    }


def _endings(names: Names) -> States:
    """A run that cannot even be ended is told of here; what can be is told of by the function."""
    detail = {"run_id": "unknown", "state": "failed", "reason": "{% $reason %}"}
    return {
        **_end_run(names, "failed", reason="{% $reason %}"),
        "Tell of failure": put_event(names, RUN_ENDED, detail)
        | {"Catch": [_anyway("Failed")], "Output": {}, "Next": "Failed"},
        "Failed": {"Type": "Fail", "Error": "RunFailed", "Cause": "{% $reason %}"},
        "Busy": {"Type": "Succeed", "Comment": "Another run is under way; the next one takes what has arrived"},
        "Done": {"Type": "Succeed"},
    }


def _anyway(then: str) -> State:
    return {"ErrorEquals": ["States.ALL"], "Next": then, "Output": {}}


def _stage(platform: Platform, job: StageJob, *, then: str, syncs: bool = False) -> States:
    """The stage's Glue job, and the time it is billed for; a number for the dashboard never stops a run."""
    names, measure = platform.names, f"Measure {job.stage}"
    arguments = {f"--{name}": value for name, value in _OF_THE_RUN.items()}
    if syncs:
        arguments["--syncs"] = "{% $join($syncs, ',') %}"
    work = run_job(names, job.stage, arguments, timeout_minutes=job.workers.timeout_minutes + _MINUTES_TO_START)
    seconds = "{% $exists($states.result.ExecutionTime) ? $states.result.ExecutionTime : 0 %}"
    dimensions = {"project": names.project, "environment": names.environment, "stage": job.stage}
    measured = put_metric("BilledSeconds", "{% $seconds %}", unit="Seconds", dimensions=dimensions)
    return {
        job.stage: work | {"Assign": {"seconds": seconds}, "Output": {}, "Next": measure},
        measure: measured | {"Catch": [_anyway(then)], "Output": {}, "Next": then},
    }


_ANSWER = {
    "verdict": "{% $states.result.Payload.verdict %}",
    "findings": "{% $states.result.Payload.findings %}",
}


def _source_gate(names: Names, *, then: str) -> States:
    """A rule of level `stop` ends the run as held, not as failed: a failed run would be taken up again with the same
    files, and be stopped again.
    """
    gate = invoke(names, "quality_gate", _OF_THE_RUN | {"only": "stop"})
    return {
        "Source gate": gate
        | {"Assign": _ANSWER, "Catch": [caught("source gate")], "Output": {}, "Next": "May it go on?"},
        "May it go on?": choice(("{% $verdict = 'hold' %}", "End held run"), otherwise=then),
    }


def _gate(names: Names, *, then: str) -> States:
    said = "$map($findings, function($f) { $f.rule & ' ' & $string($f.found) & ', limit ' & $string($f.limit) })"
    gate = invoke(names, "quality_gate", _OF_THE_RUN)
    return {
        "Quality gate": gate
        | {"Assign": _ANSWER, "Catch": [caught("quality gate")], "Output": {}, "Next": "May it be activated?"},
        "May it be activated?": choice(
            ("{% $verdict = 'hold' %}", "End held run"),
            ("{% $verdict = 'empty' %}", "End finished run"),  # nothing to activate, and nobody to be told of it
            otherwise=then,
        ),
        **_end_run(names, "held", reason=f"{{% $join([{said}], '; ') %}}"),
        **_end_run(names, "finished"),
    }


def _publish(names: Names) -> States:
    event = put_event(names, SEGMENTS_CHANGED, _OF_THE_RUN)
    return {"Publish": event | {"Catch": [caught("publish")], "Output": {}, "Next": "Done"}}


def _take_the_run(names: Names, syncs: list[str]) -> States:
    """An event may be delivered twice: whoever notes it first goes on, the other one leaves."""
    item = {"pk": {"S": "{% 'run#' & $run_id %}"}, "sk": {"S": "{% 'event#' & $event %}"}}
    note = table_call(
        "putItem",
        {
            "TableName": names.called("ledger"),
            "Item": item | {"execution": {"S": "{% $states.context.Execution.Id %}"}, "expires_at": _expiry()},
            "ConditionExpression": "attribute_not_exists(pk) or execution = :execution",
            "ExpressionAttributeValues": {":execution": {"S": "{% $states.context.Execution.Id %}"}},
        },
    )
    given = {each: f"{{% $states.input.detail.{each} %}}" for each in _OF_THE_RUN}
    refused = [f"{service}.ConditionalCheckFailedException" for service in DYNAMODB]
    twice = {"ErrorEquals": refused, "Next": "Busy"}
    return {
        "Take the run": {
            "Type": "Pass",
            "Assign": given | {"syncs": syncs, "event": "{% $states.input.id %}"},
            "Output": {},
            "Next": "Note the event",
        },
        "Note the event": note | {"Catch": [twice, caught("note")], "Output": {}, "Next": "activation"},
    }


def _announce(names: Names, *, fired: Sequence[str]) -> State:
    """Per sync that the run brings: its place in the ledger, then the event its planner waits for."""
    brought = f"{{% [$syncs[$not($ in {json.dumps(fired)})]] %}}" if fired else "{% $syncs %}"
    which = {"Type": "Pass", "Assign": {"sync": "{% $states.input %}"}, "Next": "Open its notes"}
    announced = put_event(names, SYNC_CHANGES_READY, {"run_id": "{% $run_id %}", "sync": "{% $sync %}"})
    return {
        "Type": "Map",
        "Items": brought,
        "MaxConcurrency": _SYNCS_AT_ONCE,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": "Which sync?",
            "States": {
                "Which sync?": which,
                "Open its notes": _open_notes(names) | {"Output": {}, "Next": "Announce"},
                "Announce": announced | {"Output": {}, "End": True},
            },
        },
        "Catch": [caught("announce")],
        "Assign": {"looks": 0},
        "Output": {},
        "Next": "Look at deliveries",
    }


def _open_notes(names: Names) -> State:
    opened = {
        "pk": {"S": "{% 'run#' & $run_id %}"},
        "sk": {"S": "{% 'sync#' & $sync %}"},
        "pages": {"N": "-1"},
        "done": {"N": "0"},
        "expires_at": _expiry(),
    }
    return table_call("putItem", {"TableName": names.called("ledger"), "Item": opened})


def _wait_for_deliveries(names: Names, minutes: int) -> States:
    """Until every page of every sync is done, or the time is up: what is left then is tried by the next run."""
    query = table_call(
        "query",
        {
            "TableName": names.called("ledger"),
            "KeyConditionExpression": "pk = :run and begins_with(sk, :sync)",
            "ExpressionAttributeValues": {":run": {"S": "{% 'run#' & $run_id %}"}, ":sync": {"S": "sync#"}},
            "ConsistentRead": True,
            "ProjectionExpression": "#pages, #done",  # a sync of many pages has more to tell than a machine can hold
            "ExpressionAttributeNames": {"#pages": "pages", "#done": "done"},
        },
    )
    open_ = "[$states.result.Items[$number(pages.N) < 0 or $number(done.N) < $number(pages.N)]]"
    looks = minutes * 60 // _SECONDS_BETWEEN_LOOKS
    return {
        "Look at deliveries": query
        | {
            "Assign": {"open": f"{{% $count({open_}) %}}", "looks": "{% $looks + 1 %}"},
            "Catch": [caught("wait for deliveries")],
            "Output": {},
            "Next": "Is all delivered?",
        },
        "Is all delivered?": choice((f"{{% $open = 0 or $looks > {looks} %}}", "delivery"), otherwise="Wait"),
        "Wait": {"Type": "Wait", "Seconds": _SECONDS_BETWEEN_LOOKS, "Next": "Look at deliveries"},
    }


def _expiry() -> State:
    """DynamoDB forgets the item when its use is long over."""
    entered = "$toMillis($states.context.State.EnteredTime)"
    return {"N": f"{{% $string($floor({entered} / 1000) + {_DAYS_OF_NOTES * 86400}) %}}"}
