"""What `unet-explorer` does without a browser: a module a word of the command line."""
