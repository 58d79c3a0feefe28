"""What Kubernetes starts by the clock: CronJobs among the files of the repository, which may be templates of Helm."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from ..expressions import expression
from . import files
from .files import Target
from .nextjs import environment
from .project import Project, ProjectWarning
from .warnings import warning

_FOLDERS = (
    *(".k8s", "k8s", "kube", "kubernetes", ".kontinuous/templates", "helm", "chart", "charts", "deploy", "deployment"),
    *("manifests", "openshift"),
)
_MAX_FILES = 200
_CRON_JOB = expression(r"^kind:\s*[\"']?CronJob\b", re.MULTILINE)
_NAME = expression(r"^metadata:\s*\n(?:\s+.*\n)*?\s+name:\s*[\"']?([^\s\"'].*?)[\"']?\s*$", re.MULTILINE)
_SCHEDULE = expression(r"^\s*schedule:\s*[\"']?([^\"'\n#]+?)[\"']?\s*(?:#.*)?$", re.MULTILINE)
_OF_A_BACKUP = expression(r"\b(?:pg_dump|mysqldump|mongodump|restic|backup)\b")
_CALLS = expression(r"\b(?:curl|wget)\b(?:.|\n)*?[\"'\s](https?://[^\s\"']+)")
_RUNS_FILE = expression(r"(?<![\w./-])((?:[\w-]+/)*[\w.-]+\.[cm]?[jt]s)\b")
_RUNS_RELEASE = expression(r"\bbin/[\w-]+[\"']?[\s,\"'-]+(?:eval|rpc)\b")


def cron_jobs(target: Target, project: Project) -> Iterator[ProjectWarning]:
    """A CronJob of Kubernetes calls a path of the app, or runs a file or the release of it."""
    if project.existing_deployment.template_version:
        return
    app = project.app_dir or "."
    folders = dict.fromkeys(files.join(above, name) for above in (app, ".") for name in _FOLDERS)
    sources = itertools.chain.from_iterable(target.sources(one, (".yaml", ".yml")) for one in folders)
    found: dict[str, tuple[str, int, str]] = {}
    for file in itertools.islice(sources, _MAX_FILES):
        text = target.source(file)
        for part in re.split(r"^---", text, flags=re.MULTILINE) if "CronJob" in text else ():
            job = re.sub(r"^\s*#.*$", "", part, flags=re.MULTILINE)
            schedule = _SCHEDULE.search(job) if _CRON_JOB.search(job) and not _OF_A_BACKUP.search(job) else None
            name = _NAME.search(job)
            if schedule and name and _is_of_the_app(job, target, project):
                line = files.line_of(text, text.index(part) + part.index("schedule:"))
                found.setdefault(name[1], (file, line, schedule[1].strip()))
    if found:
        file, line, cron = next(iter(found.values()))
        yield warning("crons-of-kubernetes", (file, line), names=", ".join(found), cron=cron)


def _is_of_the_app(job: str, target: Target, project: Project) -> bool:
    """Whether what a job runs is in the folder of the app, or what it calls is a path of it."""
    app = project.app_dir or "."
    if project.stack != "nextjs":
        return bool(_RUNS_RELEASE.search(job))
    if any(target.is_file(one) and files.within(one, app) for one in _RUNS_FILE.findall(job)):
        return True
    called = _CALLS.search(job)
    path = urlsplit(called[1]).path.strip("/") if called else ""
    return "/" in path and any(f"/{path}" in file for file in environment.sources(target, app))
