"""The floors: what the bare libraries do, each a process of its own that prints one line of JSON when it is ready."""
