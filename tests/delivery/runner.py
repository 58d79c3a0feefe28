"""Runs the jobs of a rendered workflow as GitHub's runner does: each step's shell, environment, condition and outputs.

What GitHub itself does is played: an action (`uses:`) does nothing, unless the test says what stands for it, services
are not started, and expressions are read by `evaluate`, which knows what the rendered workflows use and fails on
anything else.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

Shell = Callable[[str, Path, Mapping[str, str]], subprocess.CompletedProcess[str]]

_TOKEN = re.compile(r"\s*(&&|\|\||==|!=|!|\(|\)|'[^']*'|[\w-]+\(\)|[\w.-]+)")
_OPERATORS = {"&&": " and ", "||": " or ", "!": " not ", "==": "==", "!=": "!=", "(": "(", ")": ")"}


def evaluate(expression: str, context: Mapping[str, str], failed: bool = False) -> str | bool:
    """The value of an expression without its `${{ }}`; a name that the context lacks is empty, as on GitHub."""
    functions = {"failure()": failed, "success()": not failed, "cancelled()": False}
    python, end = "", 0
    while end < len(expression.rstrip()):
        token = _TOKEN.match(expression, end)
        assert token, f"{expression!r} has something at {end} that is not known here"
        word, end = token[1], token.end()
        if word in _OPERATORS:
            python += _OPERATORS[word]
        elif word.endswith("()"):
            python += str(functions[word])
        elif word.startswith("'"):
            python += repr(word[1:-1])
        else:
            python += repr(context.get(word, ""))
    return eval(python, {"__builtins__": {}})


class Runner:
    """A workflow of a project, its secrets and inputs, and what its jobs handed on."""

    def __init__(self, folder: Path, workflow: str, env: Callable[..., dict[str, str]], **context: str) -> None:
        self.folder, self._env = folder, env
        self.jobs: dict[str, Any] = yaml.safe_load((folder / f".github/workflows/{workflow}").read_text())["jobs"]
        self.context: dict[str, str] = {"secrets.FLY_API_TOKEN": "token", "inputs.environment": "", **context}
        self.said = ""
        self.ran: list[str] = []

    def run(
        self, job: str, *, only: str = "", shell: Callable[..., subprocess.CompletedProcess[str]] | None = None
    ) -> bool:
        """Run the steps of a job, or the one called `only`; tell whether all went well.

        `shell(script, folder, env)` runs a step's script somewhere else than in bash on this machine. What the last
        step printed is in `said`, the steps that ran are in `ran`, outputs are there for the jobs that follow.
        """
        failed, self.ran = False, []
        for name, text in self.jobs[job].get("env", {}).items():
            self.context[f"env.{name}"] = self._value(text)
        for step in self.jobs[job]["steps"]:
            name = step.get("name", step.get("run", ""))
            if "run" not in step or (only and name != only) or not self._applies(step.get("if", ""), failed):
                continue
            self.ran.append(name)
            done = self._step(step, self.jobs[job], shell or bash)
            self.said = done.stdout + done.stderr
            failed = failed or done.returncode != 0
        for name, text in self.jobs[job].get("outputs", {}).items():
            self.context[f"needs.{job}.outputs.{name}"] = self._value(text)
        return not failed

    def _step(self, step: Any, job: Any, shell: Shell) -> subprocess.CompletedProcess[str]:
        temp = self.folder.parent / "runner"
        temp.mkdir(exist_ok=True)
        output = temp / "output"
        output.write_text("")
        named = {**job.get("env", {}), **step.get("env", {})}
        # The recording fly is logged in without a token.
        env = {name: self._value(text) for name, text in named.items() if name != "FLY_API_TOKEN"}
        env |= {
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(temp / "summary"),
            "RUNNER_TEMP": str(temp),
        }
        place = job.get("defaults", {}).get("run", {}).get("working-directory", ".")
        done = shell(step["run"], self.folder / place, self._env(**env))
        for line in output.read_text().splitlines():
            name, value = line.split("=", 1)
            self.context[f"steps.{step.get('id')}.outputs.{name}"] = value
        return done

    def _value(self, text: Any) -> str:
        def found(match: re.Match[str]) -> str:
            value = evaluate(match[1], self.context)
            return str(value).lower() if isinstance(value, bool) else value

        return re.sub(r"\$\{\{ (.*?) \}\}", found, str(text))

    def _applies(self, condition: str, failed: bool) -> bool:
        if failed and "failure()" not in condition:
            return False
        return bool(evaluate(condition, self.context, failed)) if condition else True


def bash(script: str, folder: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """What GitHub calls for a `run` that names no shell."""
    return subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
