"""The instrument as a page without cells, for a class: what `unet-explorer --app` serves, through Voilà."""
