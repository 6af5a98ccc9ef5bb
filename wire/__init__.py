"""The language that agent and hub share: values, frames, rules of the link. Knows no I/O, no clock, no randomness."""
