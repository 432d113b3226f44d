"""Tasks become predictions: order, deadlines, fairness between requests, inference slots and caches.

Knows neither Flask nor any particular engine.
"""
