"""Schedules of a Phoenix app: the image as it is built, its process cron, and a job that runs in it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.support import docker, needs, phoenix

pytestmark = [pytest.mark.system, pytest.mark.needs("supercronic")]

GREETS = "/app/bin/shop eval 'IO.puts(~s(#{Application.spec(:shop, :vsn)} greets as #{System.get_env(~s(GREETING))}))'"
FAILS = "/app/bin/shop eval 'System.halt(3)'"


@pytest.mark.parametrize("base", ["debian", "minimal"])
def test_jobs_run_in_the_image_that_is_built(template: Path, tmp_path: Path, base: str) -> None:
    app = phoenix.commit(phoenix.new_app(tmp_path / "shop", ecto=False, assets=False))
    schedules = [
        {"name": "greet", "cron": "0 3 * * *", "command": GREETS},
        {"name": "broken", "cron": "30 3 * * *", "command": FAILS},
    ]
    phoenix.copy_template(template, app, schedules=schedules, runtime_base=base)
    # In the place of the stage that fetches it from its release.
    fetched = tmp_path / "supercronic"
    fetched.mkdir()
    shutil.copy(needs.require("supercronic"), fetched)
    image = phoenix.build(app, f"copier-fly-test/schedules-{base}", extra=["--build-context", f"supercronic={fetched}"])

    # Every second, as the seven fields of supercronic say it; else it would be three at night.
    crontab = docker.once(image.tag, "cat", "/etc/crontab").stdout
    often = re.sub(r"^\d+ 3 \* \* \* sh ", "*/2 * * * * * * sh ", crontab, flags=re.MULTILINE)
    assert often.count("*/2 * * * * * * sh /etc/schedule.sh ") == len(schedules)
    (tmp_path / "crontab").write_text(often)
    env = {**phoenix.environment(app, None), "GREETING": "fly"}
    volumes = {tmp_path / "crontab": "/etc/crontab"}
    command = ["supercronic", "-passthrough-logs", "/etc/crontab"]
    with docker.run(image.tag, *command, env=env, volumes=volumes) as cron:
        cron.wait_for(lambda: "0.1.0 greets as fly" in cron.logs(), what="the job")
        cron.wait_for(lambda: "error running command: exit status 3" in cron.logs(), what="the job that fails")
        # What ops/doctor asks for: name, start, end and exit code, or - while it runs.
        codes: dict[str, set[str]] = {"greet": set(), "broken": set()}

        def ended() -> bool:
            for line in cron.exec("sh", "/etc/schedule.sh").splitlines():
                codes[line.split()[0]].add(line.split()[-1])
            return all(found - {"-"} for found in codes.values())

        cron.wait_for(ended, what="an end of each")
        assert (codes["greet"] - {"-"}, codes["broken"] - {"-"}) == ({"0"}, {"3"})
        assert cron.exec("id", "-u").strip() == {"debian": "65534", "minimal": "65532"}[base], "no root"
