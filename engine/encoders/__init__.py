"""Encoders: what turns nouns, class names and images into one embedding space."""
