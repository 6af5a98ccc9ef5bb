"""A made-up clinic: a database in IDENT's shape, a day that plays on in it, and an oracle of what amoCRM must then hold.

Knows nothing of agent, hub and wire: it stands where the real clinic stands."""
