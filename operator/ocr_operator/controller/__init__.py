"""The control loop: watches, informer cache, work queue, and the reconciler: observe, plan, apply, summarise.

The only room that knows kopf. It leaves every decision to `planning` and `status`.
"""
