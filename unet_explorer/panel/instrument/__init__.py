"""The knobs, the drawing of the U, and the facts that the browser is given about a network."""
