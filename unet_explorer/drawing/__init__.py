"""The plan on paper: pure geometry first, then one file for each kind of paper."""
