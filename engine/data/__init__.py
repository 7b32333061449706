"""Datasets: one file each; `registry` lists them. NumPy only, so that checks need no torch."""
