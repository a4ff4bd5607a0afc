"""Says in OpenLineage's words what a night has to tell. Counts and names; no cell of any source."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from importlib.metadata import version
from zoneinfo import ZoneInfo

from openlineage.client.event_v2 import (
    InputDataset,
    Job,
    OutputDataset,
    Run,
    RunEvent,
    RunState,
    set_producer,
)
from openlineage.client.facet_v2 import (
    DatasetFacet,
    InputDatasetFacet,
    OutputDatasetFacet,
    RunFacet,
    data_quality_assertions_dataset,
    data_quality_metrics_input_dataset,
    error_message_run,
    job_type_job,
    nominal_time_run,
    output_statistics_output_dataset,
    parent_run,
    schema_dataset,
    test_run,
)

from connectors.lineage.facts import Input, NightTold, Output
from schemas.gates import GateOutcome, GateResult, GateSeverity
from schemas.parsing import LONDON

JOB, PARENT_JOB = "night", "schedule"
PRODUCER = f"urn:cpli-reconciliation:{version('cpli-reconciliation')}"


def event_of(told: NightTold) -> RunEvent:
    """Return a turn of a night's run as an event."""
    set_producer(PRODUCER)
    return RunEvent(
        eventType=RunState[told.turn.value],
        eventTime=told.at.isoformat(),
        run=Run(runId=str(told.run_id), facets=_about_run(told)),
        job=Job(
            namespace=told.namespace,
            name=JOB,
            facets={
                "jobType": job_type_job.JobTypeJobFacet(
                    processingType="BATCH", integration="CPLI", jobType="JOB"
                )
            },
        ),
        inputs=[_input(each, told.namespace) for each in told.inputs],
        outputs=[_output(each, told.namespace) for each in told.outputs],
    )


def _about_run(told: NightTold) -> dict[str, RunFacet]:
    facets: dict[str, RunFacet] = {
        "nominalTime": nominal_time_run.NominalTimeRunFacet(
            nominalStartTime=_midnight(told.as_of),
            nominalEndTime=_midnight(told.as_of + timedelta(days=1)),
        )
    }
    if told.parent:
        facets["parent"] = parent_run.ParentRunFacet(
            run=parent_run.Run(runId=str(told.parent)),
            job=parent_run.Job(namespace=told.namespace, name=PARENT_JOB),
        )
    if told.error:
        facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(
            message=told.error, programmingLanguage="python"
        )
    if judged := [*_judged(told.gates)]:
        facets["test"] = test_run.TestRunFacet(tests=[_test(each) for each in judged])
    return facets


def _midnight(day: date) -> str:
    return datetime.combine(day, time(), ZoneInfo(LONDON)).isoformat()


def _input(source: Input, namespace: str) -> InputDataset:
    facets: dict[str, DatasetFacet] = {}
    if source.columns:
        columns = [(column.name, column.type.value) for column in source.columns]
        facets["schema"] = _schema(columns)
    found: dict[str, InputDatasetFacet] = {
        "dataQualityMetrics": (
            data_quality_metrics_input_dataset.DataQualityMetricsInputDatasetFacet(
                columnMetrics={}, rowCount=source.rows, bytes=source.size_bytes, fileCount=1
            )
        )
    }
    if judged := [*_judged(source.gates)]:
        found["dataQualityAssertions"] = (
            data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet(
                assertions=[_assertion(each) for each in judged]
            )
        )
    return InputDataset(namespace=namespace, name=source.name, facets=facets, inputFacets=found)


def _output(result: Output, namespace: str) -> OutputDataset:
    facets: dict[str, DatasetFacet] = {}
    if result.columns:
        facets["schema"] = _schema((name, None) for name in result.columns)
    counts: dict[str, OutputDatasetFacet] = {}
    if result.rows is not None or result.files is not None:
        counts["outputStatistics"] = (
            output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
                rowCount=result.rows, fileCount=result.files
            )
        )
    return OutputDataset(namespace=namespace, name=result.name, facets=facets, outputFacets=counts)


def _schema(columns: Iterable[tuple[str, str | None]]) -> DatasetFacet:
    return schema_dataset.SchemaDatasetFacet(
        fields=[
            schema_dataset.SchemaDatasetFacetFields(name=name, type=kind, ordinal_position=place)
            for place, (name, kind) in enumerate(columns, start=1)
        ]
    )


def _judged(gates: Iterable[GateResult]) -> Iterable[GateResult]:
    return (gate for gate in gates if gate.outcome is not GateOutcome.NOT_JUDGED)


def _assertion(gate: GateResult) -> data_quality_assertions_dataset.Assertion:
    return data_quality_assertions_dataset.Assertion(
        assertion=gate.gate,
        success=gate.outcome is GateOutcome.PASSED,
        severity=_severity(gate),
        expected=_expected(gate),
        actual=_number(gate.observed),
    )


def _test(gate: GateResult) -> test_run.TestExecution:
    return test_run.TestExecution(
        name=f"{gate.gate} {gate.owner}".strip(),
        status="pass" if gate.outcome is GateOutcome.PASSED else "fail",
        severity=_severity(gate),
        type=gate.source.value,
        expected=_expected(gate),
        actual=_number(gate.observed),
    )


def _severity(gate: GateResult) -> str:
    return "error" if gate.severity is GateSeverity.CRITICAL else "warn"


def _expected(gate: GateResult) -> str | None:
    lowest, highest = _number(gate.lowest), _number(gate.highest)
    if lowest and highest:
        return f"{lowest} to {highest}"
    if lowest:
        return f"at least {lowest}"
    return highest and f"at most {highest}"


def _number(figure: float | None) -> str | None:
    return None if figure is None else f"{figure:g}"
