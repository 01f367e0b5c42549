"""Keep DingTalk meetings and room bookings in Git."""

__version__ = "0.1.0"
