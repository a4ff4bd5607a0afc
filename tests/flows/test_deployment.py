import asyncio
import importlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import yaml
from house.repository import ROOT

from settings.alerts import Alerts

[DEPLOYMENT, WATCH] = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))[
    "deployments"
]
[SCHEDULE] = DEPLOYMENT["schedules"]
[WATCHED] = WATCH["schedules"]
LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(("deployment", "name"), [(DEPLOYMENT, "night"), (WATCH, "watch")])
def test_what_is_deployed_is_the_nightly_flow_and_its_watch(deployment, name):
    path, _, function = deployment["entrypoint"].partition(":")
    flow = getattr(importlib.import_module(path.removesuffix(".py").replace("/", ".")), function)
    assert flow.name == name


def test_the_watch_looks_soon_after_a_night_is_late():
    minute, hour, *every_day = WATCHED["cron"].split()
    assert (every_day, WATCHED["timezone"]) == (["*"] * 3, SCHEDULE["timezone"])
    assert Alerts().late_after < f"{int(hour):02}:{int(minute):02}" < "06:30"


def test_a_night_never_overtakes_another():
    assert DEPLOYMENT["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}


@pytest.mark.parametrize("clocks_change_on", [date(2026, 3, 29), date(2026, 10, 25)])
def test_the_night_begins_at_half_past_two_on_every_day_even_when_the_clocks_change(
    clocks_change_on,
):
    from prefect.client.schemas.schedules import CronSchedule
    from prefect.server.schemas.schedules import CronSchedule as Scheduled

    cron = CronSchedule(cron=SCHEDULE["cron"], timezone=SCHEDULE["timezone"])
    scheduled = Scheduled.model_validate(cron.model_dump())
    start = datetime.combine(clocks_change_on - timedelta(days=2), datetime.min.time(), UTC)
    begins = [each.astimezone(LONDON) for each in asyncio.run(scheduled.get_dates(5, start=start))]
    assert [(each.hour, each.minute) for each in begins] == [(2, 30)] * 5
    days = [clocks_change_on + timedelta(days=days) for days in range(-2, 3)]
    assert [each.date() for each in begins] == days


def prefect_command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "prefect", *arguments]


@pytest.fixture
def server(tmp_path):
    """Start a Prefect server as a site runs one, scheduler included; give its environment."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")
    } | {
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "1",
        "DO_NOT_TRACK": "1",
    }
    process = subprocess.Popen(
        prefect_command("server", "start", "--no-ui"),
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    yield environment
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.xdist_group("deployment")
def test_once_deployed_the_server_plans_the_nights(server):
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL, temporary_settings

    url = {PREFECT_API_URL: server["PREFECT_API_URL"]}
    with temporary_settings(url), get_client(sync_client=True) as client:
        _until(lambda: client.api_healthcheck() is None)
        for arguments in (
            ["work-pool", "create", "batch", "--type", "process"],
            ["--no-prompt", "deploy", "--all"],
        ):
            done = subprocess.run(
                prefect_command(*arguments),
                cwd=ROOT,
                env=server,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
        _until(client.read_flow_runs)
        planned = {run.next_scheduled_start_time for run in client.read_flow_runs()}
    assert {each.astimezone(LONDON).strftime("%H:%M") for each in planned} == {"02:30", "06:05"}


def _until(answered: Callable[[], object], *, seconds: float = 90) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + seconds
    while not answered():
        assert time.monotonic() < deadline
        time.sleep(0.2)
