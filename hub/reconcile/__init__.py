"""Brings amoCRM in step with what the rules want: gathers what is known of changed patients, asks `hub.rules`, delivers the least.

`loop` finds who is to be looked at; `settle` takes some patients through until nothing is left to do; `create` makes deals and
contacts, `write` changes them; `intents` keeps what must not happen twice, `resolve` finds out what became of it."""

from hub.reconcile.loop import Reconcile

__all__ = ["Reconcile"]
