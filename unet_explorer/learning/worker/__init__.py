"""What lives in the worker process, the only part of learning that knows Keras."""
