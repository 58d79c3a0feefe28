"""What the messages list: files that are new and files that are there already, before anything is answered."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import pass_context
from jinja2.runtime import Context

from .detect import files
from .detect.examine import detect
from .stacks import foreign_layers
from .template_files import possible


@cache
def _possible_in(target: str) -> dict[str, list[set[str]]]:
    """The same for a project before anything is answered, so far as it says what the answers will be."""
    project = detect(target)
    root, elixir = project.app_dir or ".", project.elixir
    web_lib = next((files.folder_of(one.file) for one in elixir.endpoints if one.web_module == elixir.web_module), None)
    has_own = elixir.has_release(elixir.app_module, elixir.web_module, elixir.app_lib)
    known = {
        "app_dir": root,
        "web_lib": web_lib,
        # The same for a module whose folder is named after it.
        "web_test": "/test/".join(f"/{web_lib}".rsplit("/lib/", 1))[1:] if web_lib and elixir.has_tests else None,
        "app_lib": elixir.app_lib,
        "release_file": "fly_release" if has_own else "release",
    }
    return possible({name: value for name, value in known.items() if value})


@pass_context
def existing_files(context: Context) -> list[str]:
    """List the files of the template that the target has already, as far as they are known before the answers."""
    target = str(context["_copier_conf"]["dst_path"])
    return sorted(path for path in _possible_in(target) if Path(target, path).is_file())


@pass_context
def new_files(context: Context) -> list[str]:
    """Sum up what the target does not have yet: a file by its path, several in one folder by their number."""
    target = str(context["_copier_conf"]["dst_path"])
    project = detect(target)
    others = foreign_layers(project.stack)
    by_folder: dict[str, list[str]] = {}
    for path, layers in _possible_in(target).items():
        at_github = path.startswith(".github/") and not project.github
        if not (at_github or all(of_one & others for of_one in layers) or Path(target, path).exists()):
            folder = "/".join(path.split("/")[:-1][:2])
            by_folder.setdefault(f"{folder}/" if folder else path, []).append(path)
    return [f"{name} ({len(paths)} files)" if len(paths) > 1 else paths[0] for name, paths in sorted(by_folder.items())]
