"""What the widget asks for and gets: the card of a deal or contact, the choice of a person, search, live updates."""
