"""Recurrence: from a schedule to its occurrences, and from old occurrences to new ones. Pure; no clock."""
