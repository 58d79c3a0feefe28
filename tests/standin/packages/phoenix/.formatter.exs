[
  line_length: 110,
  inputs: ["mix.exs", "lib/**/*.ex"],
  export: [locals_without_parens: [plug: 1, plug: 2, socket: 2, socket: 3, pipe_through: 1, get: 3, post: 3]]
]
