"""What is taken away: files that other programs open."""
