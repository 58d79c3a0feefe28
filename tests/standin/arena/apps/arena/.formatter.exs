[
  import_deps: [:ecto_sql],
  subdirectories: ["priv/*/migrations"],
  inputs: ["*.{ex,exs}", "{lib,test}/**/*.{ex,exs}"]
]
