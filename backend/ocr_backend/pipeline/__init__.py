"""Turns tasks into predictions: order, deadlines, fairness between requests, inference slots and caches.

Knows neither HTTP nor any engine.
"""
