"""Lessons, exercises and questions, of which every number is made by the engine."""
