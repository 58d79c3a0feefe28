# shellcheck shell=sh
# Where the machine's preparation keeps what it made. Sourced by the scripts beside it and by .ci/run;
# everything lies outside the checkout, so that a fresh clone finds it again.

COPIER_FLY_CACHE=${COPIER_FLY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/copier-fly}
# Images and build cache: large, and only worth something when they outlive the run.
COPIER_FLY_DOCKER=${COPIER_FLY_DOCKER:-/var/lib/copier-fly-docker}
COPIER_FLY_RUN=${COPIER_FLY_RUN:-/run/copier-fly-docker}
PATH=$COPIER_FLY_CACHE/bin:$PATH
export COPIER_FLY_CACHE COPIER_FLY_DOCKER COPIER_FLY_RUN PATH
