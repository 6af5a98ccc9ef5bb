"""The hub's own truth about who stands where. SQL through a `Unit`; decides nothing."""
