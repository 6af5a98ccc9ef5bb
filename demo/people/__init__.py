"""Operators, forms and a robot who work in the amoCRM stand-in like people. They never touch what the clinic owns."""
