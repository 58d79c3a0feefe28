[
  line_length: 110,
  inputs: ["mix.exs", "lib/**/*.ex"],
  export: [locals_without_parens: [add: 2, add: 3, create: 1, create: 2, drop: 1, execute: 1, execute: 2]]
]
