"""The verbs of `ident-hub`, one module each: it adds its parser, and acts. What acts on a clinic asks the serving process (`hub.jobs`)."""
