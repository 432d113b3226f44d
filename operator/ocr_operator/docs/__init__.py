"""Reference pages generated from code: fields, reasons and chart values.

The running operator never imports it.
"""
