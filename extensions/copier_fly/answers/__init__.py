"""Where answers come from, whether they are possible, and what follows from them."""
