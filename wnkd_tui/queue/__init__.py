"""Work that waits, and who sees to it that it is done."""
