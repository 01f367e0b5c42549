"""Rooms for those who would take any of several: wishes, and assignments of rooms to them. Pure."""
