"""Subcommands of `unet-explorer`, a module each, with a ``main`` that takes the words behind its name."""
