"""The checks of check.py: one module for each thing that is looked at."""
