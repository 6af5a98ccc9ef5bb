"""The slim bar above the stand-in's pages: a map of the product, the pace, the switch of the line."""
