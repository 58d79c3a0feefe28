[
  inputs: ["*.{ex,exs}", "{lib,test}/**/*.{ex,exs}"]
]
