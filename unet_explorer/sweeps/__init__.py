"""Many designs at once: each is taught with several seeds, on Dask, and becomes rows of one table."""
