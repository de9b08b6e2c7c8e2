"""Training in a process of its own: what is asked of it, what it answers, and the process itself."""
