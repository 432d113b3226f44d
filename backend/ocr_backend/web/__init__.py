"""HTTP: the routes, the trial page, authentication, and the gunicorn processes that serve them.

The only room that knows Flask and gunicorn; knows nothing of images.
"""
