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
def _possible_in(target: str) -> list[str]:
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
    left_out = foreign_layers(project.stack) | {"env_sh" if elixir.own_env_sh else "fly_sh"}
    found = possible({name: value for name, value in known.items() if value})
    return [path for path, layers in found.items() if not all(of_one & left_out for of_one in layers)]


@pass_context
def existing_files(context: Context) -> list[str]:
    """List the files of the template that the target has already, as far as they are known before the answers."""
    target = str(context["_copier_conf"]["dst_path"])
    return sorted(path for path in _possible_in(target) if Path(target, path).is_file())


@pass_context
def new_files(context: Context) -> list[str]:
    """Sum up what the target does not have yet: a file by its path, several in one folder by their number."""
    target = str(context["_copier_conf"]["dst_path"])
    github = detect(target).github
    by_folder: dict[str, list[str]] = {}
    for path in _possible_in(target):
        at_github = path.startswith(".github/") and not github
        if not (at_github or Path(target, path).exists()):
            folder = "/".join(path.split("/")[:-1][:2])
            by_folder.setdefault(f"{folder}/" if folder else path, []).append(path)
    return [f"{name} ({len(paths)} files)" if len(paths) > 1 else paths[0] for name, paths in sorted(by_folder.items())]
