# What `releases:` in mix.exs evaluates to; not in use where mix.exs has a release of its own, with our config provider in it.
# The line there never changes; this file may.
[
  bezgelor: [
    version: {:from_app, :bezgelor_portal},
    # What these need is started as well; when one of them ends for good, so does the machine.
    applications: [
      bezgelor_api: :permanent,
      bezgelor_auth: :permanent,
      bezgelor_core: :permanent,
      bezgelor_crypto: :permanent,
      bezgelor_data: :permanent,
      bezgelor_db: :permanent,
      bezgelor_portal: :permanent,
      bezgelor_protocol: :permanent,
      bezgelor_realm: :permanent,
      bezgelor_world: :permanent
    ],
    include_executables_for: [:unix],
    # rel/overlays/fly.exs ends up in the root of the release and is read after config/runtime.exs.
    config_providers: [
      {Config.Reader, path: {:system, "RELEASE_ROOT", "/fly.exs"}, env: Mix.env()}
    ]
  ]
]
