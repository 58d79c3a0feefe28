# What `releases:` in mix.exs evaluates to; not in use where mix.exs has a release of its own, with our config provider in it.
# The line there never changes; this file may.
[
  shop: [
    include_executables_for: [:unix],
    # rel/overlays/fly.exs ends up in the root of the release and is read after config/runtime.exs.
    config_providers: [
      {Config.Reader, path: {:system, "RELEASE_ROOT", "/fly.exs"}, env: Mix.env()}
    ]
  ]
]
