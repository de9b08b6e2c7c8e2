"""The tabs beside the instrument, one module each, and what they share."""
