"""The control loop: watches, caches, a work queue, and the reconciler: observe, plan, apply, summarise.

The only room that knows kopf; leaves every decision to `planning` and `status`.
"""
