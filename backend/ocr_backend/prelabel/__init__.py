"""Whole projects: reads every task of a Label Studio project and stores the predictions there."""
