"""Predicting images of any size with tiles, and measuring the seams that careless tiles leave."""
