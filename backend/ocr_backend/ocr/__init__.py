"""Images become text lines: detection, orientation, recognition, and the engines that run the networks.

Knows neither Label Studio nor HTTP.
"""
