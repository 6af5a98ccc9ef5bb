"""amoCRM: the only package that knows its JSON, its tokens and its limits, and that says "lead"."""
