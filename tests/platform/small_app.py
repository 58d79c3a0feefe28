"""An app that is small and real: it serves, migrates a database and reverts migrations, with perl and psql alone."""

from __future__ import annotations

from pathlib import Path

IMAGE = "postgres:17"
"""What it is built on, for perl and psql."""
FILES = {
    "Dockerfile": f"""\
FROM {IMAGE}
ARG REVISION=unknown
LABEL org.opencontainers.image.revision=$REVISION
ENV REVISION=$REVISION
COPY --chmod=755 app /app
COPY priv /app/priv
ENTRYPOINT []
STOPSIGNAL SIGTERM
CMD ["/app/bin/server"]
""",
    "app/bin/server": r"""#!/usr/bin/perl
use strict;
use IO::Socket::INET;
$| = 1;
$SIG{TERM} = $SIG{INT} = sub { print "bye\n"; exit 0 };
$SIG{PIPE} = 'IGNORE'; # a check that gave up waiting does not end the app
my $server = IO::Socket::INET->new(LocalPort => $ENV{PORT} || 8080, Listen => 20, ReuseAddr => 1) or die $!;
print "listening\n";
while (my $client = $server->accept) {
  my $request = <$client>;
  while (<$client>) { last if /^\r?$/ }
  my ($path) = $request =~ m{^\S+ (\S+)};
  my ($status, $body) = ("200 OK", "");
  if ($path eq "/livez" && -e "/app/priv/broken") { $status = "500 Broken" }
  elsif ($path eq "/livez") {
    $body = sprintf '{"status":"ok","version":"1","revision":"%s","image":"%s","machine":"%s"}',
      $ENV{REVISION}, $ENV{FLY_IMAGE_REF}, $ENV{FLY_MACHINE_ID};
  }
  elsif ($path eq "/users") { $body = `psql -qXAt "\$DATABASE_URL" -c 'select count(*) from users' 2>&1` }
  elsif ($path eq "/greeting") { $body = $ENV{GREETING} }
  else { $status = "404 Not Found" }
  print $client "HTTP/1.1 $status\r\nContent-Type: application/json\r\nContent-Length: ", length $body,
    "\r\nConnection: close\r\n\r\n$body";
  close $client;
}
""",
    "app/bin/common": r"""# shellcheck shell=sh
sql() { psql -qXAt -v ON_ERROR_STOP=1 "$DATABASE_URL" "$@"; }
sql -c 'set client_min_messages = warning; create table if not exists schema_migrations (version bigint primary key)'
applied() { [ -n "$(sql -c "select 1 from schema_migrations where version = $1")" ]; }
part() { sed -n "s/^# $1: //p" "$2"; }
""",
    "app/bin/migrate": r"""#!/bin/sh
set -eu
. /app/bin/common
for file in /app/priv/repo/migrations/*.exs; do
  version=$(basename "$file" | cut -d _ -f 1)
  applied "$version" && continue
  echo "migrating $file"
  { part up "$file"; echo "insert into schema_migrations values ($version);"; } | sql -1 -f -
done
""",
    "app/bin/rollback": r"""#!/bin/sh
set -eu
. /app/bin/common
for version in $(sql -c "select version from schema_migrations where version >= $1 order by 1 desc"); do
  for file in /app/priv/repo/migrations/"$version"_*.exs; do
    { part down "$file"; echo "delete from schema_migrations where version = $version;"; } | sql -1 -f -
    echo "reverted $file"
  done
done
""",
    "app/bin/status": r"""#!/bin/sh
set -eu
. /app/bin/common
for file in /app/priv/repo/migrations/*.exs; do
  name=$(basename "$file" .exs)
  if applied "${name%%_*}"; then state=up; else state=down; fi
  echo "Shop.Repo $state ${name%%_*} ${name#*_}"
done
""",
}


def write(folder: Path) -> None:
    """Put the app into a rendered project."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    write_migration(folder, "20260101000000_create_users", "create table users (email text);", "drop table users;")


def write_migration(folder: Path, name: str, up: str, down: str) -> Path:
    """Add a migration; its path in the project."""
    path = folder / "priv/repo/migrations" / f"{name}.exs"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"# up: {up}\n# down: {down}\n")
    return path.relative_to(folder)
