"""The amoCRM stand-in: answers only what amoCRM documents, and keeps a list of everything else that it was asked."""
