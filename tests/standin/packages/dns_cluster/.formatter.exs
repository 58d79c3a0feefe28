[line_length: 110, inputs: ["mix.exs", "lib/**/*.ex"]]
