"""The documentation as a site of plain files: ``python -m unet_explorer.docs OUT``, in a checkout of the source.

Almost nothing is written here a second time: pages are the README and its neighbours, docstrings, lessons, the
glossary, and figures that are drawn while the site is built. What is built fetches nothing from elsewhere.
"""
