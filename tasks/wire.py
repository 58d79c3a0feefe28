"""Adds to the app's own files the lines that point at the scaffold's: copier runs this after a copy.

    wire.py STACK APP_DIR [WEB_MODULE] [--endpoint FILE] [--print]

The working directory is the target. STACK is phoenix, umbrella or nextjs, APP_DIR the app's folder in the
target, WEB_MODULE the module that the health plug belongs to (ShopWeb; not for nextjs), FILE its endpoint,
relative to APP_DIR; without it, or where it is empty, the endpoint is searched for. `--print` writes nothing and
prints the lines and their places.

| file         | line                                                                   |
| ------------ | ---------------------------------------------------------------------- |
| mix.exs      | `releases: elem(Code.eval_file("rel/releases.exs"), 0)`                |
|              | or, in the options of a release of its own, `config_providers:`        |
| the endpoint | `plug ShopWeb.HealthPlug`                                              |
| package.json | `"deploy:fly": "ops/deploy production"` (from APP_DIR: `cd ../.. && …`) |

A file either gets its line, by a complete new file that takes the old one's place, or stays byte for byte as
it is, and then the line and its place are printed. The copy has succeeded by then, so the exit code is 0;
it is 2 for a wrong command line.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import stat
import sys
from collections.abc import Callable
from itertools import pairwise
from json.decoder import scanstring  # type: ignore[attr-defined]
from pathlib import Path
from typing import Any, NamedTuple

# copier runs this file by its path; the package is the one of the same version.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "extensions"))

from copier_fly import wiring
from copier_fly.detect.elixir import mixfile
from copier_fly.detect.limits import SOURCE_LIMIT
from copier_fly.stacks import STACKS
from copier_fly.wiring import RELEASES, SCRIPT

LINE_LENGTH = 98
"""Where `mix format` breaks a line, unless .formatter.exs says otherwise."""


class NotWiredError(Exception):
    """The file stays as it is; the message says why, in words that follow "because"."""


def _line_end(text: str, offset: int) -> int:
    """Where the line ends that an offset is in, before its line break."""
    end = text.find("\n", offset)
    end = len(text) if end < 0 else end
    return end - 1 if text[offset:end].endswith("\r") else end


def _newline(text: str, offset: int) -> str:
    """The line break that the line at an offset ends with; for a last line, that of the first one."""
    end = _line_end(text, offset)
    return "\r\n" if text[end : end + 2] == "\r\n" or (end == len(text) and "\r\n" in text) else "\n"


def _indent(text: str, offset: int) -> str | None:
    """The white space before an offset when there is nothing else on its line, else None."""
    before = text[text.rfind("\n", 0, offset) + 1 : offset].lstrip("\ufeff")
    return before if not before.strip() else None


def _rest_is_comment(text: str, offset: int) -> bool:
    rest = text[offset : _line_end(text, offset)].strip()
    return not rest or rest.startswith("#")


def _plain(nodes: list[Any]) -> list[tuple[str, Any]]:
    return [(token.kind, token.value) for token in mixfile.flat(nodes)]


def wire_mix(text: str) -> str:
    """The text of a mix.exs with `releases:` after `app:` or `apps_path:` of `project/0`.

    A release that is there keeps all that it has, and gets the config provider. The same text when the line is there
    already. Raises `NotWiredError`.
    """
    try:
        mix = mixfile.MixProject(text)
    except mixfile.UnparsableError as error:
        raise NotWiredError(f"it could not be understood ({error})") from None
    project = mix.project
    if project is None:
        raise NotWiredError("`def project` does not end in a list written out there")
    keys = mixfile.pairs(project.items)
    if "releases" in keys:
        if _plain(keys["releases"]) == _plain(mixfile.parse(RELEASES).items)[1:]:
            return text
        own = mix.own_release()
        if own and wiring.takes_provider(own.options):
            return _add_provider(text, own)
        line = text.count("\n", 0, keys["releases"][0].start) + 1
        raise NotWiredError(f"the `releases:` in line {line} is not one release with its options written out")
    found = [part for part in mixfile.elements(project.items) if part[0][:2] in (("key", "app"), ("key", "apps_path"))]
    if not found:
        raise NotWiredError("`def project` has neither `app:` nor `apps_path:`")
    wired = _add_element(text, project, found[0])
    if not _has_releases(wired):
        raise NotWiredError("the line does not fit where it belongs")
    return wired


def _reads_ours(options: mixfile.Group) -> bool:
    return ("string", "/fly.exs") in _plain(options.items)


def _add_provider(text: str, release: mixfile.Release) -> str:
    # The first of the options; the last of the providers, so that what it reads goes before the rest.
    if _reads_ours(release.options):
        return text
    providers = mixfile.pairs(release.options.items).get("config_providers")
    group = providers[0] if providers else release.options
    assert isinstance(group, mixfile.Group), "wiring.takes_provider looks at it"
    element = [wiring.PROVIDER] if providers else ["config_providers: [", f"  {wiring.PROVIDER}", "]"]
    new = _with_element(text, group, element, last=bool(providers))
    wired = text[: group.start] + new + text[group.end :]
    whole = release.all
    if "\n" not in text[whole.start : release.options.start]:
        # `releases: [shop: [` on one line: what is broken inside is broken outside too.
        indent, newline = _line_indent(text, whole.start), _newline(text, whole.start)
        inside = wired[whole.start + 1 : whole.end - 1 + len(wired) - len(text)].strip()
        inside = inside.replace(newline, f"{newline}  ")
        wired = f"{text[: whole.start]}[{newline}{indent}  {inside}{newline}{indent}]{text[whole.end :]}"
    again = mixfile.MixProject(wired).own_release()
    if again is None or not _reads_ours(again.options):
        raise NotWiredError("the config provider does not fit where it belongs")
    return wired


def _line_indent(text: str, offset: int) -> str:
    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    return line[: len(line) - len(line.lstrip())]


def _with_element(text: str, group: mixfile.Group, element: list[str], last: bool) -> str:
    """A list with one more element, given as lines; a list on one line gets a line for each of them."""
    newline, items = _newline(text, group.start), mixfile.elements(group.items)
    if items and "\n" in text[group.start : items[0][0].start]:
        indent = _line_indent(text, items[0][0].start)
        added = f"{newline}{indent}".join(element)
        if not last:
            at = items[0][0].start
            return f"{text[group.start : at]}{added},{newline}{indent}{text[at : group.end]}"
        end = items[-1][-1].end
        comma = next((node for node in group.items if node.start >= end and mixfile.is_word(node, ",")), None)
        at = comma.end if comma else end
        return f"{text[group.start : at]}{'' if comma else ','}{newline}{indent}{added}{text[at : group.end]}"
    indent = _line_indent(text, group.start)
    parts = [text[item[0].start : item[-1].end] for item in items]
    added = f"{newline}{indent}  ".join(element)
    inner = f",{newline}{indent}  ".join([*parts, added] if last else [added, *parts])
    return f"[{newline}{indent}  {inner}{newline}{indent}]"


def _has_releases(text: str) -> bool:
    try:
        project = mixfile.MixProject(text).project
    except mixfile.UnparsableError:
        return False
    return project is not None and "releases" in mixfile.pairs(project.items)


def _add_element(text: str, project: Any, anchor: list[Any]) -> str:
    end = anchor[-1].end
    comma = next((node for node in project.items if node.start >= end and mixfile.is_word(node, ",")), None)
    after = comma.end if comma else end
    indent = _indent(text, anchor[0].start)
    if indent is not None and _rest_is_comment(text, after):
        at, newline = _line_end(text, after), _newline(text, after)
        line = f"{newline}{indent}{RELEASES}{',' if comma else ''}"
        return text[:end] + text[end:after] + ("" if comma else ",") + text[after:at] + line + text[at:]
    wired = f"{text[:after]} {RELEASES},{text[after:]}" if comma else f"{text[:end]}, {RELEASES}{text[end:]}"
    start = text.rfind("\n", 0, project.start) + 1
    one_line = "\n" not in text[project.start : project.end]
    if one_line and _line_end(wired, start) - start > LINE_LENGTH:
        return _one_per_line(text, project, anchor, start)
    return wired


def _one_per_line(text: str, project: Any, anchor: list[Any], start: int) -> str:
    """The list of a one-line `project/0` as `mix format` lays it out once it is too long for a line."""
    before, newline = text[start : project.start], _newline(text, project.start)
    indent = before[: len(before) - len(before.lstrip())]
    short = re.fullmatch(r"(\s*def project(?:\(\))?,) do: ", before)
    if short:
        before, indent = f"{short[1]}{newline}{indent}  do: ", f"{indent}  "
    parts: list[str] = []
    for part in mixfile.elements(project.items):
        parts.append(text[part[0].start : part[-1].end])
        if part is anchor or part[0].start == anchor[0].start:
            parts.append(RELEASES)
    inner = f",{newline}{indent}  ".join(parts)
    return f"{text[:start]}{before}[{newline}{indent}  {inner}{newline}{indent}]{text[project.end :]}"


def wire_endpoint(text: str, web_module: str) -> str:
    """The text of an endpoint with `plug WEB_MODULE.HealthPlug` behind `use Phoenix.Endpoint`.

    There every request passes first, before static files, logging and redirects to https. The same text
    when the plug is there already. Raises `NotWiredError`.
    """
    try:
        found = [pair for pair in mixfile.modules(mixfile.parse(text)) if mixfile.uses(pair[1], "Phoenix.Endpoint")]
    except mixfile.UnparsableError as error:
        raise NotWiredError(f"it could not be understood ({error})") from None
    if len(found) > 1:
        found = [pair for pair in found if pair[0] == f"{web_module}.Endpoint"]
    if len(found) != 1:
        raise NotWiredError("it does not have the one `use Phoenix.Endpoint` that the line belongs to")
    block = found[0][1]
    names = {f"{web_module}.HealthPlug", "HealthPlug"}
    for word, name in pairwise(_plain(block.items)):
        if word == ("ident", "plug") and name[0] == "alias" and name[1] in names:
            return text
    use = mixfile.uses(block, "Phoenix.Endpoint")[0]
    indent = _indent(text, use[0].start)
    if indent is None or not _rest_is_comment(text, use[-1].end):
        raise NotWiredError("`use Phoenix.Endpoint` shares its line with other code")
    at, newline = _line_end(text, use[-1].end), _newline(text, use[-1].end)
    following = text[at + len(newline) : _line_end(text, at + len(newline))].strip()
    space = newline if following and following != "end" else ""
    # Without `import_deps: [:phoenix]` in .formatter.exs, `mix format` writes every plug with parentheses.
    plugs = [line[1:2] for line in mixfile.statements(block.items) if mixfile.is_word(line[0], "plug")]
    parenthesised = plugs and all(isinstance(rest[0], mixfile.Group) for rest in plugs if rest)
    plug = f"plug({web_module}.HealthPlug)" if parenthesised else f"plug {web_module}.HealthPlug"
    return f"{text[:at]}{newline}{newline}{indent}{plug}{space}{text[at:]}"


class Member(NamedTuple):
    """A member of a JSON object: its key, where it begins, where its value begins and ends."""

    key: str
    start: int
    value: int
    end: int


def _members(text: str, brace: int) -> tuple[list[Member], int]:
    """The members of the object that opens at `brace` in a JSON text, and where its closing brace is."""
    skip = re.compile(r"[ \t\r\n,:]*")
    decoder = json.JSONDecoder()
    found: list[Member] = []
    position = skip.match(text, brace + 1).end()  # type: ignore[union-attr]
    while text[position] != "}":
        key, end = scanstring(text, position + 1)
        value = skip.match(text, end).end()  # type: ignore[union-attr]
        _, value_end = decoder.raw_decode(text, value)
        found.append(Member(key, position, value, value_end))
        position = skip.match(text, value_end).end()  # type: ignore[union-attr]
    return found, position


def wire_package(text: str, command: str) -> str:
    """The text of a package.json with the script `deploy:fly`, everything else as it was.

    The same text when the script is there already. Raises `NotWiredError`.
    """
    bom = "\ufeff" if text.startswith("\ufeff") else ""
    text = text.removeprefix(bom)
    try:
        before = json.loads(text)
    except (ValueError, RecursionError):
        raise NotWiredError("it is not valid JSON") from None
    scripts = before.get("scripts", {}) if isinstance(before, dict) else None
    if not isinstance(scripts, dict):
        raise NotWiredError("its scripts are not an object")
    if SCRIPT in scripts:
        if scripts[SCRIPT] == command:
            return bom + text
        raise NotWiredError(f"it has a script {SCRIPT} of its own")
    root = text.index("{")
    members, _ = _members(text, root)
    own = [member for member in members if member.key == "scripts"]
    if len(own) > 1:
        raise NotWiredError('it has "scripts" more than once')
    if own:
        wired = _add_member(text, own[0].value, json.dumps(SCRIPT), json.dumps(command), _unit(text, members))
    else:
        newline, unit = _newline(text, root), _unit(text, members)
        line = f"{json.dumps(SCRIPT)}: {json.dumps(command)}"
        value = f"{{{newline}{unit * 2}{line}{newline}{unit}}}" if unit else f"{{{line}}}"
        wired = _add_member(text, root, '"scripts"', value, unit)
    if json.loads(wired) != {**before, "scripts": {**scripts, SCRIPT: command}}:
        raise NotWiredError("the line does not fit where it belongs")
    return bom + wired


def _unit(text: str, members: list[Member]) -> str:
    """One step of indentation, "" in a file that has all on one line."""
    if not members:
        return ""
    indent = _indent(text, members[0].start)
    return indent if indent and "\n" in text[: members[0].start] else ""


def _add_member(text: str, brace: int, key: str, value: str, unit: str) -> str:
    members, close = _members(text, brace)
    if members:
        last = members[-1]
        head = text[: last.start]
        space = head[len(head.rstrip()) :]
        between = text[scanstring(text, last.start + 1)[1] : last.value]
        if len(members) == 1 and not space and between.endswith(" "):
            space = " "
        return f"{text[: last.end]},{space}{key}{between}{value}{text[last.end :]}"
    newline = _newline(text, brace)
    line = text[text.rfind("\n", 0, brace) + 1 : brace]
    indent = line[: len(line) - len(line.lstrip())]
    inner = f"{newline}{indent}{unit}{key}: {value}{newline}{indent}" if unit else f"{key}: {value}"
    return f"{text[: brace + 1]}{inner}{text[close:]}"


def change(app: wiring.App, line: wiring.Line) -> Callable[[str], str]:
    """What makes the new text of a file of the old one."""
    if line.file == "mix.exs":
        return wire_mix
    if line.file == "package.json":
        return lambda text: wire_package(text, wiring.deploy_command(app.folder))
    return lambda text: wire_endpoint(text, app.web_module)


def _real_file(root: str, path: str) -> tuple[str, os.stat_result]:
    real = os.path.realpath(path)
    try:
        status = os.stat(real)  # noqa: PTH116
    except FileNotFoundError:
        raise NotWiredError("it is not there") from None
    except OSError as error:
        raise NotWiredError(f"it cannot be read ({error.strerror})") from None
    if not stat.S_ISREG(status.st_mode):
        raise NotWiredError("it is not a file")
    if os.path.commonpath([real, root]) != root:
        raise NotWiredError("it is a link to a file outside the project")
    return real, status


def _replace(path: str, status: os.stat_result, data: bytes) -> None:
    """Put a new file in the place of the old one in one step, with its permissions and owner."""
    folder, name = os.path.split(path)
    # A fixed name: what a killed run left behind is overwritten by the next one.
    temporary = os.path.join(folder, f".{name}.copier-fly")  # noqa: PTH118
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            with contextlib.suppress(OSError):
                os.fchown(descriptor, status.st_uid, status.st_gid)
            os.fchmod(descriptor, stat.S_IMODE(status.st_mode))
            os.fsync(descriptor)
        os.replace(temporary, path)  # noqa: PTH105
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
        raise NotWiredError(f"it cannot be written ({error.strerror})") from None


def apply(root: str, app: wiring.App, line: wiring.Line) -> bool:
    """Add one line. True when the file was changed, False when the line was there. Raises `NotWiredError`."""
    path, status = _real_file(root, os.path.join(app.path, line.file))  # noqa: PTH118
    if not status.st_mode & 0o222:
        raise NotWiredError("it is read-only")
    if status.st_size > SOURCE_LIMIT:
        raise NotWiredError("it is too large")
    try:
        old = Path(path).read_bytes()
        text = old.decode()
    except OSError as error:
        raise NotWiredError(f"it cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise NotWiredError("it is not UTF-8 text") from None
    new = change(app, line)(text).encode()
    if new == old:
        return False
    _replace(path, status, new)
    return True


def _report(root: str, app: wiring.App, line: wiring.Line) -> str:
    name = app.in_target(line.file)
    try:
        changed = apply(root, app, line)
    except NotWiredError as reason:
        return f"{name} was left as it is, because {reason}. To do by hand, {line.place}:\n\n    {line.line}\n"
    return f"{name}: added `{line.line.rstrip(',')}`" if changed else f"{name}: wired already"


def main(arguments: list[str] | None = None) -> int:
    """Wire the app in the working directory; see the module's own text."""
    parser = argparse.ArgumentParser(prog="wire.py", description="Add the scaffold's lines to the app's own files.")
    parser.add_argument("stack", choices=list(STACKS))
    parser.add_argument("app_dir")
    parser.add_argument("web_module", nargs="?", default="")
    parser.add_argument(
        "--endpoint", metavar="FILE", default="", help="the endpoint, relative to APP_DIR; searched for by default"
    )
    parser.add_argument("--print", action="store_true", dest="only_print", help="write nothing")
    options = parser.parse_args(arguments)
    framework = STACKS[options.stack].framework
    if framework == "elixir" and not options.web_module:
        parser.error("an Elixir stack needs WEB_MODULE")
    root = os.path.realpath(os.getcwd())  # noqa: PTH109
    path = os.path.realpath(os.path.join(root, options.app_dir))  # noqa: PTH118
    if os.path.commonpath([root, path]) != root:
        parser.error("APP_DIR is outside the project")
    folder = os.path.relpath(path, root).replace(os.sep, "/")
    endpoint = options.endpoint
    if framework == "elixir" and not endpoint:
        # A copy says where it is: what finds it takes as long as all the rest.
        from copier_fly.detect.elixir.app import endpoint_file  # noqa: PLC0415

        endpoint = endpoint_file(path, options.web_module)
    app = wiring.App(path, folder, options.stack, options.web_module, endpoint)
    for line in wiring.LINES[framework](app):
        print(line.told(app) if options.only_print else _report(root, app, line))
    return 0


if __name__ == "__main__":
    sys.exit(main())
