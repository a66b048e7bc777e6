"""Bring a catalogue and its interactions from files into the database."""
