"""Rooms: who gets which, what will come of a booking, and what is free instead."""
