"""The clinic's service: reads IDENT's database with a read-only login and streams its changes to the hub."""
