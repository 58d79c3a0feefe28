#!/bin/sh
# The image's command: brings the database on the volume up to date, then starts the app. It is done here and not by a
# release command, as Fly's release machine has no volume. A migration that fails ends the machine, and the deploy with it.
set -eu
# shellcheck source=/dev/null # fly/volume.sh, beside it in the image
. /migrate/volume.sh
restore_copy
node --disable-warning=ExperimentalWarning /migrate/migrate.mjs
exec node --require /health.cjs server.js
