"""Several versions of the template in one process: each runs its own Python, whatever way that was loaded."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent

import pytest
from copier import run_copy, run_update

from tests.support.template import REPO
from tests.update.history import git, release

# Before there was a package, each file loaded its siblings by their paths, under names that every version shared.
OLD = {
    "extensions/facts.py": "VERSION = 'one'\n",
    "extensions/answers.py": """
        import sys
        from importlib.util import module_from_spec, spec_from_file_location
        from pathlib import Path
        from jinja2.ext import Extension

        spec = spec_from_file_location(f"{__name__}.facts", Path(__file__).with_name("facts.py"))
        facts = sys.modules[spec.name] = module_from_spec(spec)
        spec.loader.exec_module(facts)

        class Answering(Extension):
            def __init__(self, environment):
                super().__init__(environment)
                environment.globals["version"] = lambda: facts.VERSION
    """,
}
EXTENSION = """
    from . import facts

    def install(environment, code_of):
        environment.globals["version"] = lambda: facts.VERSION
"""


def package(version: str) -> dict[str, str]:
    """A version with the real loader and a package of its own behind it."""
    return {
        "extensions/load.py": (REPO / "extensions/load.py").read_text(),
        "extensions/copier_fly/__init__.py": "",
        "extensions/copier_fly/extension.py": EXTENSION,
        "extensions/copier_fly/facts.py": f"VERSION = {version!r}\n",
    }


def publish(template: Path, tag: str, files: dict[str, str], extension: str) -> None:
    """Commit a version that holds these files and a template that says which version renders it."""
    settings = f"""
        _subdirectory: template
        _jinja_extensions: [copier_template_extensions.TemplateExtensionLoader, "{extension}"]
    """
    body = "top\n\n\n{{ version() }}\n\n\nbottom\n"
    answers = "{{ _copier_answers | to_nice_yaml }}"
    files = {**files, "copier.yml": settings, "template/said.jinja": body}
    files["template/{{ _copier_conf.answers_file }}.jinja"] = answers
    git("rm", "-rqf", "--ignore-unmatch", ".", cwd=template)
    for name, text in files.items():
        file = template / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text).lstrip("\n"))
    release(template, tag)


@pytest.fixture
def template(tmp_path: Path) -> Path:
    folder = tmp_path / "template"
    folder.mkdir()
    git("init", "-q", "-b", "main", cwd=folder)
    publish(folder, "v1.0.0", OLD, "extensions/answers.py:Answering")
    publish(folder, "v2.0.0", package("two"), "extensions/load.py:CopierFly")
    publish(folder, "v3.0.0", package("three"), "extensions/load.py:CopierFly")
    return folder


def test_from_the_layout_before_the_package_to_a_third_version(template: Path, tmp_path: Path) -> None:
    """The edits stay because the old version is rendered by its own Python, and nothing else is in the difference."""
    app = tmp_path / "app"
    before = _loaded()  # by tests of this process with versions of the template that left more
    run_copy(str(template), app, vcs_ref="v1.0.0", quiet=True, unsafe=True, defaults=True)
    git("init", "-q", "-b", "main", cwd=app)
    (app / "said").write_text((app / "said").read_text() + "edited by its owner\n")
    for tag, version in (("v2.0.0", "two"), ("v3.0.0", "three")):
        git("add", "--all", cwd=app)
        git("commit", "-qm", "Before the update", cwd=app)
        run_update(app, vcs_ref=tag, quiet=True, unsafe=True, defaults=True, overwrite=True)
        assert (app / "said").read_text() == f"top\n\n\n{version}\n\n\nbottom\nedited by its owner\n"
    kept = {"copier_fly_bytecode"}  # what texts compile to is the same in every version
    assert _loaded() - before <= kept


def _loaded() -> set[str]:
    """The modules of this process that are the template's, of any version."""
    return {name for name in sys.modules if name.startswith("copier_fly_")}
