"""`ocr-backend prelabel`: reads every task of a Label Studio project and stores the predictions there.

Needs the extra `prelabel`, which the server does not; knows nothing of `doctor`.
"""
