"""Label Studio's formats: request bodies, label configs, task data, predictions and regions.

Pure; knows neither HTTP nor where an image is fetched from.
"""
