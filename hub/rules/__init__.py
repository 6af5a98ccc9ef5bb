"""What visits do to deals, decided purely. Knows no store, no network, no clock; speaks of deals, not of amoCRM's JSON."""
