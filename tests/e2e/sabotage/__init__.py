"""The product with one thing broken on purpose, started in place of the real one: the smoke run must notice."""
