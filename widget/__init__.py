"""The amoCRM widget, and the program that packs it."""
