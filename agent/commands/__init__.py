"""What people type: one module a command, each with its arguments and what it does. Texts are Russian: they are for the clinic."""
