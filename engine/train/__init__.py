"""Training: one loop for every network; what differs between them is a Task."""
