"""What the rules of every framework look at."""

from __future__ import annotations

from . import dockerfile, files
from .files import Target
from .project import Project


class Look:
    """A project whose app was found, and the files it is read from."""

    def __init__(self, target: Target, project: Project):
        self.target, self.project = target, project
        self.dir = project.app_dir or "."

    def path(self, *parts: str) -> str:
        """A path of the app, as seen from the target."""
        return files.join(self.dir, *parts)

    @property
    def own_dockerfile(self) -> tuple[str, str]:
        """The project's own Dockerfile and its text, both "" where there is none or it is the template's."""
        if self.project.existing_deployment.template_version:
            return "", ""
        file = dockerfile.own(self.target, self.dir)
        return file, (self.target.text(file) or "") if file else ""
