"""The panel: one instrument that draws the knobs and the U, and what a notebook shows around it."""
