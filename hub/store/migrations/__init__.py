"""How the tables came to be, step by step. `hub.store.migrate` runs the steps; this package knows nothing else of the hub.

A new step is drafted from the difference between the tables and what the steps so far make:

    python -m hub.store.migrations "what changes"
"""
